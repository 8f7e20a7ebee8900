import { ParserError } from '../errors.js';
import type { XmlObject } from '../record/types.js';
import type { ShapeOptions } from './left-out.js';
import { type Fields, object } from './read-values.js';

/** What a message's body has besides the record. */
const OF_THE_MESSAGE = ['type', 'sha256'] as const;

/** Reads a whole record. @throws ParserError `INVALID_RECORD`, `INVALID_OPTIONS` */
export const readRecord = <T>(
  caller: string,
  name: string,
  record: XmlObject,
  { onLeftOut }: ShapeOptions,
  fields: Fields<T>,
): T => {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    const given = Array.isArray(record) ? 'an array' : record === null ? 'null' : `a ${typeof record}`;
    throw new ParserError('INVALID_RECORD', `${caller} takes a record as parseRecords gives it, and got ${given}`);
  }
  if (onLeftOut !== undefined && typeof onLeftOut !== 'function') {
    throw new ParserError('INVALID_OPTIONS', `onLeftOut: a ${typeof onLeftOut} is no function`);
  }
  const message = record['type'] === 'data' && typeof record['sha256'] === 'string';
  return object(record, { path: [name], onLeftOut }, fields, message ? OF_THE_MESSAGE : []);
};
