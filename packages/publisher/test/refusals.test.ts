import {
  drainQueue,
  startOwnBroker,
  startProxy,
  type TestBroker,
  uniqueTopology,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPublisher, PublisherError, type PublisherEvent, type PublisherOptions } from '../src/index.js';
import { numbered, publishNumbered } from './support/numbered-messages.js';
import { countEvents, openPublisher, twoQueues, visibleText } from './support/publisher-harness.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

/** The error that `createPublisher` rejects with. */
const failureOf = async (options: Partial<PublisherOptions> & { url: string }): Promise<PublisherError> => {
  const backoff = { initialMs: 1, maxMs: 5 };
  const error = await createPublisher({ backoff, ...twoQueues().options, ...options }).then(
    () => expect.fail('createPublisher resolved'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PublisherError);
  return error as PublisherError;
};

describe('createPublisher rejects with a typed error for', () => {
  it('wrong credentials', async () => {
    const password = 'Tr0ub4dor&3 / ä';
    const events: PublisherEvent[] = [];
    const error = await failureOf({
      url: broker.urlFor({ username: 'mallory-user', password }),
      onEvent: (event) => events.push(event),
    });
    expect(error).toMatchObject({ code: 'BAD_CREDENTIALS', facts: { replyCode: 403 } });
    const text = visibleText([error, events]);
    for (const secret of [password, encodeURIComponent(password), 'mallory-user']) expect(text).not.toContain(secret);
    expect(text).toContain(String(broker.port));
  });

  it('an unknown virtual host, or one without permission', async () => {
    expect(await failureOf({ url: broker.urlFor({ vhost: 'nowhere' }) })).toMatchObject({ code: 'VHOST_REFUSED' });
    await Promise.all([
      broker.createUser('outsider', 'secret-of-outsider', { vhost: '/' }),
      broker.createVhost('closed'),
    ]);
    const error = await failureOf({
      url: broker.urlFor({ vhost: 'closed', username: 'outsider', password: 'secret-of-outsider' }),
    });
    expect(error.code).toBe('VHOST_REFUSED');
    expect(visibleText(error)).not.toMatch(/outsider/);
  });

  it('an exchange or a queue that exists with other settings', async () => {
    const { exchange, a, options } = twoQueues();
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createChannel();
      await channel.assertExchange(exchange, 'fanout');
      await channel.assertQueue(a, { durable: true, arguments: { 'x-max-length': 7 } });
    });
    expect(await failureOf({ url: broker.url, ...options })).toMatchObject({
      code: 'TOPOLOGY_CONFLICT',
      facts: { exchange, replyCode: 406 },
    });
    expect(
      await failureOf({ url: broker.url, ...options, exchange: { name: exchange, type: 'fanout' } }),
    ).toMatchObject({
      code: 'TOPOLOGY_CONFLICT',
      facts: { queue: a, replyCode: 406 },
    });
  });

  it('an exchange type that the broker does not know', async () => {
    const { exchange } = uniqueTopology();
    expect(
      await failureOf({ url: broker.url, exchange: { name: exchange, type: 'nonsense' }, queues: [] }),
    ).toMatchObject({ code: 'TOPOLOGY_CONFLICT', facts: { exchange, replyCode: 503 } });
  });

  it('missing permissions to declare or to publish', async () => {
    const { exchange, a, options } = twoQueues();
    await broker.createUser('reader', 'secret-of-reader', { configure: '^$' });
    const reader = broker.urlFor({ username: 'reader', password: 'secret-of-reader' });
    expect(await failureOf({ url: reader, ...options })).toMatchObject({
      code: 'ACCESS_REFUSED',
      facts: { exchange, replyCode: 403 },
    });
    // This user may declare and bind, but not publish: the broker closes the channel at each attempt.
    await broker.createUser('mute', 'secret-of-mute', { write: `^${a}$` });
    const { publisher } = await openPublisher({
      url: broker.urlFor({ username: 'mute', password: 'secret-of-mute' }),
      ...options,
      queues: [],
    });
    publisher.publish(numbered(1));
    await expect(publisher.flush()).rejects.toMatchObject({ code: 'ACCESS_REFUSED', facts: { sequence: 1 } });
    expect(publisher.state).toBe('failed');
    expect((await publisher.close()).unsettled.length).toBe(1);
  });

  it('a broker that stays unreachable, if attempts are limited', async () => {
    await using proxy = await startProxy(broker);
    proxy.setRefusing(true);
    const backoff = { initialMs: 1, maxMs: 5 };
    const url = broker.urlFor({ port: proxy.port });
    expect(await failureOf({ url, backoff, connectAttempts: 3 })).toMatchObject({
      code: 'UNREACHABLE',
      facts: { attempts: 3 },
    });
    proxy.setRefusing(false);
    const { publisher } = await openPublisher({ ...twoQueues().options, url, backoff, reconnectAttempts: 2 });
    proxy.setRefusing(true);
    proxy.cut();
    await until(() => publisher.state === 'failed');
    expect(publisher.error).toMatchObject({ code: 'UNREACHABLE', facts: { attempts: 2 } });
    await publisher.close();
  });
});

describe('a message that no queue takes', () => {
  it('is returned, fails the publisher, and is not confirmed', async () => {
    const { options } = twoQueues();
    const { publisher, events } = await openPublisher({ url: broker.url, ...options });
    await publishNumbered(publisher, 1, 5);
    publisher.publish({ ...numbered(6), routingKey: 'unbound' });
    await publishNumbered(publisher, 7, 9);
    await expect(publisher.flush()).rejects.toMatchObject({
      code: 'UNROUTABLE',
      facts: { sequence: 6, routingKey: 'unbound', messageId: 'id-6', replyCode: 312 },
    });
    expect(publisher.state).toBe('failed');
    await expect(publisher.publish(numbered(10))).rejects.toMatchObject({ code: 'UNROUTABLE' });
    const report = await publisher.close();
    expect(report).toMatchObject({ published: 9, confirmed: 5, unsettled: [{ sequence: 6 }] });
    expect(publisher.stats).toMatchObject({ returns: 1, acked: 8 });
    expect(countEvents(events, 'failed')).toBe(1);
  });

  it('is identified among messages with equal ids and bodies, the oldest first', async () => {
    const { options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    const same = { body: Buffer.from('same'), messageId: 'same' };
    publisher.publish({ ...same, routingKey: 'k' });
    publisher.publish({ ...same, routingKey: 'unbound', body: Buffer.from('other') });
    publisher.publish({ ...same, routingKey: 'unbound' });
    publisher.publish({ ...same, routingKey: 'unbound' });
    await expect(publisher.flush()).rejects.toMatchObject({ code: 'UNROUTABLE', facts: { sequence: 2 } });
    expect((await publisher.close()).unsettled.map((it) => it.sequence)).toEqual([2, 3, 4]);
  });

  it('is confirmed if `mandatory` is false', async () => {
    const { options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options, properties: { mandatory: false } });
    publisher.publish({ ...numbered(1), routingKey: 'unbound' });
    await publisher.flush();
    expect(await publisher.close()).toMatchObject({ confirmed: 1, unsettled: [] });
  });
});

describe('the URL', () => {
  const publishOne = async (url: string): Promise<string[]> => {
    const { a, options } = twoQueues();
    const { publisher } = await openPublisher({ url, ...options });
    publisher.publish(numbered(1));
    await publisher.flush();
    await publisher.close();
    const found: string[] = [];
    for (const vhost of ['/', 'named', 'a/b %']) {
      const drained = await drainQueue(broker.urlFor({ vhost }), a).catch(() => []);
      if (drained.length > 0) found.push(vhost);
    }
    return found;
  };

  it('selects the virtual host in every notation', async () => {
    await Promise.all([broker.createVhost('named'), broker.createVhost('a/b %')]);
    const base = `amqp://guest:guest@127.0.0.1:${broker.port}`;
    expect(await publishOne(base)).toEqual(['/']);
    expect(await publishOne(`${base}/`)).toEqual(['/']);
    expect(await publishOne(`${base}/%2F`)).toEqual(['/']);
    expect(await publishOne(`${base}/%2f?heartbeat=5`)).toEqual(['/']);
    expect(await publishOne(`${base}/named`)).toEqual(['named']);
    expect(await publishOne(`${base}/a%2Fb%20%25`)).toEqual(['a/b %']);
    expect(await publishOne(`amqp://127.0.0.1:${broker.port}`)).toEqual(['/']);
  });

  it('may contain special characters in user and password', async () => {
    await broker.createUser('us er@x', 'p/a:s%s#');
    const url = `amqp://us%20er%40x:p%2Fa%3As%25s%23@127.0.0.1:${broker.port}/`;
    expect(await publishOne(url)).toEqual(['/']);
  });
});
