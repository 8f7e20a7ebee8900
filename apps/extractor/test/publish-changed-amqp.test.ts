import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  deleteQueue,
  drainQueue,
  startOwnBroker,
  type TestBroker,
  uniqueTopology,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { execute } from './kit/changes.js';
import { runCli, startCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { killAtMarker } from './kit/kill-at-marker.js';
import { readMarker } from './kit/markers.js';

const [V1, V2, V3, V4] = ['20260101', '20260201', '20260301', '20260401'] as const;
const QUEUE = 'q-artists';
const DELETED = 'd-artists';

let broker: TestBroker;
let folder: string;
let url: string;
let vhost: string;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(() => broker?.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changed-amqp-'));
  vhost = uniqueTopology('changes').exchange;
  await broker.createVhost(vhost);
  url = broker.urlFor({ vhost });
  return () => rm(folder, { recursive: true, force: true });
});

const write = (
  version: string,
  ids: readonly number[],
  more: { labels?: string; nameOf?: (id: number) => string } = {},
): Promise<void> => {
  const { nameOf = () => 'a', ...files } = more;
  const artists = ids.map((id) => `<artist><id>${id}</id><name>${nameOf(id)}</name></artist>`).join('');
  return writeDump(join(folder, 'dumps'), version, {
    ...smallDump(1),
    ...files,
    artists: `<artists>${artists}</artists>`,
  });
};

const envOf = (version: string): Record<string, string> => ({
  DISCOGS_ROOT: join(folder, 'data'),
  DUMP_SOURCE: join(folder, 'dumps'),
  DATA_TYPES: 'artists',
  AMQP_CONNECTION: url,
  AMQP_QUEUES: 'q-{type}',
  PUBLISH: 'changed',
  DUMP_VERSION: version,
});

const deliver = async (version: string, more: Record<string, string> = {}) => {
  const { outcome, files, events } = await execute({ ...envOf(version), ...more });
  return { outcome, changes: files[0]!.changes, events };
};

/** What arrived: the ids of records, and the other bodies; with the ids of all messages. */
const arrived = async (queue: string) => {
  const messages = await drainQueue(url, queue);
  const bodies = messages.map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);
  return {
    ids: bodies.flatMap(({ type, id }) => (type === 'data' ? [Number(id)] : [])),
    others: bodies.filter(({ type }) => type !== 'data'),
    messages,
  };
};

it('sends tombstones to their own queues, and without any, counts them all the same', async () => {
  await write(V1, [1, 2, 3, 4]);
  await write(V2, [2, 3, 4, 5]);
  await write(V3, [3, 4, 5]);
  const queues = { AMQP_DELETED_QUEUES: 'd-{type}' };
  expect(await deliver(V1, queues)).toMatchObject({ changes: { published: 4, unchanged: 0, deleted: 0 } });
  expect(await arrived(DELETED)).toMatchObject({ messages: [] });
  expect((await arrived(QUEUE)).others).toMatchObject([{ type: 'file_complete', published: 4 }]);

  expect(await deliver(V2, queues)).toMatchObject({ changes: { published: 1, unchanged: 3, deleted: 1 } });
  const [tombstone] = (await arrived(DELETED)).messages;
  expect(JSON.parse(tombstone!.body.toString())).toEqual({
    ...{ type: 'deleted', data_type: 'artists', id: '1', version: V2 },
    last_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(tombstone).toMatchObject({
    properties: { messageId: `${V2}:artists:1:deleted`, contentType: 'application/json', deliveryMode: 2 },
  });
  expect(await arrived(QUEUE)).toMatchObject({ ids: [5], others: [{ total_processed: 4, published: 1, deleted: 1 }] });

  await deleteQueue(url, DELETED);
  expect(await deliver(V3)).toMatchObject({
    outcome: 'completed',
    changes: { published: 0, unchanged: 3, deleted: 1 },
  });
  expect(await arrived(QUEUE)).toMatchObject({ ids: [], others: [{ total_processed: 3, unchanged: 3, deleted: 1 }] });
});

it.each([1, 2])(
  'leaves a queue that is taken out of the settings its own binding alone (partitions: %i)',
  async (count) => {
    await broker.enablePlugins('rabbitmq_consistent_hash_exchange');
    await write(V1, [1, 2]);
    await write(V2, [1, 2, 3]);
    const partitions = { AMQP_PARTITIONS: String(count) };
    const bindings = async (): Promise<string[]> => {
      const columns = ['destination_name', 'source_name', 'arguments'];
      const list = await broker.ctl('list_bindings', '--vhost', vhost, '--quiet', '--no-table-headers', ...columns);
      return list.split('\n').filter((line) => line.startsWith('old-artists') && line.includes('discogs-extractor.'));
    };
    await deliver(V1, { ...partitions, AMQP_QUEUES: 'q-{type},old-{type}' });
    expect(await bindings()).not.toEqual([]);
    await deliver(V2, partitions);
    expect(await bindings()).toEqual([]);
  },
);

it('sends everything once more if a queue was set up again between two dumps', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => index);
  await write(V1, ids);
  await write(V2, [...ids, 40]);
  await write(V3, [...ids, 40]);
  await deliver(V1);
  await arrived(QUEUE);
  // Its messages were taken: nothing is wrong.
  expect(await deliver(V2)).toMatchObject({ changes: { published: 1, unchanged: 40 } });
  await deleteQueue(url, QUEUE);
  const again = await deliver(V3);
  expect(again).toMatchObject({ outcome: 'completed', changes: { published: 41, unchanged: 0 } });
  expect(again.events).toContainEqual(expect.objectContaining({ type: 'changes-distrusted' }));
  expect((await arrived(QUEUE)).ids).toHaveLength(41);
  // A queue that is added has nothing yet.
  await write(V4, [...ids, 40]);
  expect(await deliver(V4, { AMQP_QUEUES: 'q-{type},r-{type}' })).toMatchObject({ changes: { published: 41 } });
  // Only what the next dump needs is left on the broker.
  const tokens = await broker.evaluate(
    `[N || {resource, <<"${vhost}">>, _, N} <- rabbit_exchange:list_names() ++ rabbit_amqqueue:list_names(), binary:match(N, <<"discogs-extractor">>) =/= nomatch].`,
  );
  expect(new Set(tokens.match(/discogs-extractor\.\d+/g))).toEqual(new Set([`discogs-extractor.${V4}`]));
});

it('sends everything once more after messages were missing at the end of a file', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => index);
  await write(V1, ids);
  await write(V2, ids);
  const there = { AMQP_CONNECTION: broker.url, AMQP_QUEUES: 'short-{type}' };
  await broker.setPolicy('short', '^short-artists$', { 'max-length': 10 });
  const short = await deliver(V1, there);
  expect(short.changes).toMatchObject({ published: 40 });
  expect(short.events).toContainEqual(expect.objectContaining({ type: 'changes-distrusted' }));
  await broker.deletePolicy('short');
  expect((await deliver(V2, there)).changes).toEqual({ published: 40, unchanged: 0, deleted: 0 });
});

it('still knows the queues of a type after the dump was completed by a run for another one', async () => {
  await write(V1, [1, 2], { labels: '<labels><label><id>1</id>' });
  expect((await deliver(V1, { DATA_TYPES: 'artists,labels' })).outcome).toBe('failed');
  await write(V1, [1, 2]);
  expect((await deliver(V1, { DATA_TYPES: 'labels' })).outcome).toBe('completed');
  await write(V2, [1, 2, 3]);
  expect((await deliver(V2)).changes).toEqual({ published: 1, unchanged: 2, deleted: 0 });
});

it('knows what was refused, also after a kill between the marker and the store, and sends it once it is taken', async () => {
  await write(V1, [1, 2, 3]);
  const nameOf = (id: number): string => (id === 2 ? 'large'.repeat(1000) : 'b');
  await write(V2, [1, 2, 3], { nameOf });
  await write(V3, [1, 2, 3, 4], { nameOf });
  await deliver(V1);
  await arrived(QUEUE);
  const limits = { AMQP_MAX_MESSAGE_BYTES: '2000', MAX_MALFORMED_RECORDS: '1' };
  const killed = startCli(['run', '--once'], { env: { ...envOf(V2), ...limits, ...killAtMarker(/"refused": 1/) } });
  expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
  const { processing_phase: phase } = (await readMarker(join(folder, 'data'), V2))!;
  expect(phase.progress_by_file[dumpFile(V2, 'artists')]).toMatchObject({
    status: 'in_progress',
    messages_published: 3,
  });
  expect((await deliver(V2, limits)).changes).toEqual({ published: 2, unchanged: 0, deleted: 0 });
  expect((await arrived(QUEUE)).ids).toEqual([1, 3]);
  expect((await deliver(V3)).changes).toEqual({ published: 2, unchanged: 2, deleted: 0 });
  expect((await arrived(QUEUE)).ids).toEqual([2, 4]);
});

it('verifies tombstones where they are: in queues of their own, and next to the records', async () => {
  const queues = { AMQP_DELETED_QUEUES: `d-{type},q-{type}` };
  await write(V1, [1, 2, 3]);
  await write(V2, [2, 3, 4]);
  await deliver(V1, queues);
  await arrived(QUEUE);
  await deliver(V2, queues);
  const verify = async () => {
    const result = await runCli(['verify', '--json', '--dump-version', V2], { env: { ...envOf(V2), ...queues } });
    const { places } = JSON.parse(result.stdout) as { places: { place: string; verdict: string; found: number }[] };
    return [
      result.status,
      Object.fromEntries(places.map(({ place, verdict, found }) => [place, `${verdict} ${found}`])),
    ];
  };
  // A record, file_complete, and the tombstone.
  expect(await verify()).toEqual([0, { [QUEUE]: 'complete 3', [DELETED]: 'complete 1' }]);
  await arrived(DELETED);
  expect(await verify()).toEqual([1, { [QUEUE]: 'complete 3', [DELETED]: 'short 0' }]);
});

it('fails if the broker does not take a tombstone, which the next run sends', async () => {
  const queues = { AMQP_DELETED_QUEUES: 'd-{type}' };
  await write(V1, [1, 2]);
  await write(V2, [1]);
  await deliver(V1, queues);
  await arrived(QUEUE);
  const failed = await deliver(V2, { ...queues, AMQP_MAX_MESSAGE_BYTES: '130' });
  expect(failed).toMatchObject({ outcome: 'failed', changes: { unchanged: 1, deleted: 0 } });
  expect(failed.events).toContainEqual(
    expect.objectContaining({ type: 'file-finished', error: expect.objectContaining({ code: 'MESSAGE_REFUSED' }) }),
  );
  expect(await arrived(QUEUE)).toMatchObject({ messages: [] });
  expect((await deliver(V2, queues)).changes).toEqual({ published: 0, unchanged: 1, deleted: 1 });
  expect((await arrived(DELETED)).others).toMatchObject([{ type: 'deleted', id: '2' }]);
});
