import type { XmlObject } from './types.js';

const UNKNOWN = 'unknown';

/** The id of a raw record (CONVERSION.md, section 5). */
export const recordIdOf = (record: XmlObject): string => {
  const own = record['@id'] ?? record['id'];
  return typeof own === 'string' ? own : UNKNOWN;
};
