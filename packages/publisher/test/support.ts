import { setTimeout as sleep } from 'node:timers/promises';
import { drainQueue, type TestBroker, uniqueTopology } from '@discogs-extractor/test-broker';
import { expect } from 'vitest';
import { createPublisher, type Publisher, type PublisherEvent, type PublisherOptions } from '../src/index.js';

/** A topology that no other test has: an exchange and queues that all take the routing key `k`. */
export const twoQueues = (): { exchange: string; a: string; b: string; options: TopologyOptions } => {
  const { exchange, queue } = uniqueTopology('publisher');
  const [a, b] = [queue('a'), queue('b')];
  const queues = [a, b].map((name) => ({ name, routingKeys: ['k'] }));
  return { exchange, a, b, options: { exchange, queues } };
};

export type TopologyOptions = Pick<PublisherOptions, 'exchange' | 'queues'>;

/** The `n`th numbered message. */
export const numbered = (n: number, size = 0): { routingKey: string; body: Buffer; messageId: string } => ({
  routingKey: 'k',
  body: Buffer.from(`${n};`.padEnd(size, 'x')),
  messageId: `id-${n}`,
});

export const numberOf = ({ body }: { body: Buffer }): number => Number(body.toString().split(';')[0]);

/** Publishes messages `from` … `to`, waiting whenever asked to. */
export const publishNumbered = async (publisher: Publisher, from: number, to: number, size = 0): Promise<void> => {
  for (let n = from; n <= to; n++) {
    const wait = publisher.publish(numbered(n, size));
    if (wait) await wait;
  }
};

export const drainNumbers = async (broker: TestBroker, queue: string): Promise<number[]> =>
  (await drainQueue(broker.url, queue)).map(numberOf);

export const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** What is left when each number counts where it came first. */
export const firsts = (numbers: readonly number[]): number[] => [...new Set(numbers)];

/** Polls, since a broker has no event for it. */
export const until = async (condition: () => boolean | Promise<boolean>, timeout = 30_000): Promise<void> => {
  const deadline = Date.now() + timeout;
  while (!(await condition())) {
    if (Date.now() > deadline) expect.fail(`nothing happened within ${timeout} ms: ${condition}`);
    await sleep(10);
  }
};

/** A publisher and all it tells. */
export const openPublisher = async (
  options: PublisherOptions,
): Promise<{ publisher: Publisher; events: PublisherEvent[] }> => {
  const events: PublisherEvent[] = [];
  const publisher = await createPublisher({
    backoff: { initialMs: 50, maxMs: 200 },
    ...options,
    onEvent: (event) => {
      events.push(event);
      options.onEvent?.(event);
    },
  });
  return { publisher, events };
};

/** Everything that an error, an event or a report shows a reader. */
export const shown = (value: unknown, seen = new Set<unknown>()): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  if (seen.has(value)) return '';
  seen.add(value);
  return Object.getOwnPropertyNames(value)
    .map((name) => `${name}: ${shown((value as Record<string, unknown>)[name], seen)}`)
    .join('\n');
};
