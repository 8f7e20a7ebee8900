import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runCli, startCli, statusUrlOf } from './kit/cli.js';
import { smallDump, writeDump } from './kit/dumps.js';

const [FIRST, SECOND] = ['20260101', '20260201'];

it('shows what was published, unchanged and deleted: log, page, metrics, status and verify', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'changes-surface-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [dumps, data] = [join(folder, 'dumps'), join(folder, 'data')];
  const args = ['--source', dumps, '--sink', 'ndjson', '--publish', 'changed'];
  const env = { DISCOGS_ROOT: data };
  const before = smallDump(20);
  await writeDump(dumps, FIRST, before);
  expect(await runCli(['run', '--once', ...args], { env })).toMatchObject({ status: 0, stderr: '' });

  // Of the artists, 2 are gone, 1 is new and 3 are changed.
  const artists = before.artists
    .replace(/<artist><id>[12]<\/id>.*\n/g, '')
    .replace(/N &#228; [345]</g, 'other<')
    .replace('</artists>', '<artist><id>21</id><name>new</name></artist>\n</artists>');
  await writeDump(dumps, SECOND, { ...before, artists });
  const cli = startCli(['run', ...args], { env: { ...env, HEALTH_PORT: '0', HEALTH_HOST: '127.0.0.1' } });
  const url = await statusUrlOf(cli);
  await cli.says('🎉');
  const [metrics, status] = await Promise.all(
    ['metrics', 'status'].map(async (path) => (await fetch(url + path)).text()),
  );
  cli.process.kill('SIGTERM');
  const { stdout } = await cli.ended;

  const counts = { published: 4, unchanged: 15, deleted: 2 };
  const none = { published: 0, unchanged: 20, deleted: 0 };
  const { files } = JSON.parse(status!) as { files: { data_type: string; records: number; confirmed: number }[] };
  expect(files.find(({ data_type }) => data_type === 'artists')).toMatchObject({
    ...{ records: 19, confirmed: 19, progress: 1, changes: counts },
  });
  expect(files.find(({ data_type }) => data_type === 'labels')).toMatchObject({ confirmed: 20, changes: none });
  for (const [name, count] of Object.entries(counts)) {
    expect(metrics).toContain(`discogs_extractor_records_${name}_total{data_type="artists"} ${count}\n`);
    expect(metrics).toContain(`discogs_extractor_file_${name}_records{data_type="artists"} ${count}\n`);
  }
  expect(metrics).toContain('discogs_extractor_records_confirmed_total{data_type="artists"} 19\n');
  const logged = (start: string): unknown => JSON.parse(stdout.split('\n').find((line) => line.includes(start))!);
  const message = '📊 artists: 4 published, 15 unchanged, 2 deleted';
  expect(logged('📊 artists')).toMatchObject({ ...counts, message });
  expect(logged('✅ artists')).toMatchObject({ ...counts, records: 19 });

  expect((await runCli(['status'], { env })).stdout).toMatch(
    /artists\.xml\.gz +completed +19 records confirmed: 4 published, 15 unchanged, 2 deleted\n/,
  );

  // It is complete although most records have no message.
  const verified = await runCli(['verify'], { env });
  expect(verified).toMatchObject({ status: 0, stderr: '' });
  expect(verified.stdout).toMatch(/^ {2}artists +\S+artists\.ndjson +5 +5 +complete$/m);
  expect(verified.stdout).toMatch(/^ {2}artists +\S+artists\.deleted\.ndjson +2 +2 +complete$/m);
  expect(verified.stdout).toMatch(/^ {2}labels +\S+labels\.ndjson +1 +1 +complete$/m);
  const tombstones = join(data, 'ndjson', SECOND, 'artists.deleted.ndjson');
  const written = await readFile(tombstones);
  await truncate(tombstones, written.length - 10);
  expect((await runCli(['verify'], { env })).stdout).toMatch(/deleted\.ndjson +2 +1 +short by 1: lines were removed$/m);
  await writeFile(tombstones, Buffer.concat([written, Buffer.from('{}\n')]));
  expect((await runCli(['verify'], { env })).stdout).toMatch(/deleted\.ndjson +2 +3 +changed: its size/m);
});
