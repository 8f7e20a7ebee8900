import {
  deleteExchange,
  deleteQueue,
  purgeQueue,
  startOwnBroker,
  startProxy,
  type TestBroker,
  unbindQueue,
  uniqueTopology,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertContinuity, discardContinuity, type PublisherErrorFacts, type PublisherOptions } from '../src/index.js';
import { drainNumbers, publishNumbered, range } from './support/numbered-messages.js';
import { countEvents, openPublisher, twoQueues } from './support/publisher-harness.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

/** Two queues, and the options of a publisher that starts with a token, and of one that resumes. */
const twoQueuesWithToken = (queueType?: 'classic' | 'quorum') => {
  const { exchange, a, b, options } = twoQueues();
  const token = `token-${exchange}`;
  const queues = options.queues!.map((queue) => ({ ...queue, queueType }));
  const common = { url: broker.url, exchange, queues, topologyCheckIntervalMs: 20 } satisfies PublisherOptions;
  const start: PublisherOptions = { ...common, continuity: { token, mode: 'start' } };
  const resume: PublisherOptions = { ...common, continuity: { token, mode: 'resume' } };
  return { exchange, a, b, token, start, resume };
};

/** Deletes a queue and declares it again at once, as some consumers do when they start. */
const replaceQueue = (queue: string, exchange: string, queueType: 'classic' | 'quorum' = 'classic'): Promise<void> =>
  withConnection(broker.url, async (connection) => {
    const channel = await connection.createChannel();
    await channel.deleteQueue(queue);
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': queueType } });
    await channel.bindQueue(queue, exchange, 'k');
  });

/** Names of exchanges and queues that contain a text. */
const objectsWith = (text: string): Promise<string> =>
  broker.evaluate(
    `[N || {resource, _, _, N} <- rabbit_exchange:list_names() ++ rabbit_amqqueue:list_names(), binary:match(N, <<"${text}">>) =/= nomatch].`,
  );

/** How often a queue is bound to an exchange. */
const countBindings = (exchange: string, queue: string): Promise<string> =>
  broker.evaluate(
    `length(rabbit_binding:list_for_source_and_destination(rabbit_misc:r(<<"/">>, exchange, <<"${exchange}">>), rabbit_misc:r(<<"/">>, queue, <<"${queue}">>))).`,
  );

const expectLoss = (work: Promise<unknown>, facts: PublisherErrorFacts): Promise<void> =>
  expect(work).rejects.toMatchObject({ code: 'TOPOLOGY_LOST', facts });

describe('continuity', () => {
  for (const type of ['topic', 'direct', 'fanout', 'headers'] as const) {
    it(`lets a queue of a ${type} exchange take every message once, although its binding is removed`, async () => {
      const { exchange: name, a, b, token, start } = twoQueuesWithToken();
      const { publisher, events } = await openPublisher({
        ...start,
        exchange: { name, type },
        topologyCheckIntervalMs: 200,
      });
      expect(publisher.continuity).toBe(token);
      await publishNumbered(publisher, 1, 500);
      await unbindQueue(broker.url, a, name, 'k');
      await publishNumbered(publisher, 501, 600);
      await publisher.flush();
      expect(publisher.verified).toBe(600);
      await publisher.close();
      expect(await drainNumbers(broker, a)).toEqual(range(1, 600));
      expect(await drainNumbers(broker, b)).toEqual(range(1, 600));
      expect(countEvents(events, 'shortfall')).toBe(0);
    });
  }

  for (const queueType of ['classic', 'quorum'] as const) {
    it(`notices that a ${queueType} queue was deleted and declared again at once`, async () => {
      const { exchange, a, start, resume } = twoQueuesWithToken(queueType);
      const { publisher } = await openPublisher(start);
      await publishNumbered(publisher, 1, 100);
      await publisher.flush();
      await replaceQueue(a, exchange, queueType);
      await publishNumbered(publisher, 101, 110);
      const loss = { reason: 'queue-replaced', queue: a, verified: 100 } as const;
      await expectLoss(publisher.flush(), loss);
      await publisher.close();
      await expectLoss(openPublisher(resume), { ...loss, verified: 0 });
    });
  }

  it('notices that the exchange was deleted and declared again while an alternate exchange took the messages', async () => {
    const { exchange, start } = twoQueuesWithToken();
    const arguments_ = { 'alternate-exchange': 'amq.fanout' };
    const options: PublisherOptions = { ...start, exchange: { name: exchange, arguments: arguments_ } };
    const { publisher } = await openPublisher(options);
    await publishNumbered(publisher, 1, 10);
    await publisher.flush();
    const { queue } = uniqueTopology();
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createChannel();
      await channel.assertQueue(queue('catch-all'), { exclusive: true });
      await channel.bindQueue(queue('catch-all'), 'amq.fanout', '');
      await channel.deleteExchange(exchange);
      await channel.assertExchange(exchange, 'topic', { durable: true, arguments: arguments_ });
      await publishNumbered(publisher, 11, 20);
      await expectLoss(publisher.flush(), { reason: 'exchange-replaced', exchange, verified: 10 });
    });
    await publisher.close();
  });

  it('resumes with queues that are the same, also after the broker was restarted, and the exchange declared again', async () => {
    const topologies = [twoQueuesWithToken('classic'), twoQueuesWithToken('quorum')];
    for (const { exchange, a, start } of topologies) {
      const { publisher } = await openPublisher(start);
      await publishNumbered(publisher, 1, 10);
      await publisher.flush();
      await publisher.close();
      await drainNumbers(broker, a);
      await deleteExchange(broker.url, exchange);
    }
    await broker.stopApp();
    await broker.startApp();
    for (const { exchange, a, token, resume } of topologies) {
      const { publisher } = await openPublisher(resume);
      expect(publisher.continuity).toBe(token);
      await publishNumbered(publisher, 11, 20);
      await unbindQueue(broker.url, a, exchange, 'k');
      await publishNumbered(publisher, 21, 30);
      await publisher.flush();
      await publisher.close();
      expect(await drainNumbers(broker, a)).toEqual(range(11, 30));
    }
  });

  it('notices before anything is declared that a queue is missing, or that the broker lost its messages', async () => {
    const { exchange, a, b, token, start, resume } = twoQueuesWithToken();
    await (await openPublisher(start)).publisher.close();
    await purgeQueue(broker.url, `${token}.receipt`);
    await expectLoss(openPublisher(resume), { reason: 'messages-lost', exchange, verified: 0 });
    await deleteQueue(broker.url, `${token}.receipt`);
    await expectLoss(openPublisher(resume), { reason: 'messages-lost' });
    await deleteQueue(broker.url, b);
    await expectLoss(openPublisher(resume), { reason: 'queue-missing', queue: b });
    expect(await objectsWith(b)).toBe('[]');
    expect(await objectsWith(a)).toContain(a);
  });

  it('notices after a reconnect that the broker was set up again, or lost its messages', async () => {
    await using proxy = await startProxy(broker);
    const url = broker.urlFor({ port: proxy.port });
    const { exchange, a, b, token, start } = twoQueuesWithToken();
    const lose = {
      // As from its definitions, which do not contain internal exchanges.
      'queue-replaced': async () => {
        await deleteQueue(broker.url, `${token}.receipt`);
        for (const queue of [a, b]) await replaceQueue(queue, exchange);
      },
      'messages-lost': async () => {
        for (const queue of [a, b, `${token}.receipt`]) await purgeQueue(broker.url, queue);
      },
    } as const;
    for (const reason of ['queue-replaced', 'messages-lost'] as const) {
      const { publisher, events } = await openPublisher({ ...start, url, maxInFlight: 100 });
      await publishNumbered(publisher, 1, 1_000);
      await publisher.flush();
      proxy.setRefusing(true);
      proxy.cut();
      await until(() => countEvents(events, 'lost') > 0);
      await lose[reason]();
      proxy.setRefusing(false);
      await expectLoss(publishNumbered(publisher, 1_001, 2_000), { reason, verified: 1_000 });
      await publisher.close();
      await discardContinuity({ url: broker.url, token, exchange, queues: start.queues ?? [] });
    }
  });

  it('waits for the leader of a quorum queue, without which the queue reports that it is empty', async () => {
    await using proxy = await startProxy(broker);
    const { a, b, start } = twoQueuesWithToken('quorum');
    const { publisher, events } = await openPublisher({ ...start, url: broker.urlFor({ port: proxy.port }) });
    await publishNumbered(publisher, 1, 100);
    await publisher.flush();
    const server = `{'%2F_${a}', node()}`;
    await broker.evaluate(`ok = ra:stop_server(quorum_queues, ${server}).`);
    proxy.cut();
    await until(() => countEvents(events, 'lost') > 0);
    // More than the readings of a queue that has a leader.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await broker.evaluate(`ok = ra:restart_server(quorum_queues, ${server}).`);
    await publishNumbered(publisher, 101, 200);
    await publisher.flush();
    await publisher.close();
    expect(publisher.stats.missing).toBe(0);
    expect(countEvents(events, 'missing')).toBe(0);
    for (const queue of [a, b]) expect(await drainNumbers(broker, queue)).toEqual(range(1, 200));
  });

  it('is not claimed by a receipt that was purged while connected', async () => {
    const { token, start } = twoQueuesWithToken();
    await using proxy = await startProxy(broker);
    const { publisher } = await openPublisher({ ...start, url: broker.urlFor({ port: proxy.port }) });
    await purgeQueue(broker.url, `${token}.receipt`);
    await publishNumbered(publisher, 1, 10);
    await publisher.flush();
    proxy.cut();
    await publishNumbered(publisher, 11, 20);
    await publisher.flush();
    expect(publisher.verified).toBe(20);
    await publisher.close();
  });

  it('does without its objects if the user may not declare them', async () => {
    const { exchange, a, token, start } = twoQueuesWithToken();
    const prefix = exchange.replace(/-exchange$/, '');
    const pattern = `^${prefix}`;
    const permissions = { configure: pattern, write: `${pattern}|^token-.*\\.exchange$`, read: pattern };
    await broker.createUser('limited', 'secret-of-limited', permissions);
    const url = broker.urlFor({ username: 'limited', password: 'secret-of-limited' });
    const { publisher, events } = await openPublisher({ ...start, url });
    expect(publisher.continuity).toBeUndefined();
    expect(countEvents(events, 'continuity-unavailable')).toBe(1);
    await publishNumbered(publisher, 1, 10);
    await publisher.flush();
    await publisher.close();
    expect(await drainNumbers(broker, a)).toEqual(range(1, 10));
    expect(await objectsWith(token)).toBe('[]');
    await broker.deleteUser('limited');
  });

  it('leaves objects on the broker that can be removed', async () => {
    const { exchange, a, b, token, start } = twoQueuesWithToken();
    const { publisher } = await openPublisher(start);
    await publisher.close();
    for (const name of [`queue.${a}`, `queue.${b}`, 'exchange', 'receipt']) {
      expect(await objectsWith(token)).toContain(`<<"${token}.${name}">>`);
    }
    expect(await countBindings(exchange, a)).toBe('2');
    const assertLossless = () => assertContinuity({ url: broker.url, token, queues: [a, b] });
    await assertLossless();
    await replaceQueue(b, exchange);
    await expect(assertLossless()).rejects.toMatchObject({
      code: 'TOPOLOGY_LOST',
      facts: { reason: 'queue-replaced', queue: b },
    });
    await deleteQueue(broker.url, a);
    const untokened = assertContinuity({ url: broker.url, token: undefined, queues: [a, b] });
    await expect(untokened).rejects.toMatchObject({
      code: 'TOPOLOGY_LOST',
      facts: { reason: 'queue-missing', queue: a },
    });
    expect(await objectsWith(a)).toBe('[]');
    const { queues = [] } = start;
    const discard = () => discardContinuity({ url: broker.url, token, exchange, queues });
    await discard();
    await discard();
    expect(await objectsWith(token)).toBe('[]');
    expect(await countBindings(exchange, b)).toBe('1');
    await broker.createUser('powerless', 'secret-of-powerless', { configure: '^$' });
    const url = broker.urlFor({ username: 'powerless', password: 'secret-of-powerless' });
    const refused = discardContinuity({ url, token, exchange, queues });
    await expect(refused).rejects.toMatchObject({ code: 'ACCESS_REFUSED' });
    await broker.deleteUser('powerless');
    const invalid = discardContinuity({ url: broker.url, token: 'amq.x', exchange, queues });
    await expect(invalid).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});
