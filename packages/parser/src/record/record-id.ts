import type { XmlObject } from './types.js';

/** The id of a record that has none. */
export const UNKNOWN = 'unknown';

/** The id of a raw record (CONVERSION.md, section 5). */
export const recordIdOf = (record: XmlObject): string => {
  const own = record['@id'] ?? record['id'];
  return typeof own === 'string' ? own : UNKNOWN;
};
