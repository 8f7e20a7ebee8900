import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimOutputFolder, OWNER_FILE } from '../src/sinks/output-folder.js';
import { type CliResult, runCli } from './kit/cli.js';
import { smallDump, writeDump } from './kit/dumps.js';
import { machine } from './kit/lock-systems.js';
import { readMarker } from './kit/markers.js';

const VERSION = '20260101';
const RECORDS = 40;

let folder: string;
let data: string;
let output: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'output-'));
  data = join(folder, 'data');
  output = join(folder, 'output');
  path = join(output, VERSION, 'artists.ndjson');
  // Each record is delivered, but the stray text stops the file before `file_complete`, until it is allowed.
  await writeDump(join(folder, 'dumps'), VERSION, {
    ...smallDump(RECORDS),
    artists: smallDump(RECORDS).artists.replace('</artists>', 'stray</artists>'),
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface RunOptions {
  readonly data?: string;
  readonly output?: string;
  readonly maxLeftOut?: number;
  readonly more?: readonly string[];
}

const run = ({ maxLeftOut = 0, more = [], ...folders }: RunOptions = {}): Promise<CliResult> =>
  runCli(
    [
      ...['run', '--once', '--source', join(folder, 'dumps'), '--types', 'artists', '--sink', 'ndjson'],
      ...['--output', folders.output ?? output, ...more],
    ],
    { env: { DISCOGS_ROOT: folders.data ?? data, MAX_LEFT_OUT: String(maxLeftOut) } },
  );
const codesOf = ({ status, stdout }: CliResult): (string | undefined)[] => {
  expect(status).toBe(1);
  expect(stdout).not.toContain('nothing to do');
  return stdout
    .split('\n')
    .filter((line) => line.includes('"level":"ERROR"'))
    .flatMap((line) => (JSON.parse(line) as { code?: string }).code ?? []);
};
const lines = async (): Promise<string[]> => (await readFile(path, 'utf8')).trimEnd().split('\n');

it('an unfinished output is only resumed if it is what was confirmed, by the data folder that began it', async () => {
  expect(codesOf(await run())).toEqual(['CONTENT_LEFT_OUT']);
  const whole = await readFile(path, 'utf8');
  const marker = await readMarker(data, VERSION);

  // Lines were deleted and others added, so that the number of lines is the same.
  await writeFile(path, whole.replace(/.*\n/, '') + whole.slice(0, whole.indexOf('\n') + 1));
  expect(codesOf(await run())).toEqual(['OUTPUT_CHANGED']);
  await writeFile(path, whole);
  expect(codesOf(await run({ data: join(folder, 'other') }))).toEqual(['OUTPUT_CHANGED']);
  expect(codesOf(await run({ output: join(folder, 'elsewhere') }))).toEqual(['DESTINATION_CHANGED']);
  // Nothing keeps another data folder from delivering there, as the error advises.
  expect(await readdir(folder)).not.toContain('elsewhere');
  expect(await readFile(path, 'utf8')).toBe(whole);
  // A failure is noted, but no record less is known to be delivered.
  const { processing_phase: after } = (await readMarker(data, VERSION))!;
  expect(Object.values(after.progress_by_file)).toEqual(Object.values(marker!.processing_phase.progress_by_file));

  // Both folders may be moved, and get other lines after those that were confirmed.
  await rename(output, join(folder, 'moved'));
  await rename(data, join(folder, 'data-2'));
  [data, output] = [join(folder, 'data-2'), join(folder, 'moved')];
  path = join(output, VERSION, 'artists.ndjson');
  await appendFile(path, 'another line\n');
  expect(codesOf(await run({ maxLeftOut: 1 }))).toEqual([]);
  expect(await lines()).toHaveLength(RECORDS + 1);
  expect((await lines()).slice(0, -1)).toEqual(whole.trimEnd().split('\n'));
});

it('the output of a completed dump must be there, and may be restored', async () => {
  expect(codesOf(await run({ maxLeftOut: 1 }))).toEqual([]);
  expect((await run({ maxLeftOut: 1 })).stdout).toContain('nothing to do');
  await cp(output, join(folder, 'backup'), { recursive: true });

  await truncate(path, 100);
  expect(codesOf(await run({ maxLeftOut: 1 }))).toEqual(['OUTPUT_CHANGED']);
  await rm(output, { recursive: true });
  expect(codesOf(await run({ maxLeftOut: 1 }))).toEqual(['OUTPUT_CHANGED']);
  expect(codesOf(await run({ maxLeftOut: 1, output: join(folder, 'elsewhere') }))).toEqual(['DESTINATION_CHANGED']);
  await cp(join(folder, 'backup'), output, { recursive: true });
  expect((await run({ maxLeftOut: 1 })).stdout).toContain('nothing to do');

  await rm(output, { recursive: true });
  expect(codesOf(await run({ maxLeftOut: 1, more: ['--force-reprocess'] }))).toEqual([]);
  expect(await lines()).toHaveLength(RECORDS + 1);
});

it('is refused on a file system that does not keep locks, and claimed by one of two machines at most', async () => {
  const claim = (name: string, options: Parameters<typeof claimOutputFolder>[3]) =>
    claimOutputFolder(output, join(folder, name), name, options);
  const refused = {
    code: 'LOCK_UNRELIABLE',
    facts: { path: output },
    message: expect.stringContaining('output folder'),
  };
  const local = machine('this-machine');
  await expect(claim('a', { system: local })).rejects.toMatchObject(refused);
  await expect(claim('a', { system: { ...machine(), tryLock: () => true } })).rejects.toMatchObject(refused);
  await Promise.all(['a', 'b'].map((name) => mkdir(join(folder, name))));
  const both = await Promise.allSettled(['a', 'b'].map((name) => claim(name, { system: machine() })));
  const losers = both.filter(({ status }) => status === 'rejected');
  expect(losers).toMatchObject([{ reason: { code: 'OUTPUT_CHANGED' } }]);
  const winner = JSON.parse(await readFile(join(output, OWNER_FILE), 'utf8')).id as string;
  await claim(winner, { system: machine('this-machine'), allowLocalLock: true });
});
