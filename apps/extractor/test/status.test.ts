import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DATA_TYPES } from '../src/config/data-type.js';
import { type CliResult, runCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { editMarker, markerPath, readMarker } from './kit/markers.js';

const OLD = '20251201';
const NEW = '20260101';

/** Settings that neither `status` nor `download` uses: each of them makes `run` refuse. */
const UNUSED = { AMQP_CONNECTION: 'nonsense', QUEUE_SIZE: '-1', HEALTH_PORT: 'x', TRIGGER_TOKEN_FILE: '/no/such/file' };

let base: string;
let dumps: string;
let root: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'status-'));
  dumps = join(base, 'dumps');
  for (const version of [OLD, NEW]) await writeDump(dumps, version, smallDump(3));
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  root = join(await mkdtemp(join(base, 'data-')), 'root');
});

const status = (...args: string[]): Promise<CliResult> => runCli(['status', '--data', root, ...args], { env: UNUSED });
const run = (version: string): Promise<CliResult> =>
  runCli(['run', '--once', '--data', root, '--source', dumps, '--dump-version', version], { env: { SINK: 'null' } });

describe('status', () => {
  it('of a folder that does not exist, or is a file, is an error', async () => {
    const missing = await status('--json');
    expect(missing).toMatchObject({ status: 1, stdout: '' });
    expect(missing.stderr).toContain(root);
    await writeFile(root, '');
    expect(await status()).toMatchObject({ status: 1, stdout: '' });
  });

  it('of an empty folder says that nothing was delivered', async () => {
    await mkdir(root);
    expect(await status()).toMatchObject({ status: 0, stdout: `Nothing has been delivered from ${root} yet.\n` });
    expect(await status('--json', '--exit-code')).toMatchObject({ status: 3, stdout: 'null\n', stderr: '' });
    expect(await readdir(root)).toEqual([]);
  });

  it('says what is downloaded, and what was delivered', async () => {
    const download = ['download', '--data', root, '--source', dumps, '--dump-version'];
    expect(await runCli([...download, OLD, '--types', 'artists,labels'], { env: UNUSED })).toMatchObject({ status: 0 });
    expect((await status()).stdout).toContain(`Dump ${OLD} is downloaded and verified: artists, labels\n`);

    expect(await run(OLD)).toMatchObject({ status: 0 });
    const text = await status('--exit-code');
    expect(text.status).toBe(0);
    expect(text.stdout).toContain(`Dump ${OLD}: completed`);
    expect(text.stdout).not.toContain('is downloaded');
    for (const type of DATA_TYPES) expect(text.stdout).toContain(dumpFile(OLD, type));
    expect(JSON.parse((await status('--json')).stdout)).toEqual(await readMarker(root, OLD));

    expect(await runCli([...download, NEW], { env: UNUSED })).toMatchObject({ status: 0 });
    await rm(join(root, `discogs_${NEW}_CHECKSUM.txt`));
    expect((await status()).stdout).toContain(`Dump ${NEW} is partly downloaded: artists, labels, masters, releases\n`);
  });

  it('--exit-code tells a failed, an incomplete and an unfinished delivery from a complete one', async () => {
    expect(await run(OLD)).toMatchObject({ status: 0 });
    const after = async (edit: Parameters<typeof editMarker>[2]): Promise<number | null> => {
      const before = await readFile(markerPath(root, OLD));
      await editMarker(root, OLD, edit);
      const { status: exitStatus } = await status('--exit-code');
      await writeFile(markerPath(root, OLD), before);
      return exitStatus;
    };
    expect(await after(({ summary }) => Object.assign(summary, { overall_status: 'failed' }))).toBe(1);
    expect(await after(({ summary }) => Object.assign(summary, { overall_status: 'in_progress' }))).toBe(3);
    const labels = dumpFile(OLD, 'labels');
    expect(
      await after(({ processing_phase: { progress_by_file: files } }) =>
        Object.assign(files[labels]!, { undelivered: 2 }),
      ),
    ).toBe(1);
  });

  it('reports a marker that cannot be read, and keeps it', async () => {
    await mkdir(root);
    await writeFile(join(root, `.extraction_status_${OLD}.json`), 'torn');
    expect(await status()).toMatchObject({ status: 1, stdout: '' });
    expect(await readdir(root)).toEqual([`.extraction_status_${OLD}.json`]);
  });
});

describe('list', () => {
  it('shows the dumps of a source, and what they lack', async () => {
    const partial = join(base, 'partial');
    await writeDump(partial, NEW, smallDump(1));
    await writeDump(partial, OLD, smallDump(1));
    await rm(join(partial, dumpFile(OLD, 'masters')));
    await rm(join(partial, `discogs_${OLD}_CHECKSUM.txt`));
    const list = (...args: string[]): Promise<CliResult> =>
      runCli(['list', '--source', partial, ...args], { env: UNUSED });
    expect(await list()).toMatchObject({
      status: 0,
      stderr: '',
      stdout:
        `${NEW}  artists, labels, masters, releases\n` +
        `${OLD}  artists, labels, releases  (without masters, discogs_${OLD}_CHECKSUM.txt)\n`,
    });
    const [newest, old] = JSON.parse((await list('--json')).stdout) as { files: { bytes: number }[] }[];
    expect(newest).toMatchObject({ version: NEW, complete: true });
    expect(newest!.files.map(({ bytes }) => bytes > 0)).toEqual(Array(5).fill(true));
    expect(old).toMatchObject({ version: OLD, complete: false });
    expect(await list('--dump-version', '20200101')).toMatchObject({ status: 1 });
    expect(await runCli(['list', '--source', base], { env: UNUSED })).toMatchObject({ status: 1, stdout: '' });
    const nowhere = await runCli(['list', '--source', join(base, 'nowhere')]);
    expect(nowhere).toMatchObject({ status: 1, stdout: '' });
    expect(nowhere.stderr.match(/ENOENT/g)).toHaveLength(1);

    // What the error names is what helps.
    const download = (...args: string[]): Promise<CliResult> =>
      runCli(['download', '--data', root, '--source', partial, '--dump-version', OLD, ...args]);
    const refused = await download();
    expect(refused.status).toBe(1);
    expect(refused.stdout).toContain('leave masters out of --types');
    expect(refused.stdout).toContain('--allow-unverified');
    const allowed = await download('--types', 'artists,labels,releases', '--allow-unverified');
    expect(allowed.status).toBe(0);
    expect(allowed.stdout.match(/"level":"WARN(?:ING)?"[^\n]*NOT VERIFIED/g)).toHaveLength(3);
  });
});

it('delivers a dump without a CHECKSUM file only if that is allowed, and skips it afterwards', async () => {
  const old = join(base, 'old');
  await writeDump(old, OLD, smallDump(1));
  await rm(join(old, `discogs_${OLD}_CHECKSUM.txt`));
  const deliver = (env: Record<string, string> = {}): Promise<CliResult> =>
    runCli(['run', '--once', '--data', root, '--source', old], { env: { SINK: 'null', ...env } });
  const refused = await deliver();
  expect(refused).toMatchObject({ status: 1 });
  expect(refused.stdout).toContain('NO_VERSION');
  const delivered = await deliver({ ALLOW_UNVERIFIED: 'true' });
  expect(delivered).toMatchObject({ status: 0 });
  expect(delivered.stdout).toContain('NOT VERIFIED');
  const marker = (await readMarker(root, OLD))!;
  expect(marker.publishing_phase.messages_published).toBe(4);
  const unverified = Object.values(marker.download_phase.downloads_by_file).map((file) => file.unverified);
  expect(unverified).toEqual([true, true, true, true]);
  expect((await status()).stdout.match(/ 1 record confirmed, not verified$/gm)).toHaveLength(4);
  const skipped = await deliver({ ALLOW_UNVERIFIED: 'true' });
  expect(skipped).toMatchObject({ status: 0 });
  expect(skipped.stdout).toContain('completely processed');
});
