import { ParserError } from '../errors.js';
import { checks } from '../option-checks.js';
import type { XmlObject } from '../record/types.js';
import type { ShapeOptions } from './left-out.js';
import { type Fields, object } from './read-values.js';

/** What a message's body has besides the record. */
const OF_THE_MESSAGE = ['type', 'sha256'] as const;

const NAMES: Readonly<Record<keyof ShapeOptions, true>> = { onLeftOut: true };

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
    throw new ParserError('INVALID_RECORD', `${caller} takes a record as parseRecords gives it, and got ${given}`);
  }
  // No record holds a number; what `parseRecords` gives does.
  if (typeof record.number === 'number') {
    throw new ParserError(
      'INVALID_RECORD',
      `${caller} takes the member \`record\` of what parseRecords gives, and not the whole`,
    );
  }
  // `records.map(toArtist)` gives a number.
  if (typeof options === 'object') checks.object('', options, NAMES);
  const onLeftOut = checks.optionalFunction('onLeftOut', options.onLeftOut);
  const message = record['type'] === 'data' && typeof record['sha256'] === 'string';
  return object(record, { path: [name], onLeftOut }, fields, message ? OF_THE_MESSAGE : []);
};
