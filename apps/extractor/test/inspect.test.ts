import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  compareInventories,
  compareWithFormat,
  type DriftChange,
  type Inventory,
} from '@discogs-extractor/data-quality';
import { addInventory, createInventory, encodeRecords, knownFormat } from '@discogs-extractor/parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_TYPES, type DataType } from '../src/config/data-type.js';
import { runCli, startCli } from './kit/cli.js';
import { dumpFile } from './kit/dumps.js';
import { firstOf } from './kit/exhaustive.js';
import { YEARS, type Year, yearSample } from './kit/year-samples.js';

const VERSIONS: Readonly<Record<Year, string>> = {
  '2014': '20140801',
  '2015': '20150601',
  '2017': '20180201',
  '2020': '20200806',
  '2024': '20241201',
  '2026': '20260201',
};

const inventories = new Map<string, Inventory>();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inspect-'));
  for (const year of YEARS) {
    for (const type of DATA_TYPES) {
      const total = createInventory(type);
      const xml = Buffer.from(yearSample(year, type));
      for await (const block of encodeRecords(xml, { onInventory: (part) => addInventory(total, part) }))
        block.release();
      inventories.set(`${year} ${type}`, total);
      await writeFile(join(folder, dumpFile(VERSIONS[year], type)), gzipSync(xml));
    }
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sample = (year: Year, type: DataType): Inventory => inventories.get(`${year} ${type}`)!;
const file = (year: Year, type: DataType): string => join(folder, dumpFile(VERSIONS[year], type));
const brief = ({ type, path, knownSince }: DriftChange): string => `${type} ${path} (${knownSince})`;

describe('samples of each year', () => {
  const differences = (before: Year, after: Year, isVersionKnown: boolean): Record<string, string[]> =>
    Object.fromEntries(
      DATA_TYPES.flatMap((type) => {
        const [one, other] = [before, after].map(
          (year): Inventory => ({
            ...sample(year, type),
            ...(isVersionKnown && { version: VERSIONS[year] }),
          }),
        );
        const changes = compareInventories(one!, other!, { format: knownFormat(type) });
        return changes.length === 0 ? [] : [[type, changes.map(brief)]];
      }),
    );

  it('differ in the known changes', () => {
    for (const isVersionKnown of [true, false]) {
      const found = YEARS.slice(1).map((year, index) => differences(YEARS[index]!, year, isVersionKnown));
      expect(found).toMatchInlineSnapshot(`
        [
          {
            "artists": [
              "kind artist/images/image/@uri (2015-01)",
              "kind artist/images/image/@uri150 (2015-01)",
            ],
            "labels": [
              "kind label/images/image/@uri (2015-01)",
              "kind label/images/image/@uri150 (2015-01)",
            ],
            "masters": [
              "kind master/images/image/@uri (2015-01)",
              "kind master/images/image/@uri150 (2015-01)",
            ],
            "releases": [
              "kind release/images/image/@uri (2015-01)",
              "kind release/images/image/@uri150 (2015-01)",
            ],
          },
          {
            "releases": [
              "new release/master_id/@is_main_release (2017-12)",
            ],
          },
          {},
          {
            "artists": [
              "gone artist/images (2024-12)",
            ],
            "labels": [
              "gone label/images (2024-12)",
            ],
            "masters": [
              "gone master/images (2024-12)",
            ],
            "releases": [
              "gone release/images (2024-12)",
            ],
          },
          {
            "artists": [
              "gone artist/members/id (2025-05)",
            ],
            "masters": [
              "kind master/artists/artist/anv (2025-05)",
              "kind master/artists/artist/join (2025-05)",
              "gone master/artists/artist/role (2025-05)",
              "gone master/artists/artist/tracks (2025-05)",
            ],
            "releases": [
              "gone release/@status (2026-01)",
              "kind release/artists/artist/anv (2025-05)",
              "kind release/artists/artist/join (2025-05)",
              "gone release/artists/artist/role (2025-05)",
              "gone release/artists/artist/tracks (2025-05)",
              "gone release/companies/company/resource_url (2026-01)",
              "kind release/extraartists/artist/anv (2025-05)",
              "gone release/extraartists/artist/join (2025-05)",
              "kind release/extraartists/artist/tracks (2025-05)",
              "new release/series (2025-05)",
              "kind release/tracklist/track/artists/artist/anv (2025-05)",
              "kind release/tracklist/track/artists/artist/join (2025-05)",
              "gone release/tracklist/track/artists/artist/role (2025-05)",
              "gone release/tracklist/track/artists/artist/tracks (2025-05)",
              "kind release/tracklist/track/duration (2025-05)",
              "kind release/tracklist/track/extraartists/artist/anv (2025-05)",
              "gone release/tracklist/track/extraartists/artist/join (2025-05)",
              "gone release/tracklist/track/extraartists/artist/tracks (2025-05)",
            ],
          },
        ]
      `);
    }
  });

  it('have the known format', () => {
    for (const year of YEARS) {
      for (const type of DATA_TYPES) {
        expect(compareWithFormat(sample(year, type), knownFormat(type)).changes, `${year} ${type}`).toEqual([]);
      }
    }
  });
});

describe('the command line', () => {
  it('prints the inventory as a table', async () => {
    const { status, stdout, stderr } = await runCli(['inspect', file('2020', 'labels')]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`${file('2020', 'labels')}: labels, 12 records\n\npath `);
    expect(stdout).toMatch(/^label\/urls\/url +12 +100 % +2 +text +1$/m);
    expect(stdout).toMatch(/^label\/images\/image +12 +100 % +2 +attributes alone +1$/m);
    expect(stdout).toMatch(/It has the format known since 2/);
  });

  it('prints JSON, which can take the place of a dump, and compares with versions and files', async () => {
    const json = await runCli(['inspect', file('2024', 'artists'), '--json', '--workers', '0']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: VERSIONS['2024'],
      ...sample('2024', 'artists'),
      format: { changes: [] },
    });
    const saved = join(folder, 'artists.json');
    await writeFile(saved, json.stdout);
    const root = ['--data', folder];
    const format = knownFormat('artists');
    const changes = compareInventories(sample('2024', 'artists'), sample('2026', 'artists'), { format });
    const expected: unknown = JSON.parse(JSON.stringify(changes));
    for (const against of [file('2024', 'artists'), saved, VERSIONS['2024']]) {
      const compared = await runCli(['inspect', file('2026', 'artists'), '--json', '--against', against, ...root]);
      expect(compared, against).toMatchObject({ status: 0, stderr: '' });
      expect(JSON.parse(compared.stdout)).toMatchObject({ version: VERSIONS['2026'], records: 12, changes: expected });
    }
    await mkdir(join(folder, 'inventory', '20231201'), { recursive: true });
    await writeFile(join(folder, 'inventory', '20231201', 'artists.json'), JSON.stringify(sample('2024', 'artists')));
    const two = await runCli(
      ['inspect', file('2026', 'artists'), '-', '--type', 'artists', '--against', '20231201', ...root],
      { input: Buffer.from(yearSample('2024', 'artists')) },
    );
    expect(two).toMatchObject({ status: 0, stderr: '' });
    expect(two.stdout).toContain(
      '  - artist/members/id is gone: before in 100 % of the records, such as record 1, id 1',
    );
    expect(two.stdout).toContain('standard input: artists, 12 records\nNo changes since');
  });

  it('shows what can be read of a damaged dump, and says what is wrong', async () => {
    const xml = yearSample('2020', 'releases');
    const cut = join(folder, 'cut.xml');
    await writeFile(
      cut,
      xml.slice(0, xml.indexOf('<release id="9"') + 30).replace('<release id="4"', '<release <id="4"'),
    );
    const damaged = await runCli(['inspect', cut]);
    expect(damaged.status).toBe(1);
    expect(damaged.stdout).toContain('cut.xml: releases, 7 records');
    expect(damaged.stderr).toContain('1 malformed record not counted');
    expect(damaged.stderr).toContain('after 7 records');
    const wrong = [
      [['inspect', '-'], '<songs><song/></songs>'],
      [['inspect', file('2020', 'labels'), '--against', file('2020', 'artists')], ''],
      [['inspect', join(folder, 'absent.xml')], ''],
      [['inspect', '-'], ''],
      [['inspect', '-'], '<labels></labels>'],
      [['inspect', file('2020', 'labels'), '--type', 'artists'], ''],
    ] as const;
    for (const [args, input] of firstOf(2, wrong)) {
      const result = await runCli(args, { input: Buffer.from(input) });
      expect(result, args.join(' ')).toMatchObject({
        status: 1,
        stdout: '',
        stderr: expect.stringMatching(/^❌ .+\n$/),
      });
    }
  });

  it('refuses what it cannot compare before it reads anything', async () => {
    const wrong = [
      ['-', '-'],
      [file('2020', 'labels'), '--against', '20130101', '--data', folder],
      [file('2020', 'labels'), '--against', join(folder, 'artists.json')],
      [file('2020', 'labels'), '--against', 'no-such-file'],
      [join(folder, 'artists.json'), '--type', 'labels'],
      [file('2020', 'labels'), '--against', '20231201', '--data', folder],
      [file('2020', 'labels'), '--limit', '0'],
    ];
    for (const args of firstOf(3, wrong)) {
      expect(await runCli(['inspect', ...args]), args.join(' ')).toMatchObject({ status: 2, stdout: '' });
    }
  });

  it('stops after a number of records, and at a signal, with what it has read', async () => {
    expect((await runCli(['inspect', file('2020', 'labels'), '--limit', '5'])).stdout).toContain('labels, 5 records');
    const stopped = startCli(['inspect', '-'], { keepsInput: true });
    const xml = yearSample('2020', 'labels');
    const records = xml.slice(xml.indexOf('<label>'), xml.lastIndexOf('</labels>'));
    // Once it has taken all of this, it has read some of it.
    await new Promise((resolve) => stopped.process.stdin!.write(`<labels>${records.repeat(1000)}`, resolve));
    stopped.process.kill('SIGINT');
    const { status, stdout, stderr } = await stopped.ended;
    expect(status).toBe(130);
    expect(stderr).toMatch(/^🛑 Stopped by SIGINT: [\d,]+ records of standard input were read\n$/);
    expect(stdout).toMatch(/^standard input: labels, [\d,]+ records\n/);
  });
});
