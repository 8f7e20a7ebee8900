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

  it('is asked again for what a classic queue may lack, since another one took it while its node was down', async () => {
    const [home, other] = cluster.nodes as [ClusterNode, ClusterNode];
    const { exchange, queue } = uniqueTopology('lacking');
    const [a, b] = [queue('a'), queue('b')].map((name) => ({ name, routingKeys: ['k'] })) as [
      { name: string; routingKeys: string[] },
      { name: string; routingKeys: string[] },
    ];
    let isLost = false;
    const options = { exchange, backoff: { initialMs: 50, maxMs: 200 } };
    const onEvent = ({ type }: PublisherEvent): void => {
      if (type === 'lost') isLost = true;
    };
    const message = (n: number) => ({ routingKey: 'k', body: Buffer.from(`${n}`) });
    await (await createPublisher({ url: home.url, ...options, queues: [a] })).close();
    await using publisher = await createPublisher({ url: other.url, ...options, queues: [a, b], onEvent });
    let last = 0;
    const publishing = (async () => {
      while (!isLost) await publisher.publishConfirmed(message(++last));
      await publisher.flush();
    })();
    publishing.catch(() => {});
    await until(() => last > 100);
    await home.stopApp();
    await until(() => isLost);
    await home.startApp();
    const error = await publishing.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'QUEUE_UNAVAILABLE', facts: { queue: a.name } });
    const { verified } = (error as { facts: { verified: number } }).facts;
    await using again = await createPublisher({ url: other.url, ...options, queues: [a, b] });
    for (let n = verified + 1; n <= last; n++) await again.publishConfirmed(message(n));
    for (const { name } of [a, b]) {
      const numbers = (await drainQueue(other.url, name)).map(({ body }) => Number(body.toString()));
      expect([...new Set(numbers)].sort((one, two) => one - two)).toEqual(
        Array.from({ length: last }, (_, n) => n + 1),
      );
    }
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
