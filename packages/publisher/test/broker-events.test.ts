import { setTimeout as sleep } from 'node:timers/promises';
import {
  bindQueue,
  purgeQueue,
  startOwnBroker,
  type TestBroker,
  unbindQueue,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drainNumbers, publishNumbered, range } from './support/numbered-messages.js';
import { countEvents, openPublisher, twoQueues } from './support/publisher-harness.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
  await broker.enablePlugins('rabbitmq_event_exchange');
});
afterAll(() => broker?.close());

/** A queue with a consumer that acks nothing, of which no count says anything. */
const withConsumer = <T>(queue: string, work: () => Promise<T>): Promise<T> =>
  withConnection(broker.url, async (connection) => {
    const channel = await connection.createChannel();
    await channel.consume(queue, () => {});
    return work();
  });

describe('a broker that reports its events', () => {
  it('reports a binding that was removed for some time, although the queue has a consumer', async () => {
    const { exchange, a, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    await withConsumer(a, async () => {
      await publishNumbered(publisher, 1, 100);
      await publisher.flush();
      await unbindQueue(broker.url, a, exchange, 'k');
      await bindQueue(broker.url, a, exchange, 'k');
      // Only after a pause of 100 ms does the publisher count again: otherwise the error names all messages, to be safe.
      await sleep(150);
      await publishNumbered(publisher, 101, 101);
      await expect(publisher.flush()).rejects.toMatchObject({
        code: 'TOPOLOGY_MISSING',
        facts: { queue: a, verified: 100 },
      });
    });
    await publisher.close();
  });

  it('reports a queue and an exchange that were deleted and declared again', async () => {
    const replace = {
      'queue-replaced': async (queue: string) =>
        withConnection(broker.url, async (connection) => {
          const channel = await connection.createChannel();
          await channel.deleteQueue(queue);
          await channel.assertQueue(queue);
        }),
      'exchange-replaced': async (_: string, exchange: string) =>
        withConnection(broker.url, async (connection) => {
          const channel = await connection.createChannel();
          await channel.deleteExchange(exchange);
          await channel.assertExchange(exchange, 'topic');
        }),
    };
    for (const reason of ['queue-replaced', 'exchange-replaced'] as const) {
      const { exchange, a, b, options } = twoQueues();
      const { publisher } = await openPublisher({ url: broker.url, ...options });
      await publishNumbered(publisher, 1, 10);
      await publisher.flush();
      await replace[reason](a, exchange);
      for (const queue of [a, b]) await bindQueue(broker.url, queue, exchange, 'k');
      await publishNumbered(publisher, 11, 20);
      await expect(publisher.flush()).rejects.toMatchObject({ code: 'TOPOLOGY_LOST', facts: { reason, verified: 10 } });
      await publisher.close();
    }
  });

  it('makes every shortfall a removal: messages that a client takes are missing, and nothing else', async () => {
    const { a, b, options } = twoQueues();
    const { publisher, events } = await openPublisher({ url: broker.url, ...options });
    await publishNumbered(publisher, 1, 500);
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createChannel();
      for (let n = 1; n <= 7; n++) await channel.get(a, { noAck: true });
    });
    await publishNumbered(publisher, 501, 600);
    await publisher.flush();
    expect(publisher.stats.missing).toBe(7);
    expect(events).toContainEqual({ type: 'missing', queue: a, missing: 7 });
    await purgeQueue(broker.url, b);
    await publisher.close();
    expect(await drainNumbers(broker, a)).toEqual(range(8, 600));
  });

  it('reports a policy that makes a queue drop messages', async () => {
    const { a, options } = twoQueues();
    const { publisher, events } = await openPublisher({ url: broker.url, ...options });
    await withConsumer(a, async () => {
      await broker.setPolicy(a, `^${a}$`, { 'max-length': 10 });
      await publishNumbered(publisher, 1, 10);
      await publisher.flush();
    });
    expect(countEvents(events, 'uncounted')).toBe(1);
    await broker.deletePolicy(a);
    await publisher.close();
  });
});
