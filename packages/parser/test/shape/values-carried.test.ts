import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERAS, generateXml } from '@discogs-extractor/sample-dumps';
import { describe, expect, test } from 'vitest';
import { DATA_TYPES, type DataType, type DumpSource, type LeftOut, parseRecords } from '../../src/index.js';
import { leavesOf, shapeOf } from './support.js';

/*
 * Nothing of a record is lost on the way to its shape: the same texts are in both, as often. Counted apart are the ids that a
 * record has twice, and zeros that mean "none".
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

/** What is in the one more often than in the other. */
const missing = (all: string[], some: string[]): string[] => {
  const left = counts(some);
  return all.filter((leaf) => {
    const count = left.get(leaf) ?? 0;
    left.set(leaf, count - 1);
    return count <= 0;
  });
};

const compare = async (type: DataType, source: DumpSource): Promise<{ records: number; told: LeftOut[] }> => {
  let records = 0;
  const all: LeftOut[] = [];
  for await (const { record, id } of parseRecords(source, { dataType: type })) {
    const { shape, told } = shapeOf(type, record);
    const before = leavesOf(record, (path) => path === TWICE[type]);
    const after = leavesOf(shape);
    expect({ id, lost: missing(before, after).filter((leaf) => leaf !== '0') }).toEqual({ id, lost: [] });
    expect({ id, invented: missing(after, before) }).toEqual({ id, invented: [] });
    all.push(...told);
    records++;
  }
  return { records, told: all };
};

describe.each(ERAS)('generated dumps of %s', (era) => {
  test.each(DATA_TYPES)('%s lose nothing', async (type) => {
    const records = type === 'releases' ? 300 : 1000;
    const outcome = await compare(type, generateXml({ type, seed: 'shapes', era, records }));
    expect(outcome).toEqual({ records, told: [] });
  });
});

const FOLDER = process.env['SAMPLE_EXCERPTS'] ?? fileURLToPath(new URL('../../../../../shared/dumps', import.meta.url));

// Where the excerpts are, they are held to as well; elsewhere their inventory stands for them (field-tables.test.ts).
describe.runIf(process.env['SAMPLE_EXCERPTS'] !== undefined || existsSync(FOLDER))('the excerpts', () => {
  test.each(DATA_TYPES)('%s lose nothing', async (type) => {
    const outcome = await compare(type, `${FOLDER}/discogs_20200806_${type}.xml.gz`);
    expect(outcome).toEqual({ records: 1000, told: [] });
  });
});
