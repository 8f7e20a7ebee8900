import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERAS, generateXml } from '@discogs-extractor/sample-dumps';
import { describe, expect, test } from 'vitest';
import { DATA_TYPES, type DataType, type DroppedValue, type DumpInput, parseRecords } from '../../src/index.js';
import { isExhaustive } from '../support/exhaustive.js';
import { expectSame } from '../support/expect-same.js';
import { leavesOf, shapeOf, toShape } from './support.js';

/*
 * A typed record loses no value of the raw record: both contain the same texts equally often. Exceptions are the ids
 * that a raw record contains twice, and zeros that mean "none".
 */

const TWICE: Readonly<Record<DataType, string | undefined>> = {
  artists: '/members/id',
  labels: undefined,
  masters: '/id',
  releases: '/id',
};

const counts = (leaves: string[]): Map<string, number> => {
  const counted = new Map<string, number>();
  for (const leaf of leaves) counted.set(leaf, (counted.get(leaf) ?? 0) + 1);
  return counted;
};

/** The leaves that `all` contains more often than `some`. */
const missing = (all: string[], some: string[]): string[] => {
  const left = counts(some);
  return all.filter((leaf) => {
    const count = left.get(leaf) ?? 0;
    left.set(leaf, count - 1);
    return count <= 0;
  });
};

/** As JSON, with the members that are `undefined`. */
const textOf = (shape: object): string => JSON.stringify(shape, (_, value) => value ?? 'undefined');

const compare = async (type: DataType, source: DumpInput): Promise<{ records: number; dropped: DroppedValue[] }> => {
  let records = 0;
  const all: DroppedValue[] = [];
  for await (const { record, id } of parseRecords(source, { dataType: type })) {
    const { shape, dropped } = shapeOf(type, record);
    // Without `onDropped`, objects that are frequent are made by functions that are compiled for them.
    expectSame({ id, shape: textOf(toShape(type, record)) }, { id, shape: textOf(shape) });
    const before = leavesOf(record, (path) => path === TWICE[type]);
    const after = leavesOf(shape);
    expectSame({ id, lost: missing(before, after).filter((leaf) => leaf !== '0') }, { id, lost: [] });
    expectSame({ id, invented: missing(after, before) }, { id, invented: [] });
    all.push(...dropped);
    records++;
  }
  return { records, dropped: all };
};

describe.each(ERAS)('generated dumps of %s', (era) => {
  test.each(DATA_TYPES)('%s keep every value', async (type) => {
    const records = (type === 'releases' ? 40 : 100) * (isExhaustive ? 30 : 1);
    const outcome = await compare(type, generateXml({ type, seed: 'shapes', era, records }));
    expect(outcome).toEqual({ records, dropped: [] });
  });
});

const FOLDER = process.env['SAMPLE_EXCERPTS'] ?? fileURLToPath(new URL('../../../../../shared/dumps', import.meta.url));

// The excerpts are not in the repository; without them, their inventory is tested (field-tables.test.ts).
describe.runIf(process.env['SAMPLE_EXCERPTS'] !== undefined || existsSync(FOLDER))('the excerpts', () => {
  test.each(DATA_TYPES)('%s keep every value', async (type) => {
    const outcome = await compare(type, `${FOLDER}/discogs_20200806_${type}.xml.gz`);
    expect(outcome).toEqual({ records: 1000, dropped: [] });
  });
});
