import { setTimeout as sleep } from 'node:timers/promises';
import {
  bindQueue,
  countMessages,
  deleteQueue,
  drainQueue,
  purgeQueue,
  startProxy,
  type TcpProxy,
  type TestBroker,
  unbindQueue,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { expect } from 'vitest';
import type {
  Publisher,
  PublisherError,
  PublisherErrorCode,
  PublisherEvent,
  PublisherOptions,
} from '../../src/index.js';
import { drainNumbers, numbered, numberOf, publishNumbered, range, withoutDuplicates } from './numbered-messages.js';
import { countEvents, openPublisher, twoQueues } from './publisher-harness.js';

/** Small enough that every fault happens while the window is full, and that a window of duplicates shows. */
const WINDOW = 500;
const BODY_BYTES = 300;

interface Scene {
  readonly broker: TestBroker;
  readonly proxy: TcpProxy;
  readonly publisher: Publisher;
  readonly events: PublisherEvent[];
  readonly exchange: string;
  readonly a: string;
  readonly b: string;
}

interface Outcome {
  /** Messages published. */
  readonly total: number;
  readonly publisher: Publisher;
  readonly events: PublisherEvent[];
}

/** Publishes numbered messages without a pause until `isDone`, and returns how many. */
const publishUntil = async (publisher: Publisher, isDone: () => boolean): Promise<number> => {
  let n = 0;
  while (!isDone()) {
    const full = publisher.publish(numbered(++n, BODY_BYTES));
    if (full) await full;
    // Lets the fault happen, even if the broker confirms so fast that the window is never full.
    if (n % 100 === 0) await sleep(1);
  }
  return n;
};

/**
 * Expects that no message is missing in either queue; that each connection kept the order, so that a queue steps back
 * at most once for each interruption; and that each interruption made at most one window of duplicates.
 */
const expectAllDelivered = async (scene: Scene, total: number, interruptions: number): Promise<void> => {
  for (const queue of [scene.a, scene.b]) {
    const numbers = await drainNumbers(scene.broker, queue);
    expect(withoutDuplicates(numbers).sort((x, y) => x - y)).toEqual(range(1, total));
    const steps = numbers.filter((n, i) => i > 0 && n <= (numbers[i - 1] as number)).length;
    expect(steps).toBeLessThanOrEqual(interruptions);
    expect(numbers.length - total).toBeLessThanOrEqual(WINDOW * interruptions);
  }
};

/** Reports the state of a publisher that hangs, before the test itself times out. */
const withDiagnosis = async <T>({ publisher, events }: Scene, work: () => Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const { state, stats, confirmed, verified } = publisher;
      const last = events.slice(-20).map((it) => ({ ...it, ...('error' in it && { error: it.error.message }) }));
      reject(new Error(JSON.stringify({ hanging: { state, stats, confirmed, verified, last } }, null, 1)));
    }, 90_000);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Publishes while a fault is injected, and expects that everything arrived. */
const publishThroughFault = async (
  broker: TestBroker,
  injectFault: (scene: Scene) => Promise<void>,
  options: Partial<PublisherOptions> = {},
): Promise<Outcome> => {
  await using proxy = await startProxy(broker);
  const { exchange, a, b, options: topology } = twoQueues();
  const { publisher, events } = await openPublisher({
    url: broker.urlFor({ port: proxy.port }),
    ...topology,
    maxInFlight: WINDOW,
    ...options,
  });
  const scene = { broker, proxy, publisher, events, exchange, a, b };
  let after = Number.POSITIVE_INFINITY;
  const fault = until(() => publisher.confirmed > WINDOW)
    .then(() => injectFault(scene))
    .then(() => {
      after = publisher.confirmed + 2 * WINDOW;
    });
  const [total] = await withDiagnosis(scene, () =>
    Promise.all([publishUntil(publisher, () => publisher.confirmed >= after), fault]),
  );
  await withDiagnosis(scene, () => publisher.flush());
  expect(await publisher.close()).toEqual({ published: total, confirmed: total, unsettled: [] });
  expect(publisher.verified).toBe(total);
  await expectAllDelivered(scene, total, publisher.stats.reconnects);
  expect(publisher.stats.republished).toBeLessThanOrEqual(WINDOW * publisher.stats.reconnects);
  return { total, publisher, events };
};

/** Publishes while a fault is injected that must fail the publisher, and expects that `verified` is true. */
const publishUntilFailure = async (
  code: PublisherErrorCode,
  broker: TestBroker,
  injectFault: (scene: Scene) => Promise<void>,
  options: Partial<PublisherOptions> = {},
): Promise<{ error: PublisherError; scene: Scene }> => {
  await using proxy = await startProxy(broker);
  const { exchange, a, b, options: topology } = twoQueues();
  const { publisher, events } = await openPublisher({
    url: broker.urlFor({ port: proxy.port }),
    ...topology,
    maxInFlight: WINDOW,
    topologyCheckIntervalMs: 200,
    ...options,
  });
  const scene = { broker, proxy, publisher, events, exchange, a, b };
  const fault = until(() => publisher.confirmed > WINDOW && publisher.verified > 0).then(() => injectFault(scene));
  const published = publishUntil(publisher, () => false).catch((error: unknown) => error);
  await fault;
  const error = (await published) as PublisherError;
  expect(error).toMatchObject({ code });
  expect(publisher).toMatchObject({ state: 'failed', error });
  await expect(publisher.flush()).rejects.toBe(error);
  const report = await publisher.close();
  expect(report.confirmed).toBe(publisher.confirmed);
  expect(report.published - report.confirmed).toBeGreaterThanOrEqual(report.unsettled.length);
  const { verified } = error.facts;
  // For a lost binding, it is the watermark at which the counts started.
  if (code !== 'TOPOLOGY_MISSING') expect(verified).toBeGreaterThan(0);
  expect(verified).toBeLessThanOrEqual(report.confirmed);
  for (const queue of [a, b]) {
    const drained = await drainQueue(broker.url, queue).catch(() => undefined);
    if (!drained) continue;
    const have = new Set(drained.map(numberOf));
    expect(range(1, verified as number).filter((n) => !have.has(n))).toEqual([]);
  }
  return { error, scene };
};

const expectReconnect = (outcome: Outcome): void => {
  expect(outcome.publisher.stats.reconnects).toBeGreaterThanOrEqual(1);
  expect(countEvents(outcome.events, 'lost')).toBeGreaterThanOrEqual(1);
};

/** Stalls the path until the publisher has given up the connection. */
const stallForGood = async ({ proxy, publisher, events }: Scene): Promise<void> => {
  proxy.stall();
  await until(() => countEvents(events, 'lost') > 0);
  // If bytes of the dead connection came through now, the proxy would have reordered them, not the publisher.
  proxy.cut();
  proxy.resume();
  await until(() => publisher.stats.reconnects >= 1);
};

/** Two queues, the first of which refuses messages beyond `length`. */
const withLimit = (length: number) => {
  const { exchange, a, b, options } = twoQueues();
  const [first, second] = options.queues ?? [];
  const limited = { ...first!, arguments: { 'x-max-length': length, 'x-overflow': 'reject-publish' } };
  return { a, b, options: { exchange, queues: [limited, second!], maxInFlight: WINDOW } };
};

/**
 * A policy of the broker makes one of two queues drop messages, of which no client is informed. That must not look like
 * a lost binding, and must not cost the other queue anything.
 */
const publishToDroppingQueue = async (broker: TestBroker, definition: object): Promise<void> => {
  const { a, b, options } = twoQueues();
  await broker.setPolicy(a, `^${a}$`, definition);
  try {
    const { publisher, events } = await openPublisher({
      url: broker.url,
      ...options,
      maxInFlight: WINDOW,
      topologyCheckIntervalMs: 100,
    });
    const isUncounted = (): boolean => countEvents(events, 'uncounted') > 0;
    const total = await publishUntil(publisher, isUncounted);
    expect(events.find((event) => event.type === 'uncounted')).toMatchObject({ queue: a });
    await publisher.flush();
    expect(publisher).toMatchObject({ state: 'open', confirmed: total, verified: total });
    expect(publisher.stats.missing).toBeGreaterThan(0);
    await broker.deletePolicy(a);
    // Its bindings are still checked: one that is removed is restored.
    await unbindQueue(broker.url, a, options.exchange as string, 'k');
    await publishNumbered(publisher, total + 1, total + 1);
    await publisher.flush();
    await publishNumbered(publisher, total + 2, total + 2);
    await publisher.flush();
    expect((await drainNumbers(broker, a)).at(-1)).toBe(total + 2);
    await publisher.close();
    expect(withoutDuplicates(await drainNumbers(broker, b)).sort((x, y) => x - y)).toEqual(range(1, total + 2));
  } catch (error) {
    await broker.deletePolicy(a).catch(() => {});
    throw error;
  }
};

type Faults = Readonly<Record<string, (broker: TestBroker) => Promise<void>>>;

/** Publishes 1 to 3,000 to two queues, and 3,001 to 3,100 after the second one's binding was removed. */
const publishWithoutBinding = async (broker: TestBroker) => {
  const { exchange, a, b, options } = twoQueues();
  const { publisher } = await openPublisher({ url: broker.url, ...options });
  await publishNumbered(publisher, 1, 3_000);
  await publisher.flush();
  await unbindQueue(broker.url, b, exchange, 'k');
  await publishNumbered(publisher, 3_001, 3_100);
  return { publisher, exchange, a, b };
};

/** Faults of the path or the queues of one publisher, by what happens. They do not disturb each other. */
export const PUBLISHER_FAULTS: Faults = {
  'the path is cut within a frame': async (broker) => {
    const outcome = await publishThroughFault(broker, async ({ proxy }) => {
      // A message is three frames; primes hit each of them over many runs.
      for (const bytes of [10_007, 20_011, 30_013]) await proxy.cutAfter(bytes + Math.floor(Math.random() * 500));
    });
    expect(outcome.publisher.stats.reconnects).toBe(3);
  },

  'the path stalls and resumes': async (broker) => {
    const outcome = await publishThroughFault(broker, async ({ proxy, publisher }) => {
      proxy.stall();
      await until(() => publisher.state === 'full');
      await sleep(300);
      expect(publisher.stats.unsettled).toBeLessThanOrEqual(WINDOW);
      proxy.resume();
    });
    expect(outcome.publisher.stats.reconnects).toBe(0);
  },

  'the path stalls for good, so that no confirm arrives': async (broker) => {
    const options = { confirmTimeoutMs: 700, heartbeatMs: 0, connectTimeoutMs: 1_000 };
    expectReconnect(await publishThroughFault(broker, stallForGood, options));
  },

  'the heartbeats stop': async (broker) => {
    expectReconnect(await publishThroughFault(broker, stallForGood, { heartbeatMs: 1_000, confirmTimeoutMs: 0 }));
  },

  'the path is slow': async (broker) => {
    const outcome = await publishThroughFault(broker, async ({ proxy }) => {
      proxy.setDelay(20);
      await sleep(500);
      proxy.setDelay(0);
    });
    expect(outcome.publisher.stats.reconnects).toBe(0);
  },

  'the connection of its checks is closed, and then refused': async (broker) => {
    await using proxy = await startProxy(broker);
    const { exchange, a, options } = twoQueues();
    const { publisher, events } = await openPublisher({
      ...{ url: broker.urlFor({ port: proxy.port }), ...options },
      ...{ connectionName: exchange, topologyCheckIntervalMs: 20 },
    });
    const publishUntil = async (isEnough: () => boolean): Promise<void> => {
      const timeout = AbortSignal.timeout(20_000);
      while (!isEnough()) {
        timeout.throwIfAborted();
        await publishNumbered(publisher, publisher.published + 1, publisher.published + 500, BODY_BYTES);
        await sleep(1);
      }
    };
    await publishNumbered(publisher, 1, 50);
    await publisher.flush();
    expect(proxy.connections).toBe(1);
    await publishUntil(() => proxy.connections === 2 && publisher.verified > 1_000);
    expect(countEvents(events, 'lost')).toBe(0);

    const connections = 'rabbit_networking:connection_info_all([pid, client_properties])';
    // It is `none` while a connection is being opened.
    const name = `{<<"connection_name">>, longstr, <<"${exchange} (checks)">>}`;
    const isNamed = `is_list(Properties) andalso lists:member(${name}, Properties)`;
    const named = `[{pid, P}, {client_properties, Properties}] <- ${connections}, ${isNamed}`;
    const close = `[rabbit_networking:close_connection(P, "test") || ${named}].`;
    expect(await broker.evaluate(close)).toBe('[ok]');
    await publishUntil(() => publisher.stats.reconnects === 1);
    const [lost] = events.flatMap((event) => (event.type === 'lost' ? [event.error.message] : []));
    expect(lost).toContain('CONNECTION_FORCED - test');
    proxy.setRefusing(true);
    const { verified } = publisher;
    await publishUntil(() => publisher.verified > verified + 1_000);
    expect(publisher.stats.reconnects).toBe(1);
    await publisher.flush();
    await publisher.close();
    expect(withoutDuplicates(await drainNumbers(broker, a))).toEqual(range(1, publisher.published));
    await until(() => proxy.connections === 0);
  },

  'both queues are unbound': async (broker) => {
    // Both at once: between the two, the topology check could restore the first one.
    await publishUntilFailure('UNROUTABLE', broker, ({ exchange, a, b }) =>
      withConnection(broker.url, async (connection) => {
        const channel = await connection.createChannel();
        await Promise.all([a, b].map((queue) => channel.unbindQueue(queue, exchange, 'k')));
      }),
    );
  },

  'one of two queues is unbound': async (broker) => {
    const { error, scene } = await publishUntilFailure('TOPOLOGY_MISSING', broker, ({ exchange, b }) =>
      unbindQueue(broker.url, b, exchange, 'k'),
    );
    expect(error.facts.queue).toBe(scene.b);
  },

  'one of two queues is unbound, and nothing more is published': async (broker) => {
    const { exchange, a, b, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    await publishNumbered(publisher, 1, 100);
    await until(() => publisher.confirmed === 100);
    await unbindQueue(broker.url, a, exchange, 'k');
    await publishNumbered(publisher, 101, 150);
    await expect(publisher.flush()).rejects.toMatchObject({ code: 'TOPOLOGY_MISSING', facts: { queue: a } });
    await publisher.close();
    // The probes: known messages that were sent again.
    const numbers = await drainNumbers(broker, b);
    expect(withoutDuplicates(numbers)).toEqual(range(1, 150));
    expect(numbers.length - 150).toBeLessThanOrEqual(3);
  },

  'one of two queues is unbound between two bursts': async (broker) => {
    const { exchange, a, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    await publishNumbered(publisher, 1, 100);
    await publisher.flush();
    expect(publisher.verified).toBe(100);
    await unbindQueue(broker.url, a, exchange, 'k');
    // Only after a pause of 100 ms does the publisher count again: otherwise the error names all messages, to be safe.
    await sleep(150);
    await publishNumbered(publisher, 101, 102);
    await expect(publisher.flush()).rejects.toMatchObject({
      code: 'TOPOLOGY_MISSING',
      facts: { queue: a, verified: 100 },
    });
    await publisher.close();
  },

  'one of two queues is unbound for some time': async (broker) => {
    const { publisher, exchange, a, b } = await publishWithoutBinding(broker);
    await until(() => publisher.confirmed === 3_100);
    await bindQueue(broker.url, b, exchange, 'k');
    const growing = publishNumbered(publisher, 3_101, 3_200).then(() => publisher.flush());
    const facts = {
      queue: b,
      // 100, and one more if the check sent a known message again before the binding was back.
      lost: expect.toSatisfy((lost: number) => lost === 100 || lost === 101),
      verified: expect.toSatisfy((verified: number) => verified <= 3_000),
    };
    await expect(growing).rejects.toMatchObject({ code: 'TOPOLOGY_MISSING', facts });
    await publisher.close();
    expect(withoutDuplicates(await drainNumbers(broker, a))).toEqual(range(1, 3_200));
  },

  'one of two queues is bound again while the check looks closer': async (broker) => {
    const { publisher, exchange, a, b } = await publishWithoutBinding(broker);
    // The check sends a known message again, which the queue lacks as well.
    while ((await countMessages(broker.url, a)) < 3_101);
    await bindQueue(broker.url, b, exchange, 'k');
    const growing = publishNumbered(publisher, 3_101, 3_200).then(() => publisher.flush());
    await expect(growing).rejects.toMatchObject({ code: 'TOPOLOGY_MISSING', facts: { queue: b } });
    await publisher.close();
  },

  'one of two queues is purged': async (broker) => {
    const { options, a, b } = twoQueues();
    const { publisher, events } = await openPublisher({ url: broker.url, ...options, topologyCheckIntervalMs: 50 });
    await publishNumbered(publisher, 1, 3_000);
    await publisher.flush();
    await publishNumbered(publisher, 3_001, 3_010);
    await publisher.flush();
    await purgeQueue(broker.url, a);
    // After a pause the queues are read before anything is sent. Else messages that are purged while others arrive may
    // look like those of a lost binding, for which the publisher fails.
    await sleep(150);
    await publishNumbered(publisher, 3_011, 3_020);
    await publisher.flush();
    await publisher.close();
    const left = await drainNumbers(broker, a);
    expect(publisher.verified).toBe(3_020);
    expect(publisher.stats.missing).toBe(3_020 - withoutDuplicates(left).length);
    // A report follows only once the number has doubled.
    expect(events).toContainEqual({ type: 'missing', queue: a, missing: expect.toSatisfy((count) => count >= 3_000) });
    expect(withoutDuplicates(await drainNumbers(broker, b))).toEqual(range(1, 3_020));
  },

  'every queue is emptied while the connection is lost': async (broker) => {
    await using proxy = await startProxy(broker);
    const { a, b, options } = twoQueues();
    const url = broker.urlFor({ port: proxy.port });
    const { publisher, events } = await openPublisher({ url, ...options, maxInFlight: WINDOW });
    await publishNumbered(publisher, 1, 1_000);
    await publisher.flush();
    proxy.setRefusing(true);
    proxy.cut();
    await until(() => countEvents(events, 'lost') > 0);
    for (const queue of [a, b]) await purgeQueue(broker.url, queue);
    proxy.setRefusing(false);
    await expect(publishNumbered(publisher, 1_001, 2_000)).rejects.toMatchObject({
      code: 'TOPOLOGY_LOST',
      facts: { reason: 'messages-lost', lost: 1_000 },
    });
    await publisher.close();
  },

  'a policy makes a queue refuse messages that holds more than its limit': async (broker) => {
    const { a, options } = twoQueues();
    const { publisher, events } = await openPublisher({
      url: broker.url,
      ...options,
      nackAttempts: 4,
      nackBackoffMs: 20,
      topologyCheckIntervalMs: 50,
    });
    await publishNumbered(publisher, 1, 3_000);
    await publisher.flush();
    await broker.setPolicy(a, `^${a}$`, { 'max-length': 1_000, overflow: 'reject-publish' });
    // RabbitMQ drops the oldest messages at once, although the queue only refuses new ones from then on.
    const error = await publishNumbered(publisher, 3_001, 3_100)
      .then(() => publisher.flush())
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'NACKED' });
    expect(publisher).toMatchObject({ confirmed: 3_000, stats: { missing: 2_000 } });
    expect(events).toContainEqual({ type: 'missing', queue: a, missing: 2_000 });
    await publisher.close();
    await broker.deletePolicy(a);
    expect(await drainNumbers(broker, a)).toEqual(range(2_001, 3_000));
  },

  'one of two queues is deleted': async (broker) => {
    const { error, scene } = await publishUntilFailure('TOPOLOGY_MISSING', broker, ({ a }) =>
      deleteQueue(broker.url, a),
    );
    expect(error.facts.queue).toBe(scene.a);
  },

  'one of two queues is deleted while the connection is lost': async (broker) => {
    const { error, scene } = await publishUntilFailure('TOPOLOGY_MISSING', broker, async ({ proxy, a }) => {
      proxy.setRefusing(true);
      proxy.cut();
      await deleteQueue(broker.url, a);
      proxy.setRefusing(false);
    });
    expect(error.facts.queue).toBe(scene.a);
  },

  'both queues are deleted': async (broker) => {
    const deleteBoth = async ({ a, b }: Scene): Promise<void> => {
      await deleteQueue(broker.url, a);
      await deleteQueue(broker.url, b);
    };
    const { scene } = await publishUntilFailure('UNROUTABLE', broker, deleteBoth, { topologyCheckIntervalMs: 0 });
    expect(scene.publisher.stats.returns).toBeGreaterThan(0);
    const { confirmed, unsettled } = await scene.publisher.close();
    expect(unsettled[0]?.sequence).toBe(confirmed + 1);
  },

  'a policy limits the length of one of two queues': (broker) => publishToDroppingQueue(broker, { 'max-length': 100 }),

  'a policy lets the messages of one of two queues expire': (broker) =>
    publishToDroppingQueue(broker, { 'message-ttl': 50 }),

  'a queue refuses messages while it is full': async (broker) => {
    const { a, b, options } = withLimit(1_000);
    const { publisher, events } = await openPublisher({ url: broker.url, ...options, nackBackoffMs: 20 });
    const total = 3_000;
    const taken: number[] = [];
    let done = false;
    const consume = async (): Promise<void> => {
      while (!done) {
        await until(() => done || countEvents(events, 'nack') > 0);
        taken.push(...(await drainNumbers(broker, a)));
        await sleep(100);
      }
    };
    const consumer = consume();
    await publishNumbered(publisher, 1, total, BODY_BYTES);
    await publisher.flush();
    done = true;
    await consumer;
    expect(await publisher.close()).toEqual({ published: total, confirmed: total, unsettled: [] });
    taken.push(...(await drainNumbers(broker, a)));
    expect(withoutDuplicates(taken).sort((x, y) => x - y)).toEqual(range(1, total));
    const others = await drainNumbers(broker, b);
    expect(withoutDuplicates(others).sort((x, y) => x - y)).toEqual(range(1, total));
    const { nacks, republished } = publisher.stats;
    expect(nacks).toBeGreaterThan(0);
    // Each nacked message is sent again, and is then a duplicate in the other queue.
    expect(others.length - total).toBeLessThanOrEqual(republished);
    expect(republished).toBeLessThanOrEqual(nacks + countEvents(events, 'shortfall'));
    const fills = Math.ceil(total / 1_000);
    expect(others.length - total).toBeLessThanOrEqual(WINDOW * fills);
  },

  'a queue stays full': async (broker) => {
    const { a, b, options } = withLimit(100);
    const { publisher, events } = await openPublisher({
      url: broker.url,
      ...options,
      nackAttempts: 4,
      nackBackoffMs: 20,
    });
    const published = publishNumbered(publisher, 1, 5_000).catch((error: unknown) => error);
    const error = await published;
    expect(error).toMatchObject({ code: 'NACKED', facts: { attempts: 4 } });
    // The queue took as many messages as it holds, and a few more that were in flight.
    expect(publisher.confirmed).toBeGreaterThanOrEqual(100);
    expect((error as PublisherError).facts.sequence).toBe(publisher.confirmed + 1);
    await publisher.close();
    const others = await drainNumbers(broker, b);
    // One window, and the oldest refused message alone, three more times.
    expect(others.length - withoutDuplicates(others).length).toBeLessThanOrEqual(3);
    expect(countEvents(events, 'nack')).toBe(3);
    await deleteQueue(broker.url, a);
  },
};

/** Faults that affect every client of a broker, by what happens. They leave the broker working. */
export const BROKER_FAULTS: Faults = {
  'the broker is killed and started again, while another publisher waits for it': async (broker) => {
    const { a, options } = twoQueues();
    const outcome = await publishThroughFault(broker, async () => {
      await broker.kill9();
      const events: PublisherEvent[] = [];
      const opening = openPublisher({ url: broker.url, ...options, onEvent: (event) => events.push(event) });
      await until(() => countEvents(events, 'backoff') >= 3);
      await broker.start();
      const { publisher } = await opening;
      await publishNumbered(publisher, 1, 100);
      await publisher.flush();
      await publisher.close();
    });
    expectReconnect(outcome);
    expect(await drainNumbers(broker, a)).toEqual(range(1, 100));
  },

  'the broker stops and starts its application': async (broker) => {
    const outcome = await publishThroughFault(broker, async () => {
      await broker.stopApp();
      await broker.startApp();
    });
    expectReconnect(outcome);
  },

  'the broker closes the connection': async (broker) => {
    expectReconnect(await publishThroughFault(broker, () => broker.closeConnections()));
  },

  'the broker closes the channel': async (broker) => {
    expectReconnect(await publishThroughFault(broker, () => broker.closeChannels()));
  },

  'a memory alarm is set and cleared': async (broker) => {
    const outcome = await publishThroughFault(broker, async ({ publisher, events }) => {
      await broker.setMemoryAlarm();
      try {
        await until(() => publisher.state === 'blocked');
        const { confirmed } = publisher;
        await sleep(300);
        expect(publisher.state).toBe('blocked');
        expect(publisher.stats.unsettled).toBeLessThanOrEqual(WINDOW);
        expect(publisher.stats.blockedMs).toBeGreaterThan(200);
        expect(publisher.confirmed - confirmed).toBeLessThanOrEqual(WINDOW);
      } finally {
        await broker.clearMemoryAlarm();
      }
      await until(() => countEvents(events, 'unblocked') > 0);
    });
    expect(outcome.publisher.stats).toMatchObject({ reconnects: 0, republished: 0 });
    expect(countEvents(outcome.events, 'blocked')).toBeGreaterThanOrEqual(1);
  },

  'the connection is lost while a queue is full': async (broker) => {
    const { a, b, options } = withLimit(100);
    const { publisher, events } = await openPublisher({
      url: broker.url,
      ...options,
      nackBackoffMs: 200,
      nackAttempts: 100,
    });
    const published = publishNumbered(publisher, 1, 600);
    await until(() => countEvents(events, 'nack') >= 2);
    await broker.closeConnections();
    await until(() => publisher.stats.reconnects >= 1);
    const taken: number[] = [];
    while (publisher.confirmed < 600) taken.push(...(await drainNumbers(broker, a)));
    await published;
    await publisher.flush();
    await publisher.close();
    taken.push(...(await drainNumbers(broker, a)));
    expect(withoutDuplicates(taken).sort((x, y) => x - y)).toEqual(range(1, 600));
    expect(withoutDuplicates(await drainNumbers(broker, b)).sort((x, y) => x - y)).toEqual(range(1, 600));
  },

  'several faults happen at once': async (broker) => {
    const outcome = await publishThroughFault(broker, async ({ proxy, publisher }) => {
      await broker.setMemoryAlarm();
      try {
        await until(() => publisher.state === 'blocked');
        proxy.cut();
        await until(() => publisher.stats.reconnects >= 1 || publisher.state === 'blocked');
        await broker.closeConnections();
      } finally {
        await broker.clearMemoryAlarm();
      }
      await until(() => publisher.state === 'open' || publisher.state === 'full');
    });
    expectReconnect(outcome);
  },
};
