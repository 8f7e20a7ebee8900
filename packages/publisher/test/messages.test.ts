import {
  drainQueue,
  startOwnBroker,
  type TestBroker,
  uniqueTopology,
  withConnection,
} from '@discogs-extractor/test-broker';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createPublisher,
  type OutgoingMessage,
  type PublisherError,
  type RefusedMessage,
  type ReturnedMessage,
} from '../src/index.js';
import { drainNumbers, numbered, publishNumbered, range } from './support/numbered-messages.js';
import { countEvents, openPublisher, twoQueues } from './support/publisher-harness.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
};

describe('the properties of a message', () => {
  it('replace those of the publisher, all of which arrive', async () => {
    const { exchange, a, options } = twoQueues();
    const properties = { contentType: 'text/plain', priority: 3, appId: 'app', headers: { of: 'publisher' } };
    const { publisher } = await openPublisher({ url: broker.url, ...options, properties });
    const own = {
      ...{ contentType: 'application/json', contentEncoding: 'gzip', priority: 7, correlationId: 'c', replyTo: 'r' },
      ...{ expiration: '60000', timestamp: 1_700_000_000, type: 't', userId: 'guest', deliveryMode: 1 as const },
    };
    publisher.publish(numbered(1));
    publisher.publish({ ...numbered(2), ...own, headers: { n: 1 }, mandatory: false });
    publisher.publish({
      ...numbered(3),
      expiration: 60_000,
      timestamp: new Date(1_700_000_000_999),
      headers: undefined,
    });
    publisher.publish({ ...numbered(4), exchange: '', routingKey: a });
    await publisher.flush();
    await publisher.close();
    const arrived = await drainQueue(broker.url, a);
    expect(arrived.map((message) => [message.exchange, message.properties.messageId])).toEqual([
      ...[1, 2, 3].map((n) => [exchange, `id-${n}`]),
      ['', 'id-4'],
    ]);
    const plain = { ...properties, deliveryMode: 2 };
    const [first, second, third, fourth] = arrived.map((message) => message.properties);
    expect(first).toMatchObject(plain);
    expect(first).toMatchObject({ correlationId: undefined, expiration: undefined, timestamp: undefined });
    expect(second).toMatchObject({ ...own, appId: 'app', headers: { n: 1 } });
    expect(third).toMatchObject({ ...plain, expiration: '60000', timestamp: 1_700_000_000 });
    expect(fourth).toMatchObject(plain);
  });

  it('arrive as if amqplib had encoded them', async () => {
    const { exchange, a, options } = twoQueues();
    const text = fc.string({ maxLength: 40, unit: 'grapheme' });
    const key = fc.string({ minLength: 1, maxLength: 20 }).filter((name) => name !== '!' && name !== '__proto__');
    const leaf = fc.oneof(
      ...[
        text,
        fc.integer(),
        fc.maxSafeInteger(),
        fc.double({ min: -1e15, max: 1e15, noNaN: true }),
        fc.boolean(),
        fc.constant(null),
      ],
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc.record({ '!': fc.constant('timestamp'), value: fc.integer({ min: 0, max: 2 ** 32 }) }),
      fc.record({ '!': fc.constant('int8'), value: fc.integer({ min: -128, max: 127 }) }),
      fc.record({ '!': fc.constant('double'), value: fc.integer() }),
    );
    const { table } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('table')),
      table: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    }));
    const optional = { requiredKeys: [] };
    const message = fc.record(
      {
        ...{ headers: table as fc.Arbitrary<Record<string, unknown>>, contentType: text, correlationId: text },
        ...{ replyTo: text, type: text, appId: text, contentEncoding: text, messageId: text },
        ...{ priority: fc.nat(255), deliveryMode: fc.constantFrom(1 as const, 2 as const) },
        ...{ timestamp: fc.nat(2 ** 31 - 1), expiration: fc.nat(10 ** 6).map((ms) => `${ms + 60_000}`) },
      },
      optional,
    );
    const seed = Date.now() % 2 ** 31;
    const messages = fc.sample(message, { numRuns: 150, seed });
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    const body = Buffer.from('x');
    for (const each of messages) publisher.publish({ routingKey: 'k', body, ...each });
    await publisher.flush();
    await publisher.close();
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createConfirmChannel();
      for (const each of messages) channel.publish(exchange, 'k', body, { deliveryMode: 2, ...each } as object);
      await channel.waitForConfirms();
    });
    const arrived = (await drainQueue(broker.url, a)).map(({ properties }) => properties);
    expect(arrived).toHaveLength(2 * messages.length);
    for (const at of messages.keys()) {
      const theirs = arrived[messages.length + at];
      expect(arrived[at], `message ${at} of seed ${seed}`).toEqual({ ...theirs, headers: theirs?.headers ?? {} });
    }
  });

  it('are refused by name if unknown or wrong, and the message is not accepted', async () => {
    await using publisher = await createPublisher({ url: broker.url, ...twoQueues().options });
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const cases: [object, string][] = [
      [{ persistent: true }, 'Unknown member "persistent"'],
      [{ routingkey: 'k' }, 'Unknown member "routingkey"'],
      [{ contentType: 5 }, 'contentType'],
      [{ correlationId: 'é'.repeat(128) }, 'correlationId'],
      [{ deliveryMode: 3 }, 'deliveryMode'],
      [{ priority: 256 }, 'priority'],
      [{ expiration: 'soon' }, 'expiration'],
      [{ expiration: 1.5 }, 'expiration'],
      [{ timestamp: Date.now() }, 'timestamp'],
      [{ timestamp: new Date(Number.NaN) }, 'timestamp'],
      [{ mandatory: 1 }, 'mandatory'],
      [{ exchange: null }, 'exchange'],
      [{ headers: [] }, 'headers'],
      [{ headers: { a: { b: [1, () => {}] } } }, 'headers.a.b[1]'],
      [{ headers: { a: 2n ** 63n } }, 'headers.a'],
      [{ headers: { a: { '!': 'uint64', value: 1 } } }, 'headers.a'],
      [{ headers: { ['k'.repeat(256)]: 1 } }, 'headers.kkk'],
      [{ headers: circular }, 'headers.self.self'],
    ];
    for (const [member, name] of cases) {
      const error = thrownBy(() => publisher.publish({ ...numbered(1), ...member } as OutgoingMessage));
      expect(error, name).toMatchObject({ code: 'INVALID_MESSAGE', message: expect.stringContaining(name) });
    }
    expect(publisher.published).toBe(0);
  });

  it('may be larger than a buffer, but not than a frame', async () => {
    const { a, options } = twoQueues();
    const refused: RefusedMessage[] = [];
    const { publisher } = await openPublisher({
      url: broker.url,
      ...options,
      onRefused: (message) => refused.push(message),
    });
    publisher.publish({ ...numbered(1), headers: { large: 'x'.repeat(100_000) } });
    publisher.publish({ ...numbered(2), headers: { large: 'x'.repeat(131_000) } });
    publisher.publish({ ...numbered(3, 300_000), headers: { n: 3 } });
    await publisher.flush();
    expect(refused).toMatchObject([{ sequence: 2, error: { code: 'MESSAGE_REFUSED', facts: { maxBytes: 131_072 } } }]);
    await publisher.close();
    const arrived = await drainQueue(broker.url, a);
    expect(arrived.map(({ properties, body }) => [properties.messageId, body.length])).toEqual([
      ['id-1', 2],
      ['id-3', 300_000],
    ]);
    expect(arrived[0]?.properties.headers).toEqual({ large: 'x'.repeat(100_000) });
  });

  it('may let it expire, which is no sign of a lost binding', async () => {
    const { options } = twoQueues();
    const { publisher, events } = await openPublisher({ url: broker.url, ...options, topologyCheckIntervalMs: 20 });
    for (let n = 1; n <= 20; n++) {
      publisher.publish({ ...numbered(n), expiration: 1 });
      await publisher.flush();
    }
    expect(publisher.verified).toBe(20);
    expect(countEvents(events, 'shortfall')).toBe(0);
    await publisher.close();
  });

  it('may name an exchange that does not exist, which fails the publisher', async () => {
    const { publisher } = await openPublisher({ url: broker.url, ...twoQueues().options });
    await publishNumbered(publisher, 1, 10);
    publisher.publish({ ...numbered(11), exchange: 'missing' });
    await expect(publisher.flush()).rejects.toMatchObject({
      code: 'TOPOLOGY_MISSING',
      facts: { sequence: 11, exchange: 'missing', replyCode: 404 },
    });
    expect((await publisher.close()).confirmed).toBe(10);
  });
});

describe('publishConfirmed', () => {
  it('resolves with the number of the message, or rejects with what became of it', async () => {
    const { options } = twoQueues();
    const returned: ReturnedMessage[] = [];
    const { publisher } = await openPublisher({
      url: broker.url,
      ...options,
      onReturned: (message) => returned.push(message),
      maxMessageBytes: 1_000,
      onRefused: () => {},
    });
    const results = await Promise.allSettled([
      publisher.publishConfirmed(numbered(1)),
      publisher.publishConfirmed({ ...numbered(2), routingKey: 'unbound' }),
      publisher.publishConfirmed(numbered(3, 1_001)),
      publisher.publishConfirmed(numbered(4, 1_000)),
    ]);
    expect(results).toMatchObject([
      { value: 1 },
      { reason: { code: 'UNROUTABLE', facts: { sequence: 2 } } },
      { reason: { code: 'MESSAGE_REFUSED', facts: { sequence: 3, bytes: 1_001, maxBytes: 1_000 } } },
      { value: 4 },
    ]);
    expect(returned).toEqual([
      { sequence: 2, exchange: options.exchange, routingKey: 'unbound', messageId: 'id-2', replyCode: 312 },
    ]);
    await publisher.flush();
    expect(publisher).toMatchObject({ published: 4, confirmed: 4, verified: 4, state: 'open' });
    expect(publisher.stats).toMatchObject({ acked: 2, returns: 1, refused: 1, unsettled: 0 });
    expect(await publisher.close()).toMatchObject({ confirmed: 4, unsettled: [] });
    await expect(publisher.publishConfirmed(numbered(5))).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('rejects when the publisher fails before', async () => {
    const { publisher } = await openPublisher({ url: broker.url, ...twoQueues().options });
    await broker.setMemoryAlarm();
    publisher.publish(numbered(1));
    const confirmed = publisher.publishConfirmed(numbered(2));
    await publisher.close({ timeoutMs: 0 });
    await broker.clearMemoryAlarm();
    await expect(confirmed).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('publishAll', () => {
  it('publishes iterables, one after the other, within the window', async () => {
    const { a, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options, maxInFlight: 10 });
    expect(await publisher.publishAll(range(1, 100).map((n) => numbered(n)))).toBe(100);
    expect(publisher.verified).toBe(100);
    let max = 0;
    const generated = async function* (): AsyncGenerator<OutgoingMessage> {
      for (let n = 101; n <= 200; n++) {
        yield numbered(n);
        max = Math.max(max, publisher.published - publisher.confirmed);
      }
    };
    expect(await publisher.publishAll(generated())).toBe(100);
    expect(max).toBeLessThanOrEqual(10);
    expect(await drainNumbers(broker, a)).toEqual(range(1, 200));
    await publisher.close();
  });

  it('closes the iterable when it fails or is aborted', async () => {
    await using publisher = await createPublisher({ url: broker.url, ...twoQueues().options });
    let closed = 0;
    const endless = function* (message: OutgoingMessage): Generator<OutgoingMessage> {
      try {
        for (;;) yield message;
      } finally {
        closed++;
      }
    };
    await expect(publisher.publishAll(endless({ routingKey: 'k', body: 'text' as never }))).rejects.toMatchObject({
      code: 'INVALID_MESSAGE',
    });
    await expect(publisher.publishAll(endless(numbered(1)), { signal: AbortSignal.timeout(50) })).rejects.toMatchObject(
      {
        name: 'TimeoutError',
      },
    );
    expect(closed).toBe(2);
  });
});

describe('a message that the broker does not take', () => {
  const MAX = 50_000;
  const limit = (bytes: number): Promise<string> =>
    broker.evaluate(`application:set_env(rabbit, max_message_size, ${bytes}).`);
  beforeAll(() => limit(MAX));
  afterAll(() => limit(134_217_728));

  it('fails the publisher once everything before it is verified', async () => {
    const { a, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options, topologyCheckIntervalMs: 60_000 });
    await publishNumbered(publisher, 1, 1_000);
    publisher.publish(numbered(1_001, MAX + 1));
    await publishNumbered(publisher, 1_002, 1_500);
    await expect(publisher.flush()).rejects.toMatchObject({
      code: 'MESSAGE_REFUSED',
      facts: { sequence: 1_001, messageId: 'id-1001', routingKey: 'k', bytes: MAX + 1, maxBytes: MAX },
    });
    expect(publisher).toMatchObject({ confirmed: 1_000, verified: 1_000 });
    await publisher.close();
    expect(new Set(await drainNumbers(broker, a))).toEqual(new Set(range(1, 1_000)));
  });

  it('is passed over with `onRefused`, with one reconnect for all that are too large', async () => {
    const { a, options } = twoQueues();
    const refused: [number, number, number][] = [];
    const { publisher, events } = await openPublisher({
      url: broker.url,
      ...options,
      maxInFlight: 500,
      onRefused: ({ sequence, body }) => refused.push([sequence, body.length, publisher.confirmed]),
    });
    const isLarge = (n: number): boolean => n % 300 === 0;
    for (let n = 1; n <= 1_500; n++) {
      const full = publisher.publish(numbered(n, isLarge(n) ? MAX + n : 0));
      if (full) await full;
    }
    await publisher.flush();
    expect(refused.map(([sequence, bytes]) => [sequence, bytes])).toEqual(
      range(1, 5).map((n) => [300 * n, MAX + 300 * n]),
    );
    expect(countEvents(events, 'connected')).toBe(2);
    expect(publisher).toMatchObject({ confirmed: 1_500, verified: 1_500 });
    expect(publisher.stats).toMatchObject({ refused: 5, acked: 1_495, unsettled: 0 });
    await publisher.close();
    expect(new Set(await drainNumbers(broker, a))).toEqual(new Set(range(1, 1_500).filter((n) => !isLarge(n))));
  });

  it('is passed over with `onRefused` for any other reason as well', async () => {
    const { a, options } = twoQueues();
    const refused: RefusedMessage[] = [];
    const { publisher } = await openPublisher({
      url: broker.url,
      ...options,
      backoff: { initialMs: 1, maxMs: 5 },
      onRefused: (message) => refused.push(message),
    });
    await publishNumbered(publisher, 1, 50);
    publisher.publish({ ...numbered(51), userId: 'somebody' });
    await publishNumbered(publisher, 52, 100);
    await publisher.flush();
    expect(refused).toMatchObject([{ sequence: 51, error: { code: 'MESSAGE_REFUSED', facts: { replyCode: 406 } } }]);
    await publisher.close();
    expect(new Set(await drainNumbers(broker, a))).toEqual(new Set(range(1, 100).filter((n) => n !== 51)));
  });
});

describe('a publisher with the permission to write only', () => {
  it('publishes with `declare: false`, and with `passive` checks what it is given', async () => {
    const { exchange, a, b, options } = twoQueues();
    await createPublisher({ url: broker.url, ...options }).then((publisher) => publisher.close());
    await broker.createUser('writer', 'secret', { configure: '^$', read: '^$', write: `^${exchange}$` });
    const url = broker.urlFor({ username: 'writer', password: 'secret' });
    const publishOne = async (more: object): Promise<number | PublisherError> => {
      try {
        await using publisher = await createPublisher({ url, exchange, ...more });
        publisher.publish(numbered(1));
        await publisher.flush();
        return publisher.verified;
      } catch (error) {
        return error as PublisherError;
      }
    };
    expect(await publishOne({})).toMatchObject({ code: 'ACCESS_REFUSED' });
    expect(await publishOne({ declare: false })).toBe(1);
    expect(await publishOne({ ...options, declare: 'passive' })).toBe(1);
    expect(await publishOne({ declare: 'passive', exchange: uniqueTopology().exchange })).toMatchObject({
      code: 'TOPOLOGY_MISSING',
    });
    const queues = [a, `${b}-missing`].map((name) => ({ name, routingKeys: ['k'] }));
    expect(await publishOne({ declare: 'passive', queues })).toMatchObject({
      code: 'TOPOLOGY_MISSING',
      facts: { queue: `${b}-missing` },
    });
    expect(await drainNumbers(broker, a)).toEqual([1, 1]);
  });

  it('notices with `passive` that a queue is deleted', async () => {
    const { a, options } = twoQueues();
    await createPublisher({ url: broker.url, ...options }).then((publisher) => publisher.close());
    const { publisher } = await openPublisher({ url: broker.url, ...options, declare: 'passive' });
    publisher.publish(numbered(1));
    await publisher.flush();
    await withConnection(broker.url, async (connection) => (await connection.createChannel()).deleteQueue(a));
    publisher.publish(numbered(2));
    await expect(publisher.flush()).rejects.toMatchObject({ code: 'TOPOLOGY_MISSING', facts: { queue: a } });
    await publisher.close();
  });
});
