import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  countMessages,
  drainQueue,
  sharedBroker,
  startProxy,
  type TestBroker,
  unbindQueue,
  uniqueTopology,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import type { ChannelModel } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPublisher } from '../src/index.js';
import { resolveOptions } from '../src/resolve-options.js';
import { Outbox } from '../src/window/outbox.js';
import { createSender } from '../src/wire/message-sender.js';
import {
  drainNumbers,
  numbered,
  numberOf,
  publishNumbered,
  range,
  withoutDuplicates,
} from './support/numbered-messages.js';
import { countEvents, openPublisher, twoQueues } from './support/publisher-harness.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await sharedBroker();
});
afterAll(async () => {
  await broker?.close();
});

describe('messages', () => {
  it('carry exactly the configured properties', async () => {
    const { exchange, a, options } = twoQueues();
    const { publisher } = await openPublisher({
      url: broker.url,
      ...options,
      properties: { contentType: 'application/json', contentEncoding: 'application/json', deliveryMode: 2 },
    });
    const body = Buffer.from('{"type":"data"}');
    publisher.publish({ routingKey: 'k', body, messageId: '20260101:artists:1:abc' });
    await publisher.flush();
    await publisher.close();
    const [message] = await drainQueue(broker.url, a);
    expect(message?.body.equals(body)).toBe(true);
    expect(message).toMatchObject({ exchange, routingKey: 'k' });
    const set = Object.entries(message?.properties ?? {}).filter(([, value]) => value !== undefined);
    expect(Object.fromEntries(set)).toEqual({
      contentType: 'application/json',
      contentEncoding: 'application/json',
      deliveryMode: 2,
      messageId: '20260101:artists:1:abc',
      headers: {},
    });
  });

  it('carry only a delivery mode by default', async () => {
    const { a, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    publisher.publish({ routingKey: 'k', body: new Uint8Array([0, 255, 1]).subarray(1) });
    await publisher.flush();
    await publisher.close();
    const [message] = await drainQueue(broker.url, a);
    expect([...(message?.body ?? [])]).toEqual([255, 1]);
    const set = Object.entries(message?.properties ?? {}).filter(([, value]) => value !== undefined);
    expect(Object.fromEntries(set)).toEqual({ deliveryMode: 2, headers: {} });
  });

  it.each([0, 1, 2_000, 5_000, 300_000])('of %i bytes arrive unchanged', async (size) => {
    const { a, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    const body = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff);
    publisher.publish({ routingKey: 'k', body });
    await publisher.flush();
    await publisher.close();
    const [message] = await drainQueue(broker.url, a);
    expect(message?.body.equals(body)).toBe(true);
  });

  it('that AMQP cannot carry are refused and not accepted', async () => {
    const { options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    const body = Buffer.from('x');
    const long = 'é'.repeat(128);
    const publish = (message: object) => () => publisher.publish(message as never);
    const invalid = expect.objectContaining({ code: 'INVALID_MESSAGE' });
    expect(publish({ routingKey: long, body })).toThrow(invalid);
    expect(publish({ routingKey: 'k', body, messageId: long })).toThrow(invalid);
    expect(publish({ routingKey: 'k', body: 'text' })).toThrow(invalid);
    expect(publisher.stats.published).toBe(0);
    publisher.publish({ routingKey: 'k', body, messageId: 'é'.repeat(127) });
    await publisher.flush();
    await publisher.close();
  });
});

describe('encoding', () => {
  // At the limits of one frame (131,072 bytes less 8), of the bodies that are copied, and of the shared buffers.
  const LENGTHS = [0, 1, 16_383, 16_384, 16_385, 65_536, 131_063, 131_064, 131_065, 262_128, 262_129, 1_000_000];
  const bodyOf = (n: number): Buffer => Buffer.alloc(LENGTHS[n % LENGTHS.length] as number, `${n};`);

  it.each<[string, { headers?: Record<string, unknown> }]>([
    ['without headers', {}],
    ['with headers', { headers: { h: 1 } }],
  ])('keeps bodies of every length next to each other intact, %s', async (_, more) => {
    const { a, options } = twoQueues();
    const { publisher } = await openPublisher({
      url: broker.url,
      ...options,
      properties: { contentType: 'é', appId: 'app', type: 't', ...more },
    });
    const count = 10 * LENGTHS.length;
    for (let n = 0; n < count; n++) {
      const full = publisher.publish({
        routingKey: 'k',
        body: bodyOf(n),
        ...(n % 3 > 0 && { messageId: `id-é-${n}` }),
      });
      if (full) await full;
      // Bursts of messages of different lengths, with other frames of the connection between them.
      if (n % 7 === 0) await publisher.flush();
    }
    await publisher.flush();
    await publisher.close();
    expect(publisher.stats).toMatchObject({ reconnects: 0, republished: 0, returns: 0 });
    const messages = await drainQueue(broker.url, a);
    expect(messages).toHaveLength(count);
    for (const [n, { body, properties }] of messages.entries()) {
      expect(body.equals(bodyOf(n)), `message ${n}`).toBe(true);
      expect(properties).toMatchObject({ contentType: 'é', appId: 'app', type: 't', headers: more.headers ?? {} });
      expect(properties.messageId).toBe(n % 3 > 0 ? `id-é-${n}` : undefined);
    }
  });

  it('is left to amqplib if its connection is not as expected', async () => {
    const { exchange, a, options } = twoQueues();
    await createPublisher({ url: broker.url, ...options }).then((publisher) => publisher.close());
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createConfirmChannel();
      const resolved = resolveOptions({ url: broker.url, exchange, properties: { appId: 'app', priority: 3 } });
      const sender = createSender({ connection: {} } as ChannelModel, channel, resolved, () => {});
      const own = {
        exchange: '',
        properties: { ...resolved.properties, headers: { h: 1 }, priority: 5 },
        encoded: { flags: 0, before: Buffer.alloc(0), after: Buffer.alloc(0), headers: { start: 0, end: 0 } },
      };
      const outbox = new Outbox();
      sender.send(outbox.add('k', 'one', Buffer.from('1')));
      sender.send(outbox.add(a, undefined, Buffer.from('2'), own));
      await channel.waitForConfirms();
    });
    const [first, second] = await drainQueue(broker.url, a);
    expect(first).toMatchObject({ exchange, properties: { messageId: 'one', appId: 'app', deliveryMode: 2 } });
    expect(second).toMatchObject({ exchange: '', properties: { appId: 'app', priority: 5, headers: { h: 1 } } });
    expect(second?.properties.messageId).toBeUndefined();
  });

  it('uses the routing key and id of each message, whatever the one before had', async () => {
    const { exchange, queue } = uniqueTopology();
    const keys = ['a', 'b.c', 'é'.repeat(127), ''];
    const { publisher } = await openPublisher({
      url: broker.url,
      exchange: { name: exchange, type: 'direct' },
      queues: keys.map((key, n) => ({ name: queue(`q${n}`), routingKeys: [key] })),
    });
    const sent = range(1, 400).map((n) => ({ key: (n * n) % keys.length, id: 'x'.repeat(n % 256) }));
    for (const { key, id } of sent) {
      publisher.publish({ routingKey: keys[key] as string, body: Buffer.from(String(key)), messageId: id });
    }
    await publisher.flush();
    await publisher.close();
    for (const [n, routingKey] of keys.entries()) {
      const messages = await drainQueue(broker.url, queue(`q${n}`));
      const expected = sent.filter(({ key }) => key === n).map(({ id }) => id);
      expect(messages.map(({ properties }) => properties.messageId)).toEqual(expected);
      for (const message of messages) expect(message).toMatchObject({ routingKey, body: Buffer.from(String(n)) });
    }
  });
});

describe('the topology', () => {
  it('is declared with types, durability, arguments and bindings', async () => {
    const { exchange, queue } = uniqueTopology();
    const { publisher } = await openPublisher({
      url: broker.url,
      exchange: { name: exchange, type: 'direct', durable: true },
      queues: [
        { name: queue('both'), routingKeys: ['one', 'two'], arguments: { 'x-max-priority': 3 } },
        { name: queue('one'), routingKeys: ['one'], queueType: 'quorum' },
        { name: queue('none'), routingKeys: [], durable: false },
      ],
    });
    publisher.publish({ routingKey: 'one', body: Buffer.from('1') });
    publisher.publish({ routingKey: 'two', body: Buffer.from('2') });
    await publisher.flush();
    await publisher.close();
    const bodies = async (name: string) =>
      (await drainQueue(broker.url, queue(name))).map(({ body }) => body.toString());
    expect(await bodies('both')).toEqual(['1', '2']);
    expect(await bodies('one')).toEqual(['1']);
    expect(await bodies('none')).toEqual([]);
    // Another client can declare everything with the same settings; different ones would be a conflict.
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createChannel();
      await channel.assertExchange(exchange, 'direct', { durable: true });
      await channel.assertQueue(queue('both'), { arguments: { 'x-max-priority': 3 } });
      await channel.assertQueue(queue('one'), { arguments: { 'x-queue-type': 'quorum' } });
      await channel.assertQueue(queue('none'), { durable: false });
    });
  });

  it('may contain a stream', async () => {
    const { exchange, queue } = uniqueTopology();
    const { publisher } = await openPublisher({
      url: broker.url,
      exchange,
      queues: [{ name: queue('s'), routingKeys: ['k'], queueType: 'stream' }],
    });
    await publishNumbered(publisher, 1, 50);
    await publisher.flush();
    expect(publisher.confirmed).toBe(50);
    await publisher.close();
    await until(async () => (await countMessages(broker.url, queue('s'))) === 50);
  });

  it('may be a queue without bindings, through the default exchange', async () => {
    const { queue } = uniqueTopology();
    const { publisher } = await openPublisher({
      url: broker.url,
      exchange: '',
      queues: [{ name: queue('q'), routingKeys: [] }],
    });
    publisher.publish({ routingKey: queue('q'), body: Buffer.from('hello') });
    await publisher.flush();
    await publisher.close();
    expect(await countMessages(broker.url, queue('q'))).toBe(1);
  });
});

describe('the window', () => {
  it('bounds what is in flight, keeps the order, and moves the watermark forward only', async () => {
    const { a, b, options } = twoQueues();
    const marks: number[] = [];
    const { publisher } = await openPublisher({
      url: broker.url,
      ...options,
      maxInFlight: 50,
      onConfirmed: (n) => marks.push(n),
    });
    let waits = 0;
    for (let n = 1; n <= 3_000; n++) {
      const full = publisher.publish(numbered(n));
      expect(publisher.stats.unsettled).toBeLessThanOrEqual(50);
      if (full) {
        waits++;
        expect(publisher.state).toBe('full');
        await full;
      }
    }
    await publisher.flush();
    expect(waits).toBeGreaterThan(3);
    expect(publisher).toMatchObject({ confirmed: 3_000, verified: 3_000, state: 'open' });
    expect(publisher.stats).toMatchObject({ published: 3_000, acked: 3_000, unsettled: 0, windowBytes: 0 });
    expect(marks.at(-1)).toBe(3_000);
    expect(marks).toEqual([...marks].sort((x, y) => x - y));
    expect(await publisher.close()).toEqual({ published: 3_000, confirmed: 3_000, unsettled: [] });
    expect(await drainNumbers(broker, a)).toEqual(range(1, 3_000));
    expect(await drainNumbers(broker, b)).toEqual(range(1, 3_000));
  });

  it('is bounded by bytes too, and sends a larger message alone', async () => {
    const { options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options, maxBytes: 10_000 });
    let waits = 0;
    for (let n = 1; n <= 100; n++) {
      const full = publisher.publish(numbered(n, n === 50 ? 20_000 : 3_000));
      expect(publisher.stats.windowBytes).toBeLessThan(10_000 + 20_000);
      if (full) {
        waits++;
        await full;
        expect(publisher.stats.windowBytes).toBeLessThan(10_000);
      }
    }
    expect(waits).toBeGreaterThan(10);
    await publisher.flush();
    await publisher.close();
  });

  it('holds messages back if the caller does not wait', async () => {
    const { a, options } = twoQueues();
    await using proxy = await startProxy(broker);
    const { publisher } = await openPublisher({
      url: broker.urlFor({ port: proxy.port }),
      ...options,
      maxInFlight: 10,
    });
    proxy.setDelay(200);
    const before = proxy.bytesUp;
    const waits = range(1, 1_000).map((n) => publisher.publish(numbered(n, 1_000)));
    expect(waits.filter((it) => it !== undefined).length).toBe(991);
    await until(() => proxy.bytesUp > before);
    // Ten messages, not a thousand: no confirm has arrived yet.
    expect(proxy.bytesUp - before).toBeLessThan(20_000);
    expect(publisher.stats.unsettled).toBe(1_000);
    proxy.setDelay(0);
    await Promise.all(waits);
    await publisher.flush();
    await publisher.close();
    expect(await drainNumbers(broker, a)).toEqual(range(1, 1_000));
  });

  it('is not shared by two publishers', async () => {
    const { a, options } = twoQueues();
    const [one, two] = await Promise.all([
      openPublisher({ url: broker.url, ...options }),
      openPublisher({ url: broker.url, ...options }),
    ]);
    await Promise.all([publishNumbered(one.publisher, 1, 500), publishNumbered(two.publisher, 501, 1_000)]);
    await Promise.all([one.publisher.flush(), two.publisher.flush()]);
    await Promise.all([one.publisher.close(), two.publisher.close()]);
    const numbers = await drainNumbers(broker, a);
    expect(numbers.filter((n) => n <= 500)).toEqual(range(1, 500));
    expect(numbers.filter((n) => n > 500)).toEqual(range(501, 1_000));
  });
});

describe('the topology check', () => {
  it('accepts that messages are taken between two bursts, and sends none again', async () => {
    const { a, b, options } = twoQueues();
    const { publisher, events } = await openPublisher({ url: broker.url, ...options });
    for (let burst = 0; burst < 3; burst++) {
      await publishNumbered(publisher, burst * 100 + 1, burst * 100 + 100);
      await publisher.flush();
      expect(await drainNumbers(broker, a)).toEqual(range(burst * 100 + 1, burst * 100 + 100));
      await sleep(150);
    }
    expect(await drainNumbers(broker, b)).toEqual(range(1, 300));
    await publisher.close();
    expect(countEvents(events, 'shortfall')).toBe(0);
    expect(publisher.stats.republished).toBe(0);
  });

  it('accepts consumers, whether they stay or come and go', async () => {
    const { a, b, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options, topologyCheckIntervalMs: 20 });
    const taken: number[] = [];
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createChannel();
      await channel.consume(b, (message) => message && channel.ack(message));
      const publishing = publishNumbered(publisher, 1, 8_000, 500);
      let published = false;
      publishing.finally(() => {
        published = true;
      });
      // A check sees this one; those that follow may come and go between two checks.
      const { consumerTag } = await channel.consume(a, (message) => {
        if (!message) return;
        taken.push(numberOf({ body: message.content }));
        channel.ack(message);
      });
      for (let check = 0; check < 2; check++) {
        const { verified } = publisher;
        await until(() => published || publisher.verified > verified);
      }
      await channel.cancel(consumerTag);
      while (!published) taken.push(...(await drainNumbers(broker, a)));
      await publishing;
      await publisher.flush();
    });
    taken.push(...(await drainNumbers(broker, a)));
    await publisher.close();
    expect(withoutDuplicates(taken)).toEqual(range(1, 8_000));
    // The only duplicates are probes.
    expect(taken.length - 8_000).toBeLessThanOrEqual(publisher.stats.republished);
  });

  it('restores the binding of a queue that cannot be counted because it has a consumer', async () => {
    const { exchange, a, b, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options, topologyCheckIntervalMs: 20 });
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createChannel();
      const got: number[] = [];
      await channel.consume(a, (message) => message && got.push(Number(message.content.toString().split(';')[0])));
      await channel.unbindQueue(a, exchange, 'k');
      await publishNumbered(publisher, 1, 1);
      await publisher.flush();
      await publishNumbered(publisher, 2, 2);
      await publisher.flush();
      await until(() => got.includes(2));
    });
    await publisher.close();
    expect(await drainNumbers(broker, b)).toEqual([1, 2]);
  });

  it('counts quorum queues too', async () => {
    const { exchange, queue } = uniqueTopology();
    const queues = ['a', 'b'].map((name) => ({
      name: queue(name),
      routingKeys: ['k'],
      queueType: 'quorum' as const,
    }));
    const { publisher, events } = await openPublisher({
      url: broker.url,
      exchange,
      queues,
      topologyCheckIntervalMs: 50,
    });
    await publishNumbered(publisher, 1, 3_000);
    await publisher.flush();
    expect(countEvents(events, 'shortfall')).toBe(0);
    await unbindQueue(broker.url, queue('b'), exchange, 'k');
    await publishNumbered(publisher, 3_001, 3_010);
    await expect(publisher.flush()).rejects.toMatchObject({ code: 'TOPOLOGY_MISSING', facts: { queue: queue('b') } });
    await publisher.close();
  });

  it('can be turned off', async () => {
    const { exchange, a, b, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options, topologyCheckIntervalMs: 0 });
    await unbindQueue(broker.url, a, exchange, 'k');
    await publishNumbered(publisher, 1, 10);
    await publisher.flush();
    expect(publisher.verified).toBe(10);
    await publisher.close();
    expect(await drainNumbers(broker, a)).toEqual([]);
    expect(await drainNumbers(broker, b)).toEqual(range(1, 10));
  });
});

describe('a rejection that is not handled', () => {
  it('does not end the process, neither of a full window nor after a failure', async () => {
    const { options } = twoQueues();
    const unhandled: unknown[] = [];
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (reason) => unhandled.push(reason));
    try {
      const { publisher } = await openPublisher({ url: broker.url, ...options, maxInFlight: 1 });
      publisher.publish({ ...numbered(1), routingKey: 'unbound' });
      await until(() => publisher.state === 'failed');
      publisher.publish(numbered(2));
      await publisher.close();
      publisher.publish(numbered(3));
      // Node reports unhandled rejections after the microtasks of a turn of the event loop.
      await sleep(10);
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const listener of others) process.on('unhandledRejection', listener);
    }
    expect(unhandled).toEqual([]);
  });
});

describe('a listener that throws', () => {
  it('causes an uncaught exception, and stops nothing', async () => {
    const { a, options } = twoQueues();
    const uncaught: unknown[] = [];
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    try {
      const fault = new Error('in the listener');
      const { publisher } = await openPublisher({
        url: broker.url,
        ...options,
        onEvent: () => {
          throw fault;
        },
        onConfirmed: () => {
          throw fault;
        },
      });
      await publishNumbered(publisher, 1, 10);
      await publisher.flush();
      expect(await publisher.close()).toMatchObject({ confirmed: 10 });
      await until(() => uncaught.length > 0);
      expect(new Set(uncaught)).toEqual(new Set([fault]));
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    }
    expect(await drainNumbers(broker, a)).toEqual(range(1, 10));
  });
});

describe('closing', () => {
  it('reports what is unsettled after the timeout', async () => {
    const { options } = twoQueues();
    await using proxy = await startProxy(broker);
    const { publisher } = await openPublisher({ url: broker.urlFor({ port: proxy.port }), ...options });
    await publishNumbered(publisher, 1, 5);
    await publisher.flush();
    proxy.stall();
    await publishNumbered(publisher, 6, 8);
    const flushed = publisher.flush();
    const report = await publisher.close({ timeoutMs: 100 });
    expect(report).toEqual({
      published: 8,
      confirmed: 5,
      unsettled: [6, 7, 8].map((n) => ({ sequence: n, routingKey: 'k', messageId: `id-${n}` })),
    });
    await expect(flushed).rejects.toMatchObject({ code: 'CLOSED' });
    expect(publisher.state).toBe('closed');
    expect(await publisher.close()).toBe(report);
    await expect(publisher.publish(numbered(9))).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(publisher.flush()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('waits for outstanding confirms', async () => {
    const { a, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    await publishNumbered(publisher, 1, 2_000);
    expect(await publisher.close()).toEqual({ published: 2_000, confirmed: 2_000, unsettled: [] });
    expect(await drainNumbers(broker, a)).toEqual(range(1, 2_000));
  });

  it('waits without a limit if the timeout is Infinity, and refuses an invalid timeout', async () => {
    const { a, options } = twoQueues();
    await using proxy = await startProxy(broker);
    const { publisher } = await openPublisher({ url: broker.urlFor({ port: proxy.port }), ...options });
    proxy.stall();
    await publishNumbered(publisher, 1, 3);
    const wrong = expect.objectContaining({ code: 'INVALID_OPTIONS' });
    expect(() => publisher.close({ timeoutMs: Number.NaN })).toThrow(wrong);
    expect(() => publisher.close({ timeoutMs: -1 })).toThrow(wrong);
    const closed = publisher.close({ timeoutMs: Number.POSITIVE_INFINITY });
    await sleep(100);
    expect(publisher.state).toBe('closing');
    proxy.resume();
    expect(await closed).toEqual({ published: 3, confirmed: 3, unsettled: [] });
    expect(await drainNumbers(broker, a)).toEqual([1, 2, 3]);
  });

  it('ends the wait for the next attempt to connect', async () => {
    const { options } = twoQueues();
    await using proxy = await startProxy(broker);
    const { publisher } = await openPublisher({
      url: broker.urlFor({ port: proxy.port }),
      ...options,
      backoff: { initialMs: 2 ** 30 },
    });
    proxy.setRefusing(true);
    proxy.cut();
    await until(() => publisher.state === 'backoff');
    publisher.publish(numbered(1));
    expect((await publisher.close({ timeoutMs: 10 })).unsettled).toHaveLength(1);
    expect(publisher.state).toBe('closed');
  });

  it('rejects all pending calls with the reason of the signal', async () => {
    const { options } = twoQueues();
    await using proxy = await startProxy(broker);
    const controller = new AbortController();
    const { publisher } = await openPublisher({
      url: broker.urlFor({ port: proxy.port }),
      ...options,
      maxInFlight: 3,
      signal: controller.signal,
    });
    proxy.stall();
    const waits = range(1, 4).map((n) => publisher.publish(numbered(n)));
    const flushed = publisher.flush();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waits[3]).rejects.toBe(reason);
    await expect(flushed).rejects.toBe(reason);
    await expect(publisher.publish(numbered(5))).rejects.toBe(reason);
    expect(publisher.state).toBe('closed');
    expect((await publisher.close()).unsettled.length).toBe(4);
    await until(() => proxy.connections <= 1);
  });

  it('rejects createPublisher if the signal aborts before or while connecting', async () => {
    const { options } = twoQueues();
    const reason = new Error('not at all');
    await expect(createPublisher({ url: broker.url, ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );

    await using proxy = await startProxy(broker);
    proxy.stall();
    const controller = new AbortController();
    const opening = createPublisher({
      url: broker.urlFor({ port: proxy.port }),
      ...options,
      signal: controller.signal,
    });
    await until(() => proxy.connections === 1);
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });

  it('closes the socket on a signal even if the peer neither responds nor closes', async () => {
    const { options } = twoQueues();
    const accepted: Socket[] = [];
    let passing = true;
    // Forwards everything at first; later it responds to nothing, and keeps its half of the connection open.
    const proxy = createServer({ allowHalfOpen: true }, (socket) => {
      accepted.push(socket);
      const upstream = connect(broker.port, broker.host);
      socket.on('data', (chunk) => passing && upstream.write(chunk));
      upstream.on('data', (chunk) => passing && socket.write(chunk));
      for (const it of [socket, upstream]) it.on('error', () => {});
      socket.on('close', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as { port: number };
    const controller = new AbortController();
    const { publisher } = await openPublisher({ url: broker.urlFor({ port }), ...options, signal: controller.signal });
    passing = false;
    publisher.publish(numbered(1));
    controller.abort(new Error('enough'));
    await publisher.close();
    // Only a closed socket responds to bytes with a reset.
    await until(() => {
      accepted[0]?.write('x');
      return accepted[0]?.destroyed === true;
    });
    proxy.close();
  });

  it('of some messages does not wait for later ones', async () => {
    const { exchange, queue } = uniqueTopology();
    const full = { 'x-max-length': 10, 'x-overflow': 'reject-publish' };
    const queues = [{ name: queue('full'), routingKeys: ['k'], arguments: full }];
    const { publisher } = await openPublisher({ url: broker.url, exchange, queues });
    await publishNumbered(publisher, 1, 11);
    await publisher.flush({ upTo: 10 });
    expect(publisher).toMatchObject({ verified: 10, published: 11 });
    for (const upTo of [-1, 12, 1.5, '10' as never]) {
      await expect(publisher.flush({ upTo })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    }
    await publisher.close({ timeoutMs: 0 });
  });

  it('ends only the wait in flush if the signal of flush aborts', async () => {
    const { options } = twoQueues();
    await using proxy = await startProxy(broker);
    const { publisher } = await openPublisher({ url: broker.urlFor({ port: proxy.port }), ...options });
    proxy.stall();
    publisher.publish(numbered(1));
    const reason = new Error('too slow');
    await expect(publisher.flush({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const flushed = publisher.flush({ signal: controller.signal });
    controller.abort(reason);
    await expect(flushed).rejects.toBe(reason);
    proxy.resume();
    await publisher.flush();
    await publisher.close();
  });

  it('happens at the end of an `await using` block', async () => {
    const { a, options } = twoQueues();
    {
      await using publisher = await createPublisher({ url: broker.url, ...options });
      publisher.publish(numbered(1));
    }
    expect(await drainNumbers(broker, a)).toEqual([1]);
  });
});
