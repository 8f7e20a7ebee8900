import { expect, test } from 'vitest';
import { DATA_TYPES, type MonthOptions } from '../src/index.js';
import { collect } from './helpers.js';

/** The records of a dump by id, in their order. */
const recordsOf = async (type: (typeof DATA_TYPES)[number], months?: MonthOptions): Promise<Map<string, string>> => {
  const xml = (await collect({ type, seed: 'months', records: 2000, months })).toString();
  const records = xml
    .replace(`<${type}>\n`, '')
    .split(new RegExp(`(?<=</${type.slice(0, -1)}>)\n`))
    .slice(0, -1);
  const found = new Map(
    records.map((record) => [/^<\w+ id="(\d+)"|<id>(\d+)<\/id>/.exec(record)!.slice(1).join(''), record]),
  );
  expect(found.size).toBe(records.length);
  return found;
};

const share = (count: number): number => Math.round((100 * count) / 2000);

test('a month has as many changed, removed and new records as asked for; the others are the same to the byte', async () => {
  for (const type of DATA_TYPES) {
    const before = await recordsOf(type);
    expect([...(await recordsOf(type, { month: 0 })).keys()]).toEqual([...before.keys()]);
    const after = await recordsOf(type, { month: 1, changedPercent: 10, removedPercent: 5, addedPercent: 3 });
    const kept = [...before].filter(([id]) => after.has(id));
    const changed = kept.filter(([id, record]) => after.get(id) !== record).length;
    const added = [...after.keys()].filter((id) => !before.has(id));
    expect([type, before.size, share(before.size - kept.length), added.length]).toEqual([
      ...[type, 2000],
      expect.closeTo(5, -0.5),
      60,
    ]);
    expect(Math.abs(share(changed) - 10)).toBeLessThanOrEqual(2);
    expect([...after.keys()].slice(-60)).toEqual(added);
  }
});

test('records can be replaced in place and reordered, and later months build on earlier ones', async () => {
  const none = { changedPercent: 0, removedPercent: 0, addedPercent: 0 };
  const before = [...(await recordsOf('labels')).keys()];
  const replaced = [...(await recordsOf('labels', { month: 1, ...none, replacedPercent: 10 })).keys()];
  expect(replaced).toHaveLength(2000);
  const differing = replaced.filter((id, at) => id !== before[at]);
  expect(Math.abs(share(differing.length) - 10)).toBeLessThanOrEqual(2);
  expect(differing.filter((id) => before.includes(id))).toEqual([]);
  const reordered = [...(await recordsOf('labels', { month: 1, ...none, reorderedPercent: 20 })).keys()];
  expect(reordered).not.toEqual(before);
  expect([...reordered].sort()).toEqual([...before].sort());

  const months = { changedPercent: 5, removedPercent: 2, replacedPercent: 2, addedPercent: 2 };
  const second = await recordsOf('artists', { month: 2, ...months });
  const third = await recordsOf('artists', { month: 3, ...months });
  const kept = [...second].filter(([id]) => third.has(id));
  expect(Math.abs(share(second.size - kept.length) - 4)).toBeLessThanOrEqual(2);
  expect(Math.abs(share(kept.filter(([id, record]) => third.get(id) !== record).length) - 5)).toBeLessThanOrEqual(2);
});

test('wrong months are refused', async () => {
  const refused = (months: MonthOptions, records: number | undefined = 10) =>
    expect(collect({ type: 'labels', seed: 1, records, xmlBytes: 5000, months })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
  await refused({ month: -1 });
  await refused({ month: 1, changedPercent: 101 });
  await refused({ month: 1, changedPercent: 60, removedPercent: 50 });
  await refused({ month: 40, addedPercent: 3 });
  await expect(collect({ type: 'labels', seed: 1, xmlBytes: 5000, months: { month: 1 } })).rejects.toMatchObject({
    facts: { option: 'records' },
  });
});
