import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';
import {
  countMessages,
  deleteQueue,
  drainQueue,
  startOwnBroker,
  type TestBroker,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, runCli, startCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { isExhaustive } from './kit/exhaustive.js';
import { editMarker, type MarkerFileProgress, markerPath, readMarker } from './kit/markers.js';

const VERSION = '20260101';
const RECORDS = 40;

let base: string;
let broker: TestBroker;
let folder: string;
let data: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'destination-'));
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'));
  data = join(folder, 'data');
});

const progressOf = async (type: 'artists' | 'labels'): Promise<MarkerFileProgress> =>
  (await readMarker(data, VERSION))!.processing_phase.progress_by_file[dumpFile(VERSION, type)]!;
const errorsOf = ({ stdout }: CliResult): { code?: string; message: string; error?: string }[] =>
  stdout
    .split('\n')
    .filter((line) => line.includes('"level":"ERROR"'))
    .map((line) => JSON.parse(line) as { code?: string; message: string });

describe('a run that would deliver to another place than the one before', () => {
  /** Each record is delivered, but the stray text after them stops the file before `file_complete`, until it is allowed. */
  const writeUnfinishedDump = (): Promise<void> =>
    writeDump(join(folder, 'dumps'), VERSION, {
      ...smallDump(RECORDS),
      artists: smallDump(RECORDS).artists.replace('</artists>', 'stray</artists>'),
    });
  const run = (env: Record<string, string>, ...more: string[]): Promise<CliResult> =>
    runCli(['run', '--once', '--source', join(folder, 'dumps'), '--types', 'artists', ...more], {
      env: { DISCOGS_ROOT: data, AMQP_CONNECTION: broker.url, MAX_LEFT_OUT: '0', ...env },
    });
  /** The run ends with one error, before it changes anything. */
  const expectRefused = async (result: CliResult, facts: readonly string[]): Promise<void> => {
    const [error, ...others] = errorsOf(result);
    expect(others).toEqual([]);
    expect(error, result.stdout).toMatchObject({ code: 'DESTINATION_CHANGED' });
    expect(result.status).toBe(1);
    for (const fact of [dumpFile(VERSION, 'artists'), `(${RECORDS})`, '--force-reprocess', ...facts])
      expect(error!.message).toContain(fact);
    expect(result.stdout).not.toContain('nothing to do');
    expect(await countMessages(broker.url, 'one-artists')).toBe(RECORDS);
  };

  it('on RabbitMQ is refused, also when the dump is completed, until it is forced', async () => {
    await writeUnfinishedDump();
    const here = { AMQP_QUEUES: 'one-{type},two-{type}', AMQP_EXCHANGE: 'here' };
    const unfinished = await run(here);
    expect(errorsOf(unfinished)[0]).toMatchObject({ code: 'CONTENT_LEFT_OUT' });
    const { destination } = await progressOf('artists');
    expect(destination).toEqual({
      sink: 'amqp',
      cluster: expect.stringContaining('@'),
      addresses: [`127.0.0.1:${broker.port}`],
      vhost: '/',
      exchange: 'here',
      queues: ['one-artists', 'two-artists'],
      contract: 'topic',
    });
    const cluster = destination!['cluster'] as string;
    const before = await readFile(markerPath(data, VERSION), 'utf8');
    expect(before).not.toContain('guest');

    await broker.createVhost('elsewhere');
    await broker.evaluate('rabbit_nodes:set_cluster_name(<<"renamed">>, <<"test">>).');
    await expectRefused(await run(here), [`cluster ${cluster}`, 'cluster renamed']);
    await broker.evaluate(`rabbit_nodes:set_cluster_name(<<"${cluster}">>, <<"test">>).`);
    if (isExhaustive) {
      const vhost = await run({ ...here, AMQP_CONNECTION: broker.urlFor({ vhost: 'elsewhere' }) });
      await expectRefused(vhost, ['vhost /', 'vhost elsewhere']);
      await expectRefused(await run({ ...here, AMQP_EXCHANGE: 'there' }), ['exchange here', 'exchange there']);
    }
    await expectRefused(await run({ ...here, AMQP_QUEUES: 'one-{type},two-{type},three-{type}' }), ['three-artists']);
    expect(await readFile(markerPath(data, VERSION), 'utf8')).toBe(before);

    // Fewer queues lack nothing, but more than these lack something then.
    const fewer = { ...here, AMQP_QUEUES: 'one-{type}' };
    expect(errorsOf(await run(fewer))[0]).toMatchObject({ code: 'CONTENT_LEFT_OUT' });
    expect((await progressOf('artists')).destination).toEqual({ ...destination, queues: ['one-artists'] });
    await expectRefused(await run(here), ['two-artists']);

    // With the content allowed, the file is completed. A new place is refused nevertheless.
    await run({ ...fewer, MAX_LEFT_OUT: '1' });
    expect(await progressOf('artists')).toMatchObject({ status: 'completed' });
    // The queue that is left out stays bound.
    expect(await drainQueue(broker.url, 'two-artists')).toHaveLength(RECORDS + 1);
    expect(await drainQueue(broker.url, 'one-artists')).toHaveLength(RECORDS + 1);
    const there = { ...fewer, AMQP_EXCHANGE: 'there', MAX_LEFT_OUT: '1' };
    const completed = await run(there);
    expect(completed.status).toBe(1);
    expect(errorsOf(completed)).toEqual([expect.objectContaining({ code: 'DESTINATION_CHANGED' })]);
    expect((await run(fewer)).stdout).toContain('nothing to do');

    await run(there, '--force-reprocess');
    expect(await progressOf('artists')).toMatchObject({ status: 'completed', destination: { exchange: 'there' } });
    expect(await drainQueue(broker.url, 'one-artists')).toHaveLength(RECORDS + 1);
  });

  it('has nothing to do although the broker is away, with a warning, if the dump is completed', async () => {
    await writeDump(join(folder, 'dumps'), VERSION, smallDump(3));
    expect(await run({})).toMatchObject({ status: 0 });
    const away = await run({ AMQP_CONNECTION: 'amqp://127.0.0.1:1' });
    expect(away.status).toBe(0);
    expect(away.stdout).toContain('"level":"WARNING"');
    expect(away.stdout).toContain('UNREACHABLE');
    expect(away.stdout).toContain('nothing to do');
  });
});

it('delivers completed files of an unfinished dump again if their queues are gone, and refuses a completed dump', async () => {
  const { labels, ...others } = smallDump(RECORDS);
  await writeDump(join(folder, 'dumps'), VERSION, { ...others, labels: labels.replace('</labels>', 'stray</labels>') });
  await broker.createVhost('again');
  const url = broker.urlFor({ vhost: 'again' });
  const run = (maxLeftOut: string): Promise<CliResult> =>
    runCli(['run', '--once', '--source', join(folder, 'dumps'), '--types', 'artists,labels'], {
      env: { DISCOGS_ROOT: data, AMQP_CONNECTION: url, AMQP_QUEUES: 'q-{type}', MAX_LEFT_OUT: maxLeftOut },
    });
  expect(await run('0')).toMatchObject({ status: 1 });
  expect(await progressOf('artists')).toMatchObject({ status: 'completed' });
  await broker.deleteVhost('again');
  await broker.createVhost('again');
  // As consumers do that start first.
  await withConnection(url, async (connection) => {
    await (await connection.createChannel()).assertQueue('q-artists', { durable: true });
  });

  const { stdout } = await run('1');
  expect(stdout).toContain('artists: delivering again from the first record: Queue q-artists was deleted');
  for (const queue of ['q-artists', 'q-labels']) expect(await countMessages(url, queue)).toBe(RECORDS + 1);
  expect((await progressOf('artists')).checkpoint).not.toHaveProperty('token');
  expect((await run('1')).stdout).toContain('nothing to do');

  await deleteQueue(url, 'q-artists');
  const refused = await run('1');
  expect(refused.status).toBe(1);
  expect(errorsOf(refused)).toEqual([expect.objectContaining({ code: 'DESTINATION_CHANGED' })]);
});

describe('a file in the marker of another extractor', () => {
  it('is delivered from its first record unless it is completed', async () => {
    const dumps = join(folder, 'dumps');
    await writeDump(dumps, VERSION, smallDump(RECORDS));
    const env = { DISCOGS_ROOT: data, AMQP_CONNECTION: broker.url, AMQP_EXCHANGE: 'foreign', AMQP_QUEUES: 'f-{type}' };
    const args = ['run', '--once', '--source', dumps, '--types', 'artists,labels'];
    expect(await runCli(args, { env })).toMatchObject({ status: 0 });
    // They write the checksum, and count what they have handed to a queue of their own, which is not confirmed.
    await editMarker(data, VERSION, (marker) => {
      const files = marker.processing_phase.progress_by_file;
      for (const file of Object.values(files)) {
        delete file.destination;
        delete file.checkpoint;
      }
      Object.assign(files[dumpFile(VERSION, 'artists')]!, { status: 'in_progress', messages_published: 30 });
      marker.processing_phase.status = 'in_progress';
    });
    for (const type of ['artists', 'labels']) await deleteQueue(broker.url, `f-${type}`);
    expect(await runCli(args, { env })).toMatchObject({ status: 0 });
    expect(await drainQueue(broker.url, 'f-artists')).toHaveLength(RECORDS + 1);
    expect((await progressOf('labels')).destination).toBeUndefined();
  });
});

describe('a queue that is deleted in mid-run', () => {
  it('fails the file, and the next run delivers it from the first record and says why', async () => {
    const dumps = join(folder, 'dumps');
    await generateDump({ directory: dumps, version: VERSION, seed: 4, records: 6_000, types: ['artists'] });
    const env = {
      ...{ DISCOGS_ROOT: data, AMQP_CONNECTION: broker.url, AMQP_EXCHANGE: 'loss', AMQP_QUEUES: 'a-{type},b-{type}' },
      ...{ QUEUE_SIZE: '200', STATE_SAVE_INTERVAL: '200' },
    };
    const args = ['run', '--once', '--source', dumps, '--types', 'artists'];
    const first = startCli(args, { env });
    await until(
      () => readMarker(data, VERSION),
      (marker) =>
        Object.values(marker?.processing_phase.progress_by_file ?? {}).some((it) => it.messages_published > 0),
    );
    await deleteQueue(broker.url, 'b-artists');
    const failed = await first.ended;
    expect(failed.status).toBe(1);
    const progress = await progressOf('artists');
    expect(progress).toMatchObject({ status: 'failed', messages_published: 0, records_extracted: 0 });
    expect(progress.restart_reason).toContain('b-artists');
    expect(progress.checkpoint).toBeUndefined();

    const second = await runCli(args, { env });
    expect(second.status).toBe(0);
    expect(second.stdout).toContain(JSON.stringify(progress.restart_reason).slice(1, -1));
    for (const queue of ['a-artists', 'b-artists']) {
      const ids = (await drainQueue(broker.url, queue)).slice(0, -1).map(({ properties }) => properties.messageId);
      expect(new Set(ids).size, queue).toBe(6_000);
    }
  });
});
