import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DumpStatistics, measureXml } from '../scripts/measure-xml.js';
import { EXCERPTS, type ExcerptFigures } from '../src/calibration.js';
import { DATA_TYPES, type DataType, EXCERPT_INVENTORY } from '../src/index.js';
import { collect } from './helpers.js';

const FOLDER = process.env['SAMPLE_EXCERPTS'] ?? fileURLToPath(new URL('../../../../shared/dumps', import.meta.url));
const excerptOf = (type: DataType): string => join(FOLDER, `discogs_20200806_${type}.xml.gz`);
const present = DATA_TYPES.every((type) => existsSync(excerptOf(type)));
if (process.env['SAMPLE_EXCERPTS'] !== undefined && !present)
  throw new Error(`SAMPLE_EXCERPTS: ${FOLDER} has not all the excerpts`);

const inventoryOf = ({ paths }: DumpStatistics): string[] =>
  Object.entries(paths).flatMap(([path, { attributes }]) => [
    path,
    ...Object.keys(attributes).map((name) => `${path}/@${name}`),
  ]);

/** The difference of two figures, as a share of the first. */
const off = (real: number, made: number): number => Math.abs(made / real - 1);

const RECORDS: Readonly<Record<DataType, number>> = { artists: 10_000, labels: 10_000, masters: 6000, releases: 4000 };

const statisticsByType = new Map<DataType, Promise<DumpStatistics>>();

/** The statistics of a generated dump, which are computed once per type. */
const measureGenerated = (type: DataType): Promise<DumpStatistics> => {
  const statistics =
    statisticsByType.get(type) ??
    collect({ type, seed: 1, records: RECORDS[type] }).then((xml) => measureXml(xml.toString()));
  statisticsByType.set(type, statistics);
  return statistics;
};

describe.each(DATA_TYPES)(
  `%s, held to ${present ? 'the excerpts and the committed figures' : 'the committed figures of the excerpts'}`,
  (type) => {
    let made: DumpStatistics;
    let real: ExcerptFigures;

    beforeAll(async () => {
      made = await measureGenerated(type);
      real = EXCERPTS[type];
    });

    test('the committed figures are those of the excerpts, if the excerpts are available', () => {
      if (!present) return;
      const measured = measureXml(gunzipSync(readFileSync(excerptOf(type))).toString());
      for (const key of ['mean', 'p50', 'p90', 'p99'] as const) {
        expect(off(real.bytesPerRecord[key], measured.bytesPerRecord[key])).toBeLessThan(0.01);
      }
      expect(off(real.gzipRatio, measured.gzipRatio)).toBeLessThan(0.02);
      for (const [name, rate] of Object.entries(real.perKiB)) expect(measured.perKiB[name]).toBeCloseTo(rate, 2);
      const added = type === 'labels' ? ['label/sublabels/label/@id'] : [];
      expect([...inventoryOf(measured), ...added].sort()).toEqual([...EXCERPT_INVENTORY[type]].sort());
    });

    test('has the same elements and attributes', () => {
      expect(inventoryOf(made).sort()).toEqual([...EXCERPT_INVENTORY[type]].sort());
    });

    test('has records of similar size', () => {
      expect(off(real.bytesPerRecord.mean, made.bytesPerRecord.mean)).toBeLessThan(0.1);
      expect(off(real.bytesPerRecord.p50, made.bytesPerRecord.p50)).toBeLessThan(0.15);
      expect(off(real.bytesPerRecord.p90, made.bytesPerRecord.p90)).toBeLessThan(0.25);
      expect(off(real.bytesPerRecord.p99, made.bytesPerRecord.p99)).toBeLessThan(0.3);
      expect(made.bytesPerRecord.max).toBeGreaterThan(real.bytesPerRecord.p99 * 1.2);
    });

    test('has a similar gzip ratio', () => {
      expect(off(real.gzipRatio, made.gzipRatio)).toBeLessThan(0.15);
    });

    test('has entities and line feeds at a similar frequency', () => {
      for (const [name, rate] of Object.entries(real.perKiB)) {
        if (rate === 0) expect([name, made.perKiB[name]]).toEqual([name, 0]);
        else expect([name, off(rate, made.perKiB[name]!) < 0.15]).toEqual([name, true]);
      }
    });

    test('has a similar share of self-closed elements', () => {
      expect(off(real.selfClosed, made.selfClosed)).toBeLessThan(0.1);
    });
  },
);

test('has a long tail: a release with over 200 tracks, and texts of thousands of characters', async () => {
  const { paths } = await measureGenerated('releases');
  expect(paths['release/tracklist/track']!.perParent.max).toBeGreaterThan(200);
  expect(paths['release/notes']!.text.max).toBeGreaterThan(1500);
  expect(paths['release/videos/video/description']!.text.max).toBe(255);
});
