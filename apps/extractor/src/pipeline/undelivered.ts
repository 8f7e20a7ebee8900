import { LEFT_OUT_KINDS } from '@discogs-extractor/parser';

/** The number of places in a dump whose content is not part of a record, and so is not delivered. */
export const countUndelivered = (irregularities: Readonly<Record<string, number>>): number =>
  LEFT_OUT_KINDS.reduce((sum, kind) => sum + (irregularities[kind] ?? 0), 0);
