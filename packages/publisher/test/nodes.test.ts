import { type AddressInfo, createServer } from 'node:net';
import {
  drainQueue,
  sharedBroker,
  startProxy,
  type TcpProxy,
  type TestBroker,
  until,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnection, createPublisher, identifyBroker, type PublisherEvent } from '../src/index.js';
import { numbered, numberOf, publishNumbered, range, withoutDuplicates } from './support/numbered-messages.js';
import { countEvents, openPublisher, twoQueues, visibleText } from './support/publisher-harness.js';

/** Two proxies stand for two nodes of the broker; nothing listens at the port of the third. */
describe('several nodes', () => {
  let broker: TestBroker;
  let proxies: [TcpProxy, TcpProxy];
  let urls: [string, string];
  let closed: string;
  beforeAll(async () => {
    broker = await sharedBroker();
    proxies = await Promise.all([startProxy(broker), startProxy(broker)]);
    urls = proxies.map(({ port }) => broker.urlFor({ port })) as [string, string];
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closed = broker.urlFor({ port: (server.address() as AddressInfo).port });
    await new Promise((resolve) => server.close(resolve));
  });
  afterAll(async () => {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await broker?.close();
  });

  /** A pause would let the test time out. */
  const withoutPause = { initialMs: 600_000, maxMs: 600_000 };

  it('are all tried before a pause, at the start and after a loss, and no message is lost', async () => {
    const { a, options } = twoQueues();
    const url = [closed, ...urls];
    const { publisher, events } = await openPublisher({ url, ...options, backoff: withoutPause, maxInFlight: 100 });
    const total = 6_000;
    const publishing = publishNumbered(publisher, 1, total);
    const used = new Set<string>([publisher.broker.display]);
    for (let loss = 1; loss <= 4; loss++) {
      await until(() => publisher.state === 'open' || publisher.state === 'full');
      await until(() => publisher.confirmed >= loss * 1_000);
      used.add(publisher.broker.display);
      const current = proxies.find(({ port }) => publisher.broker.display.includes(`:${port}/`));
      current?.cut();
      await until(() => publisher.stats.reconnects === loss);
      used.add(publisher.broker.display);
      // The node that was lost is not the next one.
      expect(publisher.broker.display).not.toContain(`:${current?.port}/`);
    }
    await publishing;
    await publisher.flush();
    expect(used.size).toBe(2);
    expect(countEvents(events, 'backoff')).toBe(0);
    const connected = events.flatMap((event) => (event.type === 'connected' ? [event.broker] : []));
    expect(new Set(connected)).toEqual(used);
    const { republished } = publisher.stats;
    await publisher.close();
    const numbers = (await drainQueue(broker.url, a)).map(numberOf);
    expect(withoutDuplicates(numbers)).toEqual(range(1, total));
    expect(numbers.length - total).toBeLessThanOrEqual(republished);
  });

  it('are all named when none can be reached, each with its reason, and without credentials', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const silentUrl = broker.urlFor({ port: (silent.address() as AddressInfo).port, password: 'hunter22' });
    const events: PublisherEvent[] = [];
    const error = await createPublisher({
      ...{ url: [closed, silentUrl], ...twoQueues().options, connectAttempts: 2, connectTimeoutMs: 300 },
      ...{ backoff: { initialMs: 1, maxMs: 5 }, onEvent: (event) => events.push(event) },
    }).catch((thrown: unknown) => thrown);
    silent.close();
    expect(error).toMatchObject({ code: 'UNREACHABLE', facts: { attempts: 2 } });
    const { nodes = [], broker: brokers } = (
      error as { facts: { nodes?: { broker: string; message: string }[]; broker: string } }
    ).facts;
    expect(nodes).toHaveLength(2);
    for (const url of [closed, silentUrl]) {
      const { host } = new URL(url);
      const node = nodes.find((it) => it.broker.includes(host));
      expect(node?.message).toMatch(url === closed ? /ECONNREFUSED/ : /accepts connections, but sends nothing/);
      expect(String(error)).toContain(node?.message);
      expect(brokers).toContain(host);
    }
    expect(countEvents(events, 'lost')).toBe(4);
    expect(countEvents(events, 'backoff')).toBe(1);
    expect(visibleText([error, events])).not.toContain('hunter22');
  });

  it('are not given up because one of them is no broker, or refuses the login', async () => {
    const http = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const httpUrl = broker.urlFor({ port: (http.address() as AddressInfo).port });
    const wrong = broker.urlFor({ password: 'wrong' });
    const isSeen = { NOT_AMQP: false, BAD_CREDENTIALS: false };
    // In random order: until each of the two was tried before the other one.
    for (let n = 0; n < 50 && !(isSeen.NOT_AMQP && isSeen.BAD_CREDENTIALS); n++) {
      const onEvent = (event: PublisherEvent): void => {
        if (event.type === 'lost') isSeen[event.error.code as keyof typeof isSeen] = true;
      };
      const { display } = await identifyBroker({ url: [httpUrl, wrong, urls[0]], backoff: withoutPause, onEvent });
      expect(display).toContain(new URL(urls[0]).host);
    }
    expect(isSeen).toEqual({ NOT_AMQP: true, BAD_CREDENTIALS: true });
    const error = await identifyBroker({ url: [httpUrl, wrong], backoff: { initialMs: 1, maxMs: 5 } }).catch(
      (it) => it,
    );
    http.close();
    expect(['NOT_AMQP', 'BAD_CREDENTIALS']).toContain(error.code);
    expect(error.facts.nodes.map(({ code }: { code: string }) => code).sort()).toEqual(['BAD_CREDENTIALS', 'NOT_AMQP']);
  });

  it('are used by all publishers of a shared connection, one at a time', async () => {
    await using connection = createConnection({ url: [closed, ...urls] });
    const open = () => connection.createPublisher({ ...twoQueues().options, backoff: { initialMs: 1, maxMs: 5 } });
    const publishers = await Promise.all([open(), open()]);
    for (let loss = 1; loss <= 2; loss++) {
      for (const proxy of proxies) proxy.cut();
      await until(() => publishers.every(({ stats, state }) => stats.reconnects >= loss && state === 'open'));
      await Promise.all(publishers.map((publisher) => publisher.publishConfirmed(numbered(loss))));
      expect(new Set(publishers.map((publisher) => publisher.broker.display)).size).toBe(1);
    }
  });
});
