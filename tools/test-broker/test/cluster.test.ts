import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type ClusterNode,
  drainQueue,
  startNewCluster,
  type TestCluster,
  until,
  withConnection,
} from '../src/index.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startNewCluster({ plugins: ['rabbitmq_consistent_hash_exchange'] });
}, 120_000);
afterAll(async () => {
  await cluster?.close();
});

const QUEUE = 'cluster-test';

/** Publishes to a quorum queue through a node; resolves with whether it was confirmed. */
const publish = ({ url }: ClusterNode, text: string): Promise<boolean> =>
  withConnection(url, async (connection) => {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    await channel.assertQueue(QUEUE, { arguments: { 'x-queue-type': 'quorum' } });
    await channel.assertExchange('spread', 'x-consistent-hash');
    channel.sendToQueue(QUEUE, Buffer.from(text));
    await channel.waitForConfirms();
    return true;
  }).catch(() => false);

it('replicates a quorum queue to nodes that can be killed, drained and cut off from each other', async () => {
  const [first, second, third] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
  await until(() => publish(first, 'one'));
  const leader = await until(() => cluster.leaderOf(QUEUE));
  expect(cluster.nodes.map(({ name }) => name)).toContain(leader);

  await first.kill9();
  // Until the queue has another leader, the broker refuses messages, or closes the connection.
  await until(() => publish(second, 'two'));
  expect(await cluster.leaderOf(QUEUE)).not.toBe(first.name);
  await first.start();

  await second.drain();
  expect(await publish(second, 'never')).toBe(false);
  await until(() => publish(first, 'three'));
  expect(await cluster.leaderOf(QUEUE)).not.toBe(second.name);
  await second.revive();

  await cluster.isolate(third);
  expect(await publish(third, 'never')).toBe(false);
  await until(() => publish(second, 'four'));
  await cluster.heal();
  const texts = (await drainQueue(third.url, QUEUE)).map(({ body }) => body.toString());
  expect([...new Set(texts)]).toEqual(['one', 'two', 'three', 'four']);
}, 120_000);
