import { sharedBroker, startProxy, type TestBroker, unbindQueue, until } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnection, type Publisher, type PublisherEvent } from '../src/index.js';
import { drainNumbers, numbered, publishNumbered, range, withoutDuplicates } from './support/numbered-messages.js';
import { countEvents, twoQueues } from './support/publisher-harness.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await sharedBroker();
});
afterAll(async () => {
  await broker?.close();
});

const backoff = { initialMs: 20, maxMs: 100 };

/** A publisher with a topology of its own, and its events. */
const openOn = async (
  connection: ReturnType<typeof createConnection>,
  more: Partial<Parameters<typeof connection.createPublisher>[0]> = {},
): Promise<{ publisher: Publisher; events: PublisherEvent[]; topology: ReturnType<typeof twoQueues> }> => {
  const topology = twoQueues();
  const events: PublisherEvent[] = [];
  const publisher = await connection.createPublisher({
    ...{ ...topology.options, backoff, onEvent: (event) => events.push(event) },
    ...more,
  });
  return { publisher, events, topology };
};

describe('publishers on one connection', () => {
  it('have their own queues and watermarks, and share a single socket, which stays until the connection is closed', async () => {
    await using proxy = await startProxy(broker);
    const connection = createConnection({ url: broker.urlFor({ port: proxy.port }) });
    expect(proxy.connections).toBe(0);
    const [one, two] = await Promise.all([openOn(connection), openOn(connection)]);
    // Large bodies are written in several pieces, between which the other's frames may be written.
    await Promise.all([publishNumbered(one.publisher, 1, 200, 40_000), publishNumbered(two.publisher, 1, 3_000, 100)]);
    await Promise.all([one.publisher.flush(), two.publisher.flush()]);
    expect([one.publisher.confirmed, two.publisher.confirmed]).toEqual([200, 3_000]);
    expect(proxy.connections).toBe(1);
    for (const { topology, publisher } of [one, two])
      for (const queue of [topology.a, topology.b])
        expect(await drainNumbers(broker, queue)).toEqual(range(1, publisher.published));

    expect(await one.publisher.close()).toMatchObject({ confirmed: 200, unsettled: [] });
    two.publisher.publish(numbered(3_001));
    await two.publisher.flush();
    expect(two.publisher.stats.reconnects).toBe(0);
    await connection.close();
    await connection.close();
    expect(two.publisher.state).toBe('closed');
    await until(() => proxy.connections === 0);
    await expect(openOn(connection)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('reconnect together, and lose nothing', async () => {
    await using proxy = await startProxy(broker);
    await using connection = createConnection({
      url: broker.urlFor({ port: proxy.port }),
      heartbeatMs: 0,
      connectTimeoutMs: 500,
    });
    const all = await Promise.all([1, 2, 3].map(() => openOn(connection, { confirmTimeoutMs: 300 })));
    const publishing = all.map(({ publisher }) => publishNumbered(publisher, 1, 2_000, 500));
    await until(() => all.every(({ publisher }) => publisher.confirmed > 0));
    proxy.cut();
    await Promise.all(publishing);
    await Promise.all(all.map(({ publisher }) => publisher.flush()));
    expect(proxy.connections).toBe(1);

    // Without heartbeats, only the missing confirms show that it is gone: first a channel is replaced, then all of it.
    const losses = all.map(({ events }) => countEvents(events, 'lost'));
    proxy.stall();
    for (const { publisher } of all) for (let n = 2_001; n <= 2_050; n++) publisher.publish(numbered(n));
    await until(() => all.every(({ events }, at) => countEvents(events, 'lost') >= losses[at]! + 2));
    proxy.resume();
    await Promise.all(all.map(({ publisher }) => publisher.flush()));
    await until(() => proxy.connections === 1);
    for (const { topology } of all)
      expect(withoutDuplicates(await drainNumbers(broker, topology.a))).toEqual(range(1, 2_050));
  });

  it('fail by themselves: the others keep their connection', async () => {
    await using proxy = await startProxy(broker);
    await using connection = createConnection({ url: broker.urlFor({ port: proxy.port }) });
    const healthy = await openOn(connection);
    const publishing = publishNumbered(healthy.publisher, 1, 3_000, 200);

    // The broker closes a channel for each of these.
    const conflicting = { ...healthy.topology.options, exchange: { name: healthy.topology.exchange, type: 'fanout' } };
    await expect(connection.createPublisher(conflicting)).rejects.toMatchObject({ code: 'TOPOLOGY_CONFLICT' });
    const lost = await openOn(connection);
    for (let n = 1; n <= 50; n++) lost.publisher.publish({ ...numbered(n), exchange: 'no-such-exchange' });
    await expect(lost.publisher.flush()).rejects.toMatchObject({ code: 'TOPOLOGY_MISSING' });
    const unbound = await openOn(connection);
    for (const queue of [unbound.topology.a, unbound.topology.b])
      await unbindQueue(broker.url, queue, unbound.topology.exchange, 'k');
    unbound.publisher.publish(numbered(1));
    await expect(unbound.publisher.flush()).rejects.toMatchObject({ code: 'UNROUTABLE' });
    const controller = new AbortController();
    const aborted = await openOn(connection, { signal: controller.signal });
    for (let n = 1; n <= 500; n++) aborted.publisher.publish(numbered(n, 5_000));
    controller.abort(new Error('enough'));
    await expect(aborted.publisher.flush()).rejects.toThrow('enough');

    await publishing;
    await healthy.publisher.flush();
    expect(healthy.publisher.stats).toMatchObject({ reconnects: 0, acked: 3_000 });
    expect(await drainNumbers(broker, healthy.topology.a)).toEqual(range(1, 3_000));
    expect(proxy.connections).toBe(1);
  });

  it('leave no channel on it', async () => {
    await using connection = createConnection({ url: `${broker.url}?channel_max=6` });
    await openOn(connection);
    for (let n = 0; n < 8; n++) {
      const { publisher } = await openOn(connection);
      publisher.publish(numbered(1));
      await publisher.flush();
      await publisher.close();
    }
  });

  it('take no options of the connection', async () => {
    await using connection = createConnection({ url: broker.url });
    const options = { exchange: '', url: broker.url } as never;
    await expect(connection.createPublisher(options)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(() => createConnection({ url: broker.url, exchange: 'e' } as never)).toThrow('exchange');
    expect(() => createConnection({ url: 'http://localhost' })).toThrow('amqp');
  });
});
