import { cp, mkdtemp, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DATA_TYPES, type DataType } from '../src/config/data-type.js';
import { type CliResult, runCli, startCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { readMarker } from './kit/markers.js';

const VERSION = '20260101';
/** Enough for a file to be still in its turn when the test has seen its first line. */
const MANY = 40_000;

let folder: string;
let dumps: string;
let data: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changed-'));
  dumps = join(folder, 'dumps');
  data = join(folder, 'data');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ARGS = (source = dumps): string[] => ['run', '--once', '--source', source, '--sink', 'ndjson'];
const path = (type: DataType, directory = data): string => join(directory, dumpFile(VERSION, type));
const lines = async (type: DataType): Promise<string[]> =>
  (await readFile(join(data, 'ndjson', VERSION, `${type}.ndjson`), 'utf8')).split('\n').slice(0, -1);

interface LogLine {
  readonly code?: string;
  readonly data_type?: DataType;
  readonly file?: string;
  readonly message: string;
}
/** The codes of the errors by type, and `total` of the run. */
const codesOf = ({ stdout }: CliResult): Record<string, string> =>
  Object.fromEntries(
    stdout
      .split('\n')
      .filter((line) => line.includes('"code"'))
      .map((line) => JSON.parse(line) as LogLine)
      .map(({ code, data_type }) => [data_type ?? 'run', code!]),
  );

it('delivers only what was verified, whatever is done to the files of a run', async () => {
  await generateDump({ directory: dumps, version: VERSION, seed: 5, records: { artists: MANY, labels: MANY } });
  const small = smallDump(20);
  const other = join(folder, 'other');
  await writeDump(other, VERSION, { ...smallDump(30), releases: small.releases.replaceAll('&amp;', '&lt; ') });
  // Small files of the same version, with one CHECKSUM file for all.
  const source = join(folder, 'source');
  await writeDump(source, VERSION, {
    artists: await readFile(path('artists', dumps)),
    labels: await readFile(path('labels', dumps)),
    masters: small.masters,
    releases: small.releases,
  });
  // The last one is a link, as with a data folder on several disks.
  expect(await runCli(['download', '--source', source], { env: { DISCOGS_ROOT: data } })).toMatchObject({ status: 0 });
  await rename(path('releases'), join(folder, 'elsewhere.xml.gz'));
  await symlink(join(folder, 'elsewhere.xml.gz'), path('releases'));

  const cli = startCli(ARGS(source), { env: { DISCOGS_ROOT: data, MAX_WORKERS: '2' } });
  await cli.says('Extracting artists');
  await cli.says('Extracting labels');
  cli.process.kill('SIGSTOP');
  // In their turn: the open file stays what it was, and one is written into.
  await rename(path('artists', other), path('artists'));
  await writeFile(path('labels'), (await readFile(path('labels'))).fill(0, 100_000));
  // Before their turn: one is gone, and a link leads to another file with the old size and modification time.
  await rm(path('masters'));
  const { size, atime, mtime } = await stat(join(folder, 'elsewhere.xml.gz'));
  await writeFile(join(folder, 'swapped.xml.gz'), Buffer.alloc(size, await readFile(path('releases', other))));
  await utimes(join(folder, 'swapped.xml.gz'), atime, mtime);
  await rm(path('releases'));
  await symlink(join(folder, 'swapped.xml.gz'), path('releases'));
  cli.process.kill('SIGCONT');

  const changed = await cli.ended;
  expect(changed.status).toBe(1);
  expect(codesOf(changed)).toEqual({ labels: 'FILE_CHANGED', masters: 'FILE_CHANGED', releases: 'FILE_CHANGED' });
  expect(await lines('artists')).toHaveLength(MANY + 1);
  const labels = await lines('labels').catch(() => []);
  expect(labels.join()).not.toContain('file_complete');
  expect((await readMarker(data, VERSION))!.summary.files_by_type).toMatchObject({ artists: 'completed' });

  // Everything is verified again, and downloaded if necessary.
  expect(await runCli(ARGS(source), { env: { DISCOGS_ROOT: data } })).toMatchObject({ status: 0 });
  expect((await lines('labels')).slice(0, labels.length)).toEqual(labels);
  for (const type of DATA_TYPES) {
    const count = type === 'artists' || type === 'labels' ? MANY : 20;
    expect(new Set((await lines(type)).map((line) => (JSON.parse(line) as { id: string }).id)).size, type).toBe(
      count + 1,
    );
  }
});

it('verifies a file again that was replaced between two runs with the same size and modification time', async () => {
  await writeDump(dumps, VERSION, smallDump(20));
  expect(await runCli(['download', '--source', dumps], { env: { DISCOGS_ROOT: data } })).toMatchObject({ status: 0 });
  await utimes(path('labels'), 1, 1);
  expect(await runCli(['download', '--source', dumps], { env: { DISCOGS_ROOT: data } })).toMatchObject({ status: 0 });
  await writeFile(join(folder, 'other'), (await readFile(path('labels'))).fill(0, 50, 60));
  await utimes(join(folder, 'other'), 1, 1);
  await cp(join(folder, 'other'), path('labels'), { preserveTimestamps: true });
  expect(await runCli(ARGS(), { env: { DISCOGS_ROOT: data } })).toMatchObject({ status: 0 });
  expect(await lines('labels')).toHaveLength(21);

  // The same in a folder that is source and data folder at once: there is no other copy.
  await utimes(path('masters', dumps), 1, 1);
  expect(await runCli(['download', '--source', dumps], { env: { DISCOGS_ROOT: dumps } })).toMatchObject({ status: 0 });
  await writeFile(path('masters', dumps), (await readFile(path('masters', dumps))).fill(0, 50, 60));
  await utimes(path('masters', dumps), 1, 1);
  const inPlace = await runCli(ARGS(), { env: { DISCOGS_ROOT: dumps } });
  expect(inPlace.status).toBe(1);
  expect(codesOf(inPlace)['run']).toBe('CHECKSUM_MISMATCH');
});

it('delivers a file from its first record if its disk returned wrong bytes', async () => {
  await writeDump(dumps, VERSION, smallDump(5000));
  const env = { DISCOGS_ROOT: data, STATE_SAVE_INTERVAL: '1' };
  expect(await runCli(['download', '--source', dumps], { env })).toMatchObject({ status: 0 });
  const bytes = await readFile(path('masters'));
  await writeFile(path('masters'), bytes.fill(0, bytes.length - 3000, bytes.length - 1000));
  // As if nothing had written to the file.
  const metadata = JSON.parse(await readFile(join(data, '.discogs_metadata.json'), 'utf8')) as Record<string, object>;
  const { mtimeNs, ctimeNs } = await stat(path('masters'), { bigint: true });
  Object.assign(metadata[dumpFile(VERSION, 'masters')]!, {
    mtime: Number(mtimeNs) / 1e6,
    ctime: Number(ctimeNs) / 1e6,
  });
  await writeFile(join(data, '.discogs_metadata.json'), JSON.stringify(metadata));
  const damaged = await runCli(ARGS(), { env });
  expect(damaged.status).toBe(1);
  expect(codesOf(damaged)).toEqual({ masters: 'DUMP_DAMAGED' });
  const file = (await readMarker(data, VERSION))!.processing_phase.progress_by_file[dumpFile(VERSION, 'masters')]!;
  expect(file.messages_published).toBe(0);
  expect(await runCli(ARGS(), { env })).toMatchObject({ status: 0 });
  expect(await lines('masters')).toHaveLength(5001);
});
