import {
  deleteQueue,
  startOwnBroker,
  type TestBroker,
  unbindQueue,
  uniqueTopology,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnection, type PublisherEvent, type PublisherOptions, type QueueOptions } from '../src/index.js';
import { drainNumbers, publishNumbered, range } from './support/numbered-messages.js';
import { openPublisher } from './support/publisher-harness.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

/** A fanout exchange and two queues that consumers declare. */
const consumersTopology = () => {
  const { exchange, queue } = uniqueTopology('expected');
  const [a, b] = [queue('a'), queue('b')];
  const declareExchange = (): Promise<void> =>
    withConnection(broker.url, async (connection) => {
      await (await connection.createChannel()).assertExchange(exchange, 'fanout', { durable: true });
    });
  /** What a consumer declares: not its binding, so that the publisher's is seen to work. */
  const declareQueue = (name: string): Promise<void> =>
    withConnection(broker.url, async (connection) => {
      const options = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
      await (await connection.createChannel()).assertQueue(name, options);
    });
  const queues = [a, b].map((name): QueueOptions => ({ name, routingKeys: [''], expected: true, queueType: 'quorum' }));
  const options = {
    url: broker.url,
    exchange: { name: exchange, type: 'fanout', expected: true },
    queues,
    topologyCheckIntervalMs: 20,
    expectTimeoutMs: Number.POSITIVE_INFINITY,
  } satisfies PublisherOptions;
  return { exchange, a, b, options, declareExchange, declareQueue };
};

const waits = (events: readonly PublisherEvent[]) =>
  events.filter((event): event is Extract<PublisherEvent, { type: 'waiting' }> => event.type === 'waiting');

describe('what other programs declare', () => {
  it('is waited for, across a lost connection; then its bindings are declared and watched', async () => {
    const { exchange, a, b, options, declareExchange, declareQueue } = consumersTopology();
    const events: PublisherEvent[] = [];
    const opening = openPublisher({ ...options, onEvent: (event) => events.push(event) });
    await until(() => waits(events).length === 1);
    expect(waits(events)).toEqual([{ type: 'waiting', exchange, queues: [a, b] }]);
    await declareExchange();
    await declareQueue(a);
    await until(() => waits(events).at(-1)?.queues.includes(a) === false);
    expect(waits(events).at(-1)).toEqual({ type: 'waiting', exchange: undefined, queues: [b] });
    await broker.closeConnections();
    await until(() => events.some(({ type }) => type === 'lost'));
    await declareQueue(b);
    const { publisher } = await opening;
    expect(events.filter(({ type }) => type === 'found')).toHaveLength(1);
    const states = events.flatMap((event) => (event.type === 'state' ? [event.to] : []));
    expect(states[states.indexOf('waiting') - 1]).toBe('setup');
    expect(states.indexOf('open')).toBeGreaterThan(states.lastIndexOf('waiting'));

    await publishNumbered(publisher, 1, 100);
    await publisher.flush();
    expect(publisher.verified).toBe(100);
    for (const queue of [a, b]) expect(await drainNumbers(broker, queue)).toEqual(range(1, 100));
    await deleteQueue(broker.url, b);
    await publishNumbered(publisher, 101, 110);
    await expect(publisher.flush()).rejects.toMatchObject({
      code: 'TOPOLOGY_MISSING',
      facts: { queue: b, verified: 100 },
    });
    await publisher.close();
  });

  it('is given up after the bound, or at once without one, and left to a signal', async () => {
    const { exchange, a, b, options, declareExchange, declareQueue } = consumersTopology();
    const fails = (more: Partial<PublisherOptions>) => openPublisher({ ...options, ...more });
    await expect(fails({ expectTimeoutMs: 60 })).rejects.toMatchObject({
      code: 'TOPOLOGY_MISSING',
      facts: { exchange, queue: a },
    });
    await expect(fails({ expectTimeoutMs: 0 })).rejects.toMatchObject({
      code: 'TOPOLOGY_MISSING',
      facts: { exchange },
    });
    await declareExchange();
    await declareQueue(a);
    const passive = { declare: 'passive', queues: [{ name: b, routingKeys: [] }] } as const;
    await expect(fails({ ...passive, expectTimeoutMs: 60 })).rejects.toMatchObject({
      code: 'TOPOLOGY_MISSING',
      facts: { exchange: undefined, queue: b },
    });
    const stop = new AbortController();
    const reason = new Error('stop');
    const onEvent = ({ type }: PublisherEvent): void => {
      if (type === 'waiting') stop.abort(reason);
    };
    await expect(fails({ signal: stop.signal, onEvent })).rejects.toBe(reason);
  });

  it('is checked without objects of our own too: a lost binding is noticed by the count', async () => {
    const { exchange, a, b, options, declareExchange, declareQueue } = consumersTopology();
    await declareExchange();
    await declareQueue(a);
    await declareQueue(b);
    const { publisher } = await openPublisher(options);
    await publishNumbered(publisher, 1, 20);
    await publisher.flush();
    await unbindQueue(broker.url, b, exchange, '');
    await publishNumbered(publisher, 21, 40);
    await expect(publisher.flush()).rejects.toMatchObject({ code: 'TOPOLOGY_MISSING', facts: { queue: b } });
    await publisher.close();
    expect(await drainNumbers(broker, a)).toEqual(expect.arrayContaining(range(1, 40)));
  });

  it('keeps its settings, whatever they are, and loses nothing with a binding that is removed', async () => {
    const { exchange, a, b, options } = consumersTopology();
    // On queues of others, the permission to write is enough.
    const own = `${exchange}$|token-`;
    const permissions = { configure: `^(${own})`, write: `^(${own}|${a}$|${b}$)`, read: `^(${own})` };
    await broker.createUser('binder', 'secret', permissions);
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createChannel();
      await channel.assertQueue(a, { durable: true, arguments: { 'x-max-priority': 3, 'x-queue-type': 'classic' } });
      await channel.assertQueue(b, { durable: false });
    });
    const { publisher, events } = await openPublisher({
      ...options,
      url: broker.urlFor({ username: 'binder', password: 'secret' }),
      exchange: { ...options.exchange, expected: false },
      continuity: { token: `token-${exchange}`, mode: 'start' },
    });
    expect(waits(events)).toEqual([]);
    expect(publisher.continuity).toBe(`token-${exchange}`);
    await publishNumbered(publisher, 1, 50);
    await publisher.flush();
    await unbindQueue(broker.url, a, exchange, '');
    await publishNumbered(publisher, 51, 100);
    await publisher.flush();
    expect(publisher.verified).toBe(100);
    await publisher.close();
    for (const queue of [a, b]) expect(await drainNumbers(broker, queue)).toEqual(range(1, 100));
  });
});

describe('on a connection that is shared, what other programs declare', () => {
  it('is waited for, until the connection is closed', async () => {
    const { exchange, a, b, options, declareExchange, declareQueue } = consumersTopology();
    const { url, ...own } = options;
    const connection = createConnection({ url });
    const events: PublisherEvent[] = [];
    const onEvent = (event: PublisherEvent) => events.push(event);
    const opening = connection.createPublisher({ ...own, onEvent, backoff: { initialMs: 10, maxMs: 20 } });
    await until(() => waits(events).length === 1);
    await declareExchange();
    await declareQueue(a);
    await declareQueue(b);
    const publisher = await opening;
    await publishNumbered(publisher, 1, 10);
    await publisher.flush();
    for (const queue of [a, b]) expect(await drainNumbers(broker, queue)).toEqual(range(1, 10));

    const queues: QueueOptions[] = [{ name: `${b}-missing`, routingKeys: [''], expected: true }];
    const failing = connection.createPublisher({ ...own, exchange, queues, declare: 'passive', onEvent });
    failing.catch(() => {});
    await until(() => waits(events).at(-1)?.queues[0] === `${b}-missing`);
    await connection.close();
    await expect(failing).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('dead letters', () => {
  it('have an exchange and a queue that are declared with the queue they come from, as other programs declare them', async () => {
    const { exchange, queue } = uniqueTopology('dead-letters');
    const [name, dlx, dlq] = [queue('q'), queue('q.dlx'), queue('q.dlq')];
    const options: PublisherOptions = {
      url: broker.url,
      exchange: { name: exchange, type: 'fanout' },
      queues: [
        {
          name,
          routingKeys: [''],
          queueType: 'quorum',
          arguments: { 'x-delivery-limit': 20 },
          deadLetter: { exchange: dlx, queue: { name: dlq, queueType: 'classic' } },
        },
      ],
    };
    const { publisher } = await openPublisher(options);
    await publishNumbered(publisher, 1, 3);
    await publisher.flush();
    await publisher.close();
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createChannel();
      await channel.assertExchange(dlx, 'fanout', { durable: true });
      await channel.assertQueue(dlq, { durable: true, arguments: { 'x-queue-type': 'classic' } });
      const args = { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': dlx, 'x-delivery-limit': 20 };
      await channel.assertQueue(name, { durable: true, arguments: args });
      const message = await channel.get(name);
      if (message) channel.reject(message, false);
      await until(async () => (await channel.checkQueue(dlq)).messageCount === 1);
    });
    expect(await drainNumbers(broker, name)).toEqual([2, 3]);
    await expect(
      openPublisher({ ...options, queues: [{ name, routingKeys: [''], queueType: 'quorum' }] }),
    ).rejects.toMatchObject({ code: 'TOPOLOGY_CONFLICT', facts: { queue: name } });
  });
});
