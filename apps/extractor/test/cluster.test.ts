import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { createPublisher, inspectQueues, type PublisherEvent } from '@discogs-extractor/publisher';
import {
  type ClusterNode,
  drainQueue,
  startNewCluster,
  type TestCluster,
  uniqueTopology,
  until,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultName, runClusterRound } from './kit/cluster-rounds.js';
import { runHomeNodeRound } from './kit/home-node-round.js';

const SEED = Number(process.env['CLUSTER_SEED'] ?? Date.now() % 1_000_000);
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startNewCluster({ plugins: ['rabbitmq_consistent_hash_exchange'] });
}, 180_000);
afterAll(async () => {
  await cluster?.close();
});

describe('a cluster of three nodes', () => {
  const random = randomFrom(SEED);
  it.each<{ fault: FaultName; partitions: number[] }>([
    { fault: 'killed', partitions: [1, 6] },
    { fault: 'drained', partitions: [1] },
    { fault: 'isolated', partitions: [6] },
  ])(
    `gets every record, in order, while a node is $fault, with partitions: $partitions (seed ${SEED})`,
    async ({ fault, partitions }) => {
      await runClusterRound({ cluster, faults: [fault], random, records: 3_000, partitions });
    },
    120_000,
  );

  it('gets every record into each of two classic queues, although the node of one is down for a while', async () => {
    const queues = { queueType: 'classic', names: 2, partitions: 1, hasAlternate: false } as const;
    await runHomeNodeRound({ cluster, outage: 'stopped', ...queues, records: 12_000 });
  }, 120_000);

  it('is waited for while the node of a classic queue is down, whose messages no other node takes', async () => {
    const [home, other] = cluster.nodes as [ClusterNode, ClusterNode];
    const { exchange, queue } = uniqueTopology('classic');
    const name = queue('q');
    const events: PublisherEvent[] = [];
    const options = {
      ...{ exchange, queues: [{ name, routingKeys: ['k'] }], backoff: { initialMs: 50, maxMs: 200 } },
      onEvent: (event: PublisherEvent): void => void events.push(event),
    };
    // A classic queue is on the node that it is declared through.
    await (await createPublisher({ url: home.url, ...options })).close();
    await using publisher = await createPublisher({ url: other.url, ...options });
    await publisher.publishConfirmed({ routingKey: 'k', body: Buffer.from('1') });
    await publisher.flush();
    await home.stopApp();
    // It is returned, which is no reason to give up.
    const second = publisher.publishConfirmed({ routingKey: 'k', body: Buffer.from('2') });
    await until(() =>
      events.some((event) => event.type === 'lost' && /down or inaccessible/.test(event.error.message)),
    );
    // Nor is it one for a publisher that connects now.
    const late = createPublisher({ url: cluster.urls, ...options });
    await expect(inspectQueues({ url: other.url, queues: [name] })).rejects.toThrow(/down or inaccessible/);
    await home.startApp();
    await second;
    await (await late).close();
    const texts = (await drainQueue(home.url, name)).map(({ body }) => body.toString());
    expect([...new Set(texts)]).toEqual(['1', '2']);
  }, 120_000);
});
