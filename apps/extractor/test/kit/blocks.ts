import type { EncodedRecord } from '@discogs-extractor/parser';
import type { SinkBlock } from '../../src/changes/select-records.js';

/**
 * A block of `count` records, numbered from `firstRecord` on, with small messages, as the parser yields them.
 *
 * @param isOmitted - whether a transform has omitted the record of a number
 */
export const blockOf = (
  firstRecord: number,
  count: number,
  isOmitted: (number: number) => boolean = () => false,
): SinkBlock => {
  const all = Array.from({ length: count }, (_, index): EncodedRecord => {
    const number = firstRecord + index;
    return {
      number,
      id: String(number),
      sha256: number.toString(16).padStart(64, '0'),
      message: Buffer.from(`{"type":"data","id":"${number}"}`),
    };
  });
  const records = all.filter(({ number }) => !isOmitted(number));
  return {
    dataType: 'artists',
    firstRecord,
    lastRecord: firstRecord + count - 1,
    count: records.length,
    findings: [],
    bytes: Buffer.concat(records.flatMap(({ message }) => [message, Buffer.from('\n')])),
    number: (index) => records[index]!.number,
    id: (index) => records[index]!.id,
    sha256: (index) => records[index]!.sha256,
    message: (index) => records[index]!.message,
    release: () => {},
    [Symbol.iterator]: () => records[Symbol.iterator](),
  };
};
