import { setTimeout as sleep } from 'node:timers/promises';
import {
  deleteQueue,
  drainQueue,
  startProxy,
  type TcpProxy,
  type TestBroker,
  unbindQueue,
} from '@discogs-extractor/test-broker';
import { expect } from 'vitest';
import type { Publisher, PublisherError, PublisherErrorCode, PublisherEvent, PublisherOptions } from '../src/index.js';
import {
  drainNumbers,
  firsts,
  numbered,
  numberOf,
  openPublisher,
  publishNumbered,
  range,
  twoQueues,
  until,
} from './support.js';

/** Small enough that every injury meets a full window, and that a window of duplicates shows. */
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

const told = (scene: { events: PublisherEvent[] }, type: PublisherEvent['type']): number =>
  scene.events.filter((event) => event.type === type).length;

/** Publishes numbered messages without a pause until `until` says so, and answers how many. */
const publishUntil = async (publisher: Publisher, enough: () => boolean): Promise<number> => {
  let n = 0;
  while (!enough()) {
    const wait = publisher.publish(numbered(++n, BODY_BYTES));
    if (wait) await wait;
    // Neither this loop nor a fast broker may keep the injury from happening.
    if (n % 100 === 0) await sleep(1);
  }
  return n;
};

/**
 * None missing in either queue; within each connection strictly in order, so that a queue steps back once at most for
 * each time that messages were sent again; and no more than a window of duplicates each time.
 */
const expectAllDelivered = async (scene: Scene, total: number, interruptions: number): Promise<void> => {
  for (const queue of [scene.a, scene.b]) {
    const numbers = await drainNumbers(scene.broker, queue);
    expect(firsts(numbers).sort((x, y) => x - y)).toEqual(range(1, total));
    const steps = numbers.filter((n, i) => i > 0 && n <= (numbers[i - 1] as number)).length;
    expect(steps).toBeLessThanOrEqual(interruptions);
    expect(numbers.length - total).toBeLessThanOrEqual(WINDOW * interruptions);
  }
};

/** A hanging publisher tells where it stands before the test's own time is over. */
const inTime = async <T>({ publisher, events }: Scene, work: () => Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const { state, stats, confirmed, verified } = publisher;
      const last = events.slice(-20).map((it) => ({ ...it, ...('error' in it && { error: it.error.message }) }));
      reject(new Error(JSON.stringify({ hangs: { state, stats, confirmed, verified, last } }, null, 1)));
    }, 90_000);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Publishes through an injury and counts what arrived. */
const survive = async (
  broker: TestBroker,
  injure: (scene: Scene) => Promise<void>,
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
  const injury = until(() => publisher.confirmed > WINDOW)
    .then(() => injure(scene))
    .then(() => {
      after = publisher.confirmed + 2 * WINDOW;
    });
  const [total] = await inTime(scene, () =>
    Promise.all([publishUntil(publisher, () => publisher.confirmed >= after), injury]),
  );
  await inTime(scene, () => publisher.flush());
  expect(await publisher.close()).toEqual({ published: total, confirmed: total, unsettled: [] });
  expect(publisher.verified).toBe(total);
  await expectAllDelivered(scene, total, publisher.stats.reconnects);
  expect(publisher.stats.republished).toBeLessThanOrEqual(WINDOW * publisher.stats.reconnects);
  return { total, publisher, events };
};

/** Publishes through an injury that must fail the publisher, and checks that its word about the past is true. */
const failWith = async (
  code: PublisherErrorCode,
  broker: TestBroker,
  injure: (scene: Scene) => Promise<void>,
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
  const injury = until(() => publisher.confirmed > WINDOW && publisher.verified > 0).then(() => injure(scene));
  const published = publishUntil(publisher, () => false).catch((error: unknown) => error);
  await injury;
  const error = (await published) as PublisherError;
  expect(error).toMatchObject({ code });
  expect(publisher).toMatchObject({ state: 'failed', error });
  await expect(publisher.flush()).rejects.toBe(error);
  const report = await publisher.close();
  expect(report.confirmed).toBe(publisher.confirmed);
  expect(report.published - report.confirmed).toBeGreaterThanOrEqual(report.unsettled.length);
  const { verified } = error.facts;
  expect(verified).toBeGreaterThan(0);
  expect(verified).toBeLessThanOrEqual(report.confirmed);
  for (const queue of [a, b]) {
    const drained = await drainQueue(broker.url, queue).catch(() => undefined);
    if (!drained) continue;
    const have = new Set(drained.map(numberOf));
    expect(range(1, verified as number).filter((n) => !have.has(n))).toEqual([]);
  }
  return { error, scene };
};

const lostOnce = (outcome: Outcome): void => {
  expect(outcome.publisher.stats.reconnects).toBeGreaterThanOrEqual(1);
  expect(told(outcome, 'lost')).toBeGreaterThanOrEqual(1);
};

/** Stalls the path until the publisher has given the connection up. */
const stallForGood = async ({ proxy, publisher, events }: Scene): Promise<void> => {
  proxy.stall();
  await until(() => told({ events }, 'lost') > 0);
  // Bytes of the dead connection that came through now would be reordering that is the proxy's.
  proxy.cut();
  proxy.resume();
  await until(() => publisher.stats.reconnects >= 1);
};

/** Two queues, of which the first refuses what goes beyond `length`. */
const withLimit = (length: number) => {
  const { exchange, a, b, options } = twoQueues();
  const [first, second] = options.queues ?? [];
  const limited = { ...first!, arguments: { 'x-max-length': length, 'x-overflow': 'reject-publish' } };
  return { a, b, options: { exchange, queues: [limited, second!], maxInFlight: WINDOW } };
};

/**
 * A broker's policy makes one of two queues drop messages, which no client is told. That is not taken for a lost binding, and costs the
 * other queue nothing.
 */
const surviveDropping = async (broker: TestBroker, definition: object): Promise<void> => {
  const { a, b, options } = twoQueues();
  await broker.ctl('set_policy', 'dropping', `^${a}$`, JSON.stringify(definition), '--apply-to', 'queues');
  try {
    const { publisher, events } = await openPublisher({
      url: broker.url,
      ...options,
      maxInFlight: WINDOW,
      topologyCheckIntervalMs: 100,
    });
    const uncounted = (): boolean => told({ events }, 'uncounted') > 0;
    const total = await publishUntil(publisher, uncounted);
    expect(events.find((event) => event.type === 'uncounted')).toMatchObject({ queue: a });
    await publisher.flush();
    expect(publisher).toMatchObject({ state: 'open', confirmed: total, verified: total });
    await broker.ctl('clear_policy', 'dropping');
    // Its bindings are still looked after: one that is removed comes back.
    await unbindQueue(broker.url, a, options.exchange as string, 'k');
    await publishNumbered(publisher, total + 1, total + 1);
    await publisher.flush();
    await publishNumbered(publisher, total + 2, total + 2);
    await publisher.flush();
    expect((await drainNumbers(broker, a)).at(-1)).toBe(total + 2);
    await publisher.close();
    expect(firsts(await drainNumbers(broker, b)).sort((x, y) => x - y)).toEqual(range(1, total + 2));
  } catch (error) {
    await broker.ctl('clear_policy', 'dropping').catch(() => {});
    throw error;
  }
};

/** Each injury, with a broker to injure. They leave it whole. */
export const INJURIES: Readonly<Record<string, (broker: TestBroker) => Promise<void>>> = {
  'kill -9 of the broker, and restart': async (broker) => {
    lostOnce(await survive(broker, () => broker.restart()));
  },

  'the broker stops and starts its application': async (broker) => {
    const outcome = await survive(broker, async () => {
      await broker.stopApp();
      await broker.startApp();
    });
    lostOnce(outcome);
  },

  'the broker closes the connection': async (broker) => {
    lostOnce(await survive(broker, () => broker.closeConnections()));
  },

  'the broker closes the channel': async (broker) => {
    lostOnce(await survive(broker, () => broker.closeChannels()));
  },

  'the path is cut in the middle of a frame': async (broker) => {
    const outcome = await survive(broker, async ({ proxy }) => {
      // A message is three frames; primes hit each of them in the long run.
      for (const bytes of [10_007, 20_011, 30_013]) await proxy.cutAfter(bytes + Math.floor(Math.random() * 500));
    });
    expect(outcome.publisher.stats.reconnects).toBe(3);
  },

  'the path stalls, and flows again': async (broker) => {
    const outcome = await survive(broker, async ({ proxy, publisher }) => {
      proxy.stall();
      await until(() => publisher.state === 'full');
      await sleep(300);
      expect(publisher.stats.unsettled).toBeLessThanOrEqual(WINDOW);
      proxy.resume();
    });
    expect(outcome.publisher.stats.reconnects).toBe(0);
  },

  'the path stalls for good: no confirm comes': async (broker) => {
    const options = { confirmTimeoutMs: 700, heartbeatMs: 0, connectTimeoutMs: 1_000 };
    lostOnce(await survive(broker, stallForGood, options));
  },

  'the heartbeats stop': async (broker) => {
    lostOnce(await survive(broker, stallForGood, { heartbeatMs: 1_000, confirmTimeoutMs: 0 }));
  },

  'the path is slow': async (broker) => {
    const outcome = await survive(broker, async ({ proxy }) => {
      proxy.setDelay(20);
      await sleep(500);
      proxy.setDelay(0);
    });
    expect(outcome.publisher.stats.reconnects).toBe(0);
  },

  'a memory alarm is set and cleared': async (broker) => {
    const outcome = await survive(broker, async ({ publisher, events }) => {
      await broker.setMemoryAlarm();
      try {
        await until(() => publisher.state === 'blocked', 60_000);
        const { confirmed } = publisher;
        await sleep(300);
        expect(publisher.state).toBe('blocked');
        expect(publisher.stats.unsettled).toBeLessThanOrEqual(WINDOW);
        expect(publisher.stats.blockedMs).toBeGreaterThan(200);
        expect(publisher.confirmed - confirmed).toBeLessThanOrEqual(WINDOW);
      } finally {
        await broker.clearMemoryAlarm();
      }
      await until(() => told({ events }, 'unblocked') > 0, 60_000);
    });
    expect(outcome.publisher.stats).toMatchObject({ reconnects: 0, republished: 0 });
    expect(told(outcome, 'blocked')).toBeGreaterThanOrEqual(1);
  },

  'the broker is absent at the start': async (broker) => {
    const { a, options } = twoQueues();
    await broker.kill9();
    const events: PublisherEvent[] = [];
    const opening = openPublisher({ url: broker.url, ...options, onEvent: (event) => events.push(event) });
    await until(() => told({ events }, 'backoff') >= 3);
    await broker.start();
    const { publisher } = await opening;
    await publishNumbered(publisher, 1, 100);
    await publisher.flush();
    await publisher.close();
    expect(await drainNumbers(broker, a)).toEqual(range(1, 100));
  },

  'both queues are unbound': async (broker) => {
    await failWith('UNROUTABLE', broker, async ({ exchange, a, b }) => {
      await unbindQueue(broker.url, a, exchange, 'k');
      await unbindQueue(broker.url, b, exchange, 'k');
    });
  },

  'one of two queues is unbound': async (broker) => {
    const { error, scene } = await failWith('TOPOLOGY_MISSING', broker, ({ exchange, b }) =>
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
    // The known message that was sent again to make sure.
    const numbers = await drainNumbers(broker, b);
    expect(firsts(numbers)).toEqual(range(1, 150));
    expect(numbers.length - 150).toBeLessThanOrEqual(3);
  },

  'one of two queues is unbound between two bursts': async (broker) => {
    const { exchange, a, options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    await publishNumbered(publisher, 1, 100);
    await publisher.flush();
    expect(publisher.verified).toBe(100);
    await unbindQueue(broker.url, a, exchange, 'k');
    await publishNumbered(publisher, 101, 102);
    await expect(publisher.flush()).rejects.toMatchObject({
      code: 'TOPOLOGY_MISSING',
      facts: { queue: a, verified: 100 },
    });
    await publisher.close();
  },

  'one of two queues is deleted': async (broker) => {
    const { error, scene } = await failWith('TOPOLOGY_MISSING', broker, ({ a }) => deleteQueue(broker.url, a));
    expect(error.facts.queue).toBe(scene.a);
  },

  'one of two queues is deleted while the connection is lost': async (broker) => {
    const { error, scene } = await failWith('TOPOLOGY_MISSING', broker, async ({ proxy, a }) => {
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
    const { scene } = await failWith('UNROUTABLE', broker, deleteBoth, { topologyCheckIntervalMs: 0 });
    expect(scene.publisher.stats.returns).toBeGreaterThan(0);
    const { confirmed, unsettled } = await scene.publisher.close();
    expect(unsettled[0]?.sequence).toBe(confirmed + 1);
  },

  'a policy limits the length of one of two queues': (broker) => surviveDropping(broker, { 'max-length': 100 }),

  'a policy lets the messages of one of two queues expire': (broker) => surviveDropping(broker, { 'message-ttl': 50 }),

  'a queue refuses messages while it is full': async (broker) => {
    const { a, b, options } = withLimit(1_000);
    const { publisher, events } = await openPublisher({ url: broker.url, ...options, nackBackoffMs: 20 });
    const total = 3_000;
    const taken: number[] = [];
    let done = false;
    const consume = async (): Promise<void> => {
      while (!done) {
        await until(() => done || told({ events }, 'nack') > 0);
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
    expect(firsts(taken).sort((x, y) => x - y)).toEqual(range(1, total));
    const others = await drainNumbers(broker, b);
    expect(firsts(others).sort((x, y) => x - y)).toEqual(range(1, total));
    const { nacks, republished } = publisher.stats;
    expect(nacks).toBeGreaterThan(0);
    // Each nack is sent again once, and each of these is a duplicate in the other queue.
    expect(others.length - total).toBeLessThanOrEqual(republished);
    expect(republished).toBeLessThanOrEqual(nacks + told({ events }, 'shortfall'));
    const fills = Math.ceil(total / 1_000);
    expect(others.length - total).toBeLessThanOrEqual(WINDOW * fills);
  },

  'a queue is full for good': async (broker) => {
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
    // The queue took what it holds, and a little more that was on its way.
    expect(publisher.confirmed).toBeGreaterThanOrEqual(100);
    expect((error as PublisherError).facts.sequence).toBe(publisher.confirmed + 1);
    await publisher.close();
    const others = await drainNumbers(broker, b);
    // One window and, alone, the oldest refused message three times more.
    expect(others.length - firsts(others).length).toBeLessThanOrEqual(3);
    expect(told({ events }, 'nack')).toBe(3);
    await deleteQueue(broker.url, a);
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
    await until(() => told({ events }, 'nack') >= 2);
    await broker.closeConnections();
    await until(() => publisher.stats.reconnects >= 1);
    const taken: number[] = [];
    while (publisher.confirmed < 600) taken.push(...(await drainNumbers(broker, a)));
    await published;
    await publisher.flush();
    await publisher.close();
    taken.push(...(await drainNumbers(broker, a)));
    expect(firsts(taken).sort((x, y) => x - y)).toEqual(range(1, 600));
    expect(firsts(await drainNumbers(broker, b)).sort((x, y) => x - y)).toEqual(range(1, 600));
  },

  'several injuries at once': async (broker) => {
    const outcome = await survive(broker, async ({ proxy, publisher }) => {
      await broker.setMemoryAlarm();
      try {
        await until(() => publisher.state === 'blocked', 60_000);
        proxy.cut();
        await until(() => publisher.stats.reconnects >= 1 || publisher.state === 'blocked', 60_000);
        await broker.closeConnections();
      } finally {
        await broker.clearMemoryAlarm();
      }
      await until(() => publisher.state === 'open' || publisher.state === 'full', 60_000);
    });
    lostOnce(outcome);
  },
};
