import { describe, expect, test } from 'vitest';
import { PLATFORM_TRANSFORM, type ReadOptions } from '../src/index.js';
import { FastRecords } from '../src/kernel/fast-records.js';
import type { RegularRecords } from '../src/kernel/regular-records.js';
import { artistsXml } from './support/dumps.js';
import { outcomeOfCut } from './support/outcome.js';

const limits = { maxDepth: 256, maxRecordBytes: 64 * 1024 * 1024 };

/** Counts the kernel's records: a kernel that leaves everything to the strict engine would pass all other tests. */
const counting = ({ reading, transform }: ReadOptions = {}): { regular: RegularRecords; taken: () => number } => {
  const fast = new FastRecords({ reading: reading ?? 'xmltodict', isNormalized: transform !== undefined, ...limits });
  let taken = 0;
  return {
    taken: () => taken,
    regular: {
      begin: (...args) => fast.begin(...args),
      takeInventory: () => fast.takeInventory(),
      encode: (dataType, range, recordsBefore, output, run) => {
        const before = run.records;
        fast.encode(dataType, range, recordsBefore, output, run);
        taken += run.records - before;
      },
    },
  };
};

describe('the kernel reads all regular records except the first, which opens the dump', () => {
  test.each([
    ['artists', artistsXml(5000), 5000],
    ['artists that are skipped', artistsXml(5000), 5000, { skip: 3000 }],
    ['artists with the platform’s reading', artistsXml(5000), 5000, { reading: 'platform' }],
    ['artists in the platform’s form', artistsXml(5000), 5000, { transform: PLATFORM_TRANSFORM }],
    [
      'regular records between irregular ones',
      Buffer.concat([
        artistsXml(9).subarray(0, -12),
        Buffer.from('<artist>&</artist>'.repeat(5)),
        artistsXml(9).subarray(10),
      ]),
      18,
    ],
  ] satisfies [string, Buffer, number, ReadOptions?][])('%s', (_, input, records, options?: ReadOptions) => {
    const { regular, taken } = counting(options);
    const outcome = outcomeOfCut(input, [1000], options, regular);
    expect(outcome.numbers.at(-1)).toBe(records);
    expect(taken()).toBe(records - 1);
    expect(outcome.error).toBeUndefined();
  });
});

test('a block larger than the kernel’s memory is read in parts', () => {
  const filler = 'x'.repeat(5000);
  const records = Array.from({ length: 8000 }, (_, id) =>
    id % 2000 === 1999
      ? `<artist><name>${filler}</name></artist>`
      : `<artist><id>${id}</id><name>${filler}</name></artist>`,
  );
  const input = Buffer.from(`<artists>\n${records.join('\n')}\n</artists>`);
  expect(input.length).toBeGreaterThan(40_000_000);
  const { regular, taken } = counting();
  const outcome = outcomeOfCut(input, [], {}, regular);
  expect(taken()).toBe(7999);
  expect(outcome.records.map(([id]) => id)).toEqual(records.map((_, id) => (id % 2000 === 1999 ? 'unknown' : `${id}`)));
  expect(outcome.reported).toEqual(
    [1999, 3999, 5999, 7999].map((id) => ['unknown-id', 1, input.indexOf(records[id]!, id * 5000), id + 1]),
  );
});

test('a record over the kernel’s size limit is read by the strict engine', () => {
  const big = `<artist><id>2</id><name>${'y'.repeat(9_000_000)}</name></artist>`;
  const input = Buffer.concat([artistsXml(2).subarray(0, -12), Buffer.from(big), artistsXml(3).subarray(10)]);
  const { regular, taken } = counting();
  const outcome = outcomeOfCut(input, [1_000_000, 5_000_000], {}, regular);
  expect(outcome.records.map(([id]) => id)).toEqual(['1', '2', '2', '1', '2', '3']);
  expect(taken()).toBe(4);
  expect(outcome.messages[2]).toHaveLength(9_000_000 + 110);
});
