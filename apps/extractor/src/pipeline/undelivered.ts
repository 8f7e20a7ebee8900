import type { IrregularityKind } from '@discogs-extractor/parser';

/** Content between the records that may be data, such as a record with a misspelled tag or a second root element. */
const UNDELIVERED_KINDS: readonly IrregularityKind[] = ['foreign-element', 'stray-text', 'stray-markup', 'after-root'];

/** The number of places in a dump whose content is not part of a record, and so is not delivered. */
export const countUndelivered = (irregularities: Readonly<Record<string, number>>): number =>
  UNDELIVERED_KINDS.reduce((sum, kind) => sum + (irregularities[kind] ?? 0), 0);
