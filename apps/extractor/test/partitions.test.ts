import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectStreamClient,
  deleteExchange,
  deleteQueue,
  drainQueue,
  startOwnBroker,
  type TestBroker,
  uniqueTopology,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { execute } from './kit/changes.js';
import { runCli, startCli } from './kit/cli.js';
import { smallDump, writeDump } from './kit/dumps.js';

const [V1, V2, V3] = ['20260101', '20260201', '20260301'] as const;
const PARTITIONS = 6;

let broker: TestBroker;
let folder: string;
let url: string;
let env: Record<string, string>;
beforeAll(async () => {
  broker = await startOwnBroker();
  await broker.enablePlugins('rabbitmq_consistent_hash_exchange');
});
afterAll(() => broker?.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partitions-'));
  const vhost = uniqueTopology('partitions').exchange;
  await broker.createVhost(vhost);
  url = broker.urlFor({ vhost });
  env = {
    DISCOGS_ROOT: join(folder, 'data'),
    DUMP_SOURCE: join(folder, 'dumps'),
    DATA_TYPES: 'artists',
    AMQP_CONNECTION: url,
    AMQP_QUEUES: 'q-{type},r-{type}',
    AMQP_DELETED_QUEUES: 'r-{type},d-{type}',
    AMQP_PARTITIONS: String(PARTITIONS),
  };
  return () => rm(folder, { recursive: true, force: true });
});

const write = (version: string, ids: readonly number[], name = 'a'): Promise<void> =>
  writeDump(join(folder, 'dumps'), version, {
    ...smallDump(1),
    artists: `<artists>${ids.map((id) => `<artist><id>${id}</id><name>${name}</name></artist>`).join('')}</artists>`,
  });
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);
const deliver = async (version: string, more: Record<string, string> = {}) => {
  const { outcome, files, events } = await execute({ ...env, DUMP_VERSION: version, ...more });
  return { outcome, changes: files[0]!.changes, events };
};

type Message = Readonly<Record<string, unknown>>;
/** The messages of a queue. */
const drain = async (queue: string): Promise<Message[]> =>
  (await drainQueue(url, queue)).map(({ body }) => JSON.parse(body.toString()) as Message);
/** The messages of each partition of a queue. */
const drainPartitions = (queue: string, count = PARTITIONS): Promise<Message[][]> =>
  Promise.all(Array.from({ length: count }, (_, index) => drain(`${queue}-${index}`)));
const idsOf = (messages: readonly Message[]): number[] =>
  messages.flatMap(({ type, id }) => (type === 'data' ? [Number(id)] : []));
const ascending = (numbers: readonly number[]): number[] => numbers.toSorted((one, other) => one - other);

it('delivers each record to one partition, and the end of the file and tombstones to all, month after month', async () => {
  const changed = { PUBLISH: 'changed' };
  await write(V1, range(1, 300));
  await write(V2, [...range(4, 300), 301], 'b');
  await deliver(V1, changed);
  const verified = await runCli(['verify', '--json'], { env });
  expect(verified.status).toBe(0);
  expect(JSON.parse(verified.stdout)).toMatchObject({
    places: ['q', 'r'].map((name) => ({
      place: `${name}-artists (6 partitions)`,
      expected: 306,
      found: 306,
      verdict: 'complete',
    })),
  });
  const partitionOf = new Map<number, number>();
  for (const name of ['q-artists', 'r-artists']) {
    const first = await drainPartitions(name);
    expect(ascending(first.flatMap(idsOf))).toEqual(range(1, 300));
    for (const [index, messages] of first.entries()) {
      expect(idsOf(messages)).toEqual(ascending(idsOf(messages)));
      expect(messages.at(-1)).toMatchObject({ type: 'file_complete', total_processed: 300 });
      expect(messages).toHaveLength(idsOf(messages).length + 1);
      for (const id of idsOf(messages)) expect(partitionOf.get(id) ?? index).toBe(index);
      for (const id of idsOf(messages)) partitionOf.set(id, index);
    }
  }

  expect(await deliver(V2, changed)).toMatchObject({ changes: { published: 298, deleted: 3 } });
  expect(await runCli(['verify'], { env })).toMatchObject({ status: 0 });
  for (const messages of await drainPartitions('q-artists')) {
    expect(messages.map(({ type }) => type).filter((type) => type !== 'data')).toEqual(['file_complete']);
  }
  for (const [index, messages] of (await drainPartitions('r-artists')).entries()) {
    expect(messages.slice(-4).map(({ type, id }) => id ?? type)).toEqual(['1', '2', '3', 'file_complete']);
    for (const id of idsOf(messages)) expect(partitionOf.get(id) ?? index).toBe(index);
  }
  // It has no records to share.
  expect((await drain('d-artists')).map(({ id }) => id)).toEqual(['1', '2', '3']);
});

it('notices another number of partitions, a queue that is in the way, and one that is deleted between two months', async () => {
  const changed = { PUBLISH: 'changed' };
  for (const version of [V1, V2, V3]) await write(version, range(1, 40));
  await deliver(V1, changed);
  const marker = JSON.parse(await readFile(join(folder, 'data', `.extraction_status_${V1}.json`), 'utf8'));
  expect(Object.values(marker.processing_phase.progress_by_file)).toMatchObject([
    { destination: { queues: ['q-artists', 'r-artists'], partitions: '6' } },
  ]);
  await expect(deliver(V1, { ...changed, AMQP_PARTITIONS: '5' })).rejects.toMatchObject({
    code: 'DESTINATION_CHANGED',
    message: expect.stringContaining('partitions 6'),
  });
  // Records of the same exchange would still go to the sixth partition, of which nothing is known then.
  await expect(deliver(V2, { ...changed, AMQP_PARTITIONS: '5' })).rejects.toMatchObject({
    code: 'TOPOLOGY_CONFLICT',
    message: expect.stringContaining('q-artists-5, r-artists-5'),
  });
  const more = { ...changed, AMQP_PARTITIONS: '7' };
  expect(await deliver(V2, more)).toMatchObject({ changes: { published: 40 } });
  expect((await drainPartitions('q-artists', 7)).flatMap(idsOf)).toHaveLength(80);
  await deleteQueue(url, 'q-artists-3');
  const verified = await runCli(['verify'], { env: { ...env, ...more } });
  expect(verified.status).not.toBe(0);
  expect(verified.stdout).toContain('these partitions do not exist: q-artists-3');
  const again = await deliver(V3, more);
  expect(again).toMatchObject({ changes: { published: 40 } });
  expect(again.events).toContainEqual(expect.objectContaining({ type: 'changes-distrusted' }));

  // One that is left of a larger number gets no records, even if it is not found.
  const left = ['q-artists', 'r-artists'] as const;
  for (const name of left) {
    await deleteQueue(url, `${name}-5`);
    await drain(`${name}-6`);
  }
  const fresh = (root: string) => ({ AMQP_DELETED_QUEUES: '', DISCOGS_ROOT: join(folder, root) });
  await deliver(V1, { ...fresh('five'), AMQP_PARTITIONS: '5' });
  expect((await drain('q-artists-6')).map(({ type }) => type)).toEqual(['file_complete']);
  const one = { ...fresh('one'), AMQP_PARTITIONS: '1' };
  await expect(deliver(V1, one)).rejects.toMatchObject({
    code: 'TOPOLOGY_CONFLICT',
    facts: { queue: 'q-artists-0' },
    message: expect.stringContaining('delete the exchanges q-artists, r-artists'),
  });
  await drainPartitions('q-artists', 5);
  for (const name of left) await deleteExchange(url, name);
  await deliver(V1, one);
  expect(idsOf(await drain('q-artists'))).toEqual(range(1, 40));
  expect((await drainPartitions('q-artists', 5)).flat()).toEqual([]);

  await withConnection(url, async (connection) => {
    await (await connection.createChannel()).assertQueue('s-artists');
  });
  const other = { AMQP_QUEUES: 's-{type}', DISCOGS_ROOT: join(folder, 'other') };
  await expect(deliver(V1, other)).rejects.toMatchObject({ code: 'TOPOLOGY_CONFLICT', facts: { queue: 's-artists' } });
  await expect(deliver(V1, { ...other, AMQP_QUEUES: 's-{type},s-{type}-2' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('s-artists-2'),
  });
  for (const [name, value] of [
    ['AMQP_PARTITIONS', '0'],
    ['AMQP_PARTITIONS', '101'],
    ['CONTRACT', 'fanout'],
  ] as const) {
    const refused = { AMQP_QUEUES: '', AMQP_DELETED_QUEUES: '', [name]: value };
    await expect(deliver(V1, refused), `${name}=${value}`).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('AMQP_PARTITIONS'),
    });
  }
});

it('resumes after a kill within QUEUE_SIZE, and begins again when a partition is deleted', async () => {
  const QUEUE_SIZE = 50;
  const count = 1_500;
  await write(V1, range(1, count));
  const run = () =>
    startCli(['run', '--once'], { env: { ...env, QUEUE_SIZE: String(QUEUE_SIZE), AMQP_QUEUE_TYPE: 'quorum' } });
  const savedRecords = async (): Promise<number> => {
    const text = await readFile(join(folder, 'data', `.extraction_status_${V1}.json`), 'utf8').catch(() => '{}');
    const files = Object.values(JSON.parse(text).processing_phase?.progress_by_file ?? {});
    return (files[0] as { messages_published?: number } | undefined)?.messages_published ?? 0;
  };
  const first = run();
  await until(async () => (await savedRecords()) > 300);
  first.process.kill('SIGKILL');
  await first.ended;
  expect(await savedRecords()).toBeLessThan(count);
  const second = run();
  expect(await second.ended).toMatchObject({ status: 0 });
  for (const name of ['q-artists', 'r-artists']) {
    const partitions = await drainPartitions(name);
    const ids = partitions.flatMap(idsOf);
    expect(new Set(ids).size).toBe(count);
    expect(ids.length - count).toBeLessThanOrEqual(QUEUE_SIZE);
    for (const messages of partitions) {
      const firsts = [...new Set(idsOf(messages))];
      expect(firsts).toEqual(ascending(firsts));
      expect(messages.filter(({ type }) => type === 'file_complete')).toHaveLength(1);
      expect(messages.at(-1)).toMatchObject({ type: 'file_complete', total_processed: count });
    }
  }

  await write(V2, range(1, count), 'b');
  const third = run();
  await until(async () =>
    (await readFile(join(folder, 'data', `.extraction_status_${V2}.json`), 'utf8').catch(() => '')).includes('"token"'),
  );
  third.process.kill('SIGSTOP');
  await deleteQueue(url, 'r-artists-4');
  third.process.kill('SIGCONT');
  const ended = await third.ended;
  if (ended.status !== 0) expect(await run().ended).toMatchObject({ status: 0 });
  const partitions = await drainPartitions('r-artists');
  expect(new Set(partitions.flatMap(idsOf)).size).toBe(count);
  for (const messages of partitions) expect(messages.at(-1)).toMatchObject({ type: 'file_complete' });
});

it('fills super streams, which clients of streams consume', async () => {
  await write(V1, range(1, 60));
  const settings = { AMQP_QUEUE_TYPE: 'stream', AMQP_DELETED_QUEUES: 'none', AMQP_PARTITIONS: '3' };
  await deliver(V1, settings);
  await using client = await connectStreamClient(broker, { vhost: decodeURIComponent(new URL(url).pathname.slice(1)) });
  const isWhole = (messages: readonly string[]): boolean => /"type":\s*"file_complete"/.test(messages.at(-1) ?? '');
  const partitions = (await client.readSuperStream('q-artists', isWhole)).map((messages) =>
    messages.map((message) => JSON.parse(message) as Message),
  );
  expect(ascending(partitions.flatMap(idsOf))).toEqual(range(1, 60));
  expect(partitions).toHaveLength(3);
  for (const messages of partitions) {
    expect(idsOf(messages)).toEqual(ascending(idsOf(messages)));
    expect(messages).toHaveLength(idsOf(messages).length + 1);
    expect(messages.length).toBeGreaterThan(1);
    expect(messages.at(-1)).toMatchObject({ type: 'file_complete', total_processed: 60 });
  }
});
