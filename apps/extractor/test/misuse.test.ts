import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { until } from '@discogs-extractor/test-broker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, runCli, startCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { editMarker, markerPath, readMarker } from './kit/markers.js';
import { startService } from './kit/service.js';

const VERSION = '20260101';
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

let folder: string;
let dumps: string;
let data: string;
let output: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'misuse-'));
  dumps = join(folder, 'dumps');
  data = join(folder, 'data');
  output = join(folder, 'output');
  await writeDump(dumps, VERSION, smallDump(20));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const argsOf = (sink: string): string[] => [
  ...['run', '--source', dumps, '--sink', sink],
  ...(sink === 'ndjson' ? ['--output', output] : []),
];
const run = (sink = 'ndjson', ...more: string[]): Promise<CliResult> =>
  runCli([...argsOf(sink), '--once', ...more], { env: { DISCOGS_ROOT: data } });
const codesOf = ({ stdout }: CliResult): (string | undefined)[] =>
  stdout
    .split('\n')
    .filter((line) => line.includes('"level":"ERROR"'))
    .map((line) => (JSON.parse(line) as { code?: string }).code);
const linesOf = async (type: string): Promise<string[]> =>
  (await readFile(join(output, VERSION, `${type}.ndjson`), 'utf8')).trimEnd().split('\n');

describe('a user who', () => {
  it('changes the sink gets an error that names the sink with the records', async () => {
    expect(await run()).toMatchObject({ status: 0 });
    const before = await readFile(markerPath(data, VERSION));
    const other = await run('null');
    expect(other.status).toBe(1);
    expect(codesOf(other)).toEqual(['SINK_CHANGED']);
    expect(await readFile(markerPath(data, VERSION))).toEqual(before);
    expect(await run('null', '--force-reprocess')).toMatchObject({ status: 0 });
    expect((await readMarker(data, VERSION))!.publishing_phase.sink).toBe('null');
    // A marker without a sink was written by an extractor that knows only RabbitMQ.
    await editMarker(data, VERSION, ({ publishing_phase }) => delete publishing_phase.sink);
    expect(codesOf(await run())).toEqual(['SINK_CHANGED']);
  });

  it('replaces a dump under the same name gets only the changed files', async () => {
    expect(await run()).toMatchObject({ status: 0 });
    const labels = await readFile(join(output, VERSION, 'labels.ndjson'));
    await writeDump(dumps, VERSION, { ...smallDump(20), masters: smallDump(30).masters });
    expect(await run()).toMatchObject({ status: 0 });
    expect(await linesOf('masters')).toHaveLength(31);
    expect(await readFile(join(output, VERSION, 'labels.ndjson'))).toEqual(labels);
  });

  it('replaces a file of the data folder gets the published one', async () => {
    expect(await runCli(['download', '--source', dumps], { env: { DISCOGS_ROOT: data } })).toMatchObject({ status: 0 });
    const other = join(folder, 'other');
    await writeDump(other, VERSION, smallDump(25));
    await writeFile(
      join(data, dumpFile(VERSION, 'artists')),
      await readFile(join(other, dumpFile(VERSION, 'artists'))),
    );
    expect(await run()).toMatchObject({ status: 0 });
    expect(await linesOf('artists')).toHaveLength(21);
  });

  it('starts it as the platform starts its extractor gets a run', async () => {
    const env = { DISCOGS_ROOT: data, DUMP_SOURCE: dumps, SINK: 'null', RABBITMQ_HOST: 'rabbitmq', LOG_LEVEL: 'info' };
    const first = await runCli(['--source', 'discogs', '--once'], { env });
    expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('CONTRACT=fanout is in force') });
    expect(await runCli(['-f', '--once'], { env })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('reprocessing was requested'),
    });
  });

  it('edits the marker loses no record', async () => {
    expect(await run()).toMatchObject({ status: 0 });
    const reopen = (records: number): Promise<void> =>
      editMarker(data, VERSION, (marker) => {
        Object.assign(marker.processing_phase, { status: 'in_progress' });
        Object.assign(marker.processing_phase.progress_by_file[dumpFile(VERSION, 'labels')]!, {
          status: 'in_progress',
          messages_published: records,
          records_extracted: records,
        });
      });
    // More records than the file has, or fewer than were confirmed: neither is what was saved with the checkpoint.
    for (const records of [21, 5]) {
      await reopen(records);
      const result = await run();
      expect(result.status).toBe(0);
      expect(result.stdout).toContain('delivering again from the first record');
      expect(await linesOf('labels')).toHaveLength(21);
      expect(new Set(await linesOf('labels')).size).toBe(21);
    }
    // The same edit of the checkpoint gets past that.
    await editMarker(data, VERSION, (marker) => {
      Object.assign(marker.processing_phase, { status: 'in_progress' });
      const counts = { status: 'in_progress', messages_published: 21, records_extracted: 21 };
      const file = marker.processing_phase.progress_by_file[dumpFile(VERSION, 'labels')]!;
      Object.assign(file, counts, { checkpoint: { ...file.checkpoint, records: 21 } });
    });
    expect(codesOf(await run())).toContain('FILE_CHANGED');
    expect(await run('ndjson', '--force-reprocess')).toMatchObject({ status: 0 });

    // An impossible count makes the marker invalid.
    await reopen(-1);
    const restarted = await run();
    expect(restarted.status).toBe(0);
    expect(restarted.stdout).toContain('set aside');
    expect(await linesOf('labels')).toHaveLength(21);
  });

  it('returns to this version from a newer one keeps what that wrote', async () => {
    expect(await run()).toMatchObject({ status: 0 });
    const text = '{"metadata_version":"2.0"}';
    await writeFile(markerPath(data, VERSION), text);
    const result = await run();
    expect(result.status).toBe(1);
    expect(codesOf(result)).toEqual(['UNSUPPORTED_METADATA_VERSION']);
    expect(await readFile(markerPath(data, VERSION), 'utf8')).toBe(text);
  });

  it('deletes the data folder of a running service gets an error', async () => {
    const service = startCli(argsOf('ndjson'), { env: { DISCOGS_ROOT: data } });
    await service.says('Next run');
    await rm(data, { recursive: true });
    const result = await service.ended;
    expect(result.status).toBe(1);
    expect(codesOf(result)).toEqual(['FOLDER_LOST']);
    // The output belonged to that data folder.
    await rm(output, { recursive: true });
    expect(await run()).toMatchObject({ status: 0 });
  });

  it('has two data folders write to one output folder gets an error', async () => {
    await generateDump({ directory: dumps, version: VERSION, seed: 2, records: { artists: 40_000 } });
    const first = startCli([...argsOf('ndjson'), '--once', '--types', 'artists'], { env: { DISCOGS_ROOT: data } });
    await first.says('"resumed_after"');
    first.process.kill('SIGSTOP');
    const second = await runCli([...argsOf('ndjson'), '--once', '--types', 'artists'], {
      env: { DISCOGS_ROOT: join(folder, 'data-2') },
    });
    first.process.kill('SIGCONT');
    expect(second.status).toBe(1);
    expect(codesOf(second)).toEqual(['OUTPUT_CHANGED']);
    expect(await first.ended).toMatchObject({ status: 0 });
    expect(await linesOf('artists')).toHaveLength(40_001);
  });

  it('blocks the quarantine gets an error with its path, and no file_complete', async () => {
    await mkdir(data);
    await writeFile(join(data, 'quarantine'), 'a file where the folder must be');
    await writeDump(dumps, VERSION, { ...smallDump(20), labels: '<labels><label><id>1</label></labels>' });
    const result = await run();
    expect(result.status).toBe(1);
    expect(codesOf(result)).toContain('QUARANTINE_FAILED');
    expect(result.stdout).toContain(join(data, 'quarantine', VERSION, 'labels'));
    expect((await linesOf('labels')).join()).not.toContain('file_complete');
  });

  it('triggers a forced run that fails gets it with the next one', async () => {
    await using service = await startService(
      ['--source', dumps, '--types', 'artists', '--sink', 'ndjson', '--output', output],
      { DISCOGS_ROOT: data, TRIGGER_TOKEN: 'token' },
    );
    const trigger = (force_reprocess: boolean): Promise<Response> =>
      service.request('/trigger', {
        method: 'POST',
        headers: { authorization: 'Bearer token' },
        body: JSON.stringify({ force_reprocess }),
      });
    await service.says('Next run at');
    await rename(output, join(folder, 'aside'));
    await writeFile(output, 'a file where the folder must be');
    expect((await trigger(true)).status).toBe(202);
    await service.says('OUTPUT_FAILED');
    await service.says('Next attempt at');

    await rm(output);
    await rename(join(folder, 'aside'), output);
    await writeFile(join(output, VERSION, 'artists.ndjson'), 'to be written again\n');
    expect((await trigger(false)).status).toBe(202);
    await until(() => service.output().split('🎉').length === 3);
    expect(await linesOf('artists')).toHaveLength(21);
    // It is done then.
    await until(async () => (await trigger(false)).status === 202);
    await service.says('nothing to do');
  });

  it('triggers a forced run gets it after a kill too', async () => {
    const args = ['--source', dumps, '--types', 'artists', '--sink', 'ndjson', '--output', output];
    {
      await using service = await startService(args, { DISCOGS_ROOT: data, TRIGGER_TOKEN: 'token' });
      await service.says('Next run at');
      await rename(output, join(folder, 'aside'));
      await writeFile(output, 'a file where the folder must be');
      const headers = { authorization: 'Bearer token' };
      const body = JSON.stringify({ force_reprocess: true });
      expect((await service.request('/trigger', { method: 'POST', headers, body })).status).toBe(202);
      await service.says('OUTPUT_FAILED');
      service.process.kill('SIGKILL');
      await service.ended;
    }
    await rm(output);
    await rename(join(folder, 'aside'), output);
    await writeFile(join(output, VERSION, 'artists.ndjson'), 'to be written again\n');
    expect(await runCli(['run', '--once', ...args], { env: { DISCOGS_ROOT: data } })).toMatchObject({ status: 0 });
    expect(await linesOf('artists')).toHaveLength(21);
    expect((await readdir(data)).filter((name) => name.startsWith('.force'))).toEqual([]);
  });

  it('configures a file as a folder gets an error', async () => {
    await symlink(join(folder, 'nowhere', 'data'), join(folder, 'link'));
    const result = await runCli([...argsOf('null'), '--once'], { env: { DISCOGS_ROOT: join(folder, 'link') } });
    expect(result.status).toBe(1);
    expect(codesOf(result)).toEqual(['FOLDER_UNUSABLE']);
  });
});

/** Runs a shell script in which `$DISK` is a private file system of the given size, which ends with the script. */
const onSmallDisk = async (kibibytes: number, script: string): Promise<string> => {
  const isRoot = process.getuid?.() === 0;
  const disk = join(folder, 'disk');
  const { stdout } = await promisify(execFile)(
    'unshare',
    [
      ...['--mount', ...(isRoot ? [] : ['--map-root-user']), 'sh', '-ec'],
      `mkdir "$DISK" && mount -t tmpfs -o size=${kibibytes}k tmpfs "$DISK" && ${script}`,
    ],
    {
      env: { PATH: process.env['PATH'], DISK: disk, HEALTH_PORT: 'off', DISCOGS_ROOT: join(disk, 'data') },
      maxBuffer: 1 << 26,
    },
  );
  return stdout;
};

describe('a full disk', () => {
  it('fails the run with a remedy, and the next run resumes once there is space', async () => {
    await generateDump({ directory: dumps, version: VERSION, seed: 3, records: { artists: 30_000 } });
    const cli = `'${process.execPath}' '${CLI}'`;
    const run = `${cli} run --once --types artists --sink ndjson --output "$DISK/out" --source '${dumps}'`;
    const lines = `"$DISK/out/${VERSION}/artists.ndjson"`;
    const output = await onSmallDisk(
      60_000,
      [
        `${cli} download --types artists --source '${dumps}'`,
        // Space for half of the output.
        'mount -o remount,size=6000k "$DISK"',
        `${run} && echo NO FAILURE || echo "STATUS $?"`,
        'mount -o remount,size=60000k "$DISK"',
        run,
        `wc -l ${lines}`,
        `sort ${lines} | uniq -d | wc -l`,
      ].join('\n'),
    );
    expect(output).toContain('STATUS 1');
    expect(output).toMatch(/"code":"(OUTPUT_FAILED|NO_SPACE)"/);
    expect(output).toMatch(/^30001 .*artists\.ndjson\n0\n$/m);
  });
});
