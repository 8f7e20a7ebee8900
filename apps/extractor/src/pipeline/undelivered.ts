import type { IrregularityKind } from '@discogs-extractor/parser';

/** Things between the records that may hold data: a misspelt record, a second root. */
const LOST: readonly IrregularityKind[] = ['foreign-element', 'stray-text', 'stray-markup', 'after-root'];

/** In how many places a dump has content that belongs to no record, and so is not delivered. */
export const countLost = (irregularities: Readonly<Record<string, number>>): number =>
  LOST.reduce((sum, kind) => sum + (irregularities[kind] ?? 0), 0);
