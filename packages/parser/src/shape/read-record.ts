import { ParserError } from '../errors.js';
import { checks } from '../option-checks.js';
import type { XmlObject } from '../record/types.js';
import type { ShapeOptions } from './dropped-value.js';
import { type Fields, object } from './read-values.js';

/** Members that a message body has in addition to the record's. */
const MESSAGE_MEMBERS = ['type', 'sha256'] as const;

const NAMES: Readonly<Record<keyof ShapeOptions, true>> = { onDropped: true };

/** Reads a whole record. @throws ParserError `INVALID_RECORD`, `INVALID_OPTIONS` */
export const readRecord = <T>(
  caller: string,
  name: string,
  record: XmlObject & { number?: unknown },
  options: ShapeOptions,
  fields: Fields<T>,
): T => {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    const given = Array.isArray(record) ? 'an array' : record === null ? 'null' : `a ${typeof record}`;
    throw new ParserError(
      'INVALID_RECORD',
      `${caller} takes a record from parseRecords or a parsed message body, but got ${given}`,
    );
  }
  // A record contains no numbers, but the object that parseRecords yields around it has the member `number`.
  if (typeof record.number === 'number') {
    throw new ParserError(
      'INVALID_RECORD',
      `${caller} takes the member \`record\` of the object that parseRecords yields, not the object itself`,
    );
  }
  // `records.map(toArtist)` passes the index as the second argument.
  if (typeof options === 'object') checks.object('', options, NAMES);
  const onDropped = checks.optionalFunction('onDropped', options.onDropped);
  const isMessage = record['type'] === 'data' && typeof record['sha256'] === 'string';
  return object(record, { path: [name], onDropped }, fields, isMessage ? MESSAGE_MEMBERS : []);
};
