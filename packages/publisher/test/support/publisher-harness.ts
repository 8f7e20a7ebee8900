import { uniqueTopology } from '@discogs-extractor/test-broker';
import { createPublisher, type Publisher, type PublisherEvent, type PublisherOptions } from '../../src/index.js';

export type TopologyOptions = Pick<PublisherOptions, 'exchange' | 'queues'>;

/** A topology that no other test has: an exchange and two queues, both bound with the routing key `k`. */
export const twoQueues = (): { exchange: string; a: string; b: string; options: TopologyOptions } => {
  const { exchange, queue } = uniqueTopology('publisher');
  const [a, b] = [queue('a'), queue('b')];
  const queues = [a, b].map((name) => ({ name, routingKeys: ['k'] }));
  return { exchange, a, b, options: { exchange, queues } };
};

/** Opens a publisher that reconnects quickly, and collects its events. */
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

export const countEvents = (events: readonly PublisherEvent[], type: PublisherEvent['type']): number =>
  events.filter((event) => event.type === type).length;

/** All text that an error, an event or a report contains, including properties that are not enumerable. */
export const visibleText = (value: unknown, seen = new Set<unknown>()): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  if (seen.has(value)) return '';
  seen.add(value);
  return Object.getOwnPropertyNames(value)
    .map((name) => `${name}: ${visibleText((value as Record<string, unknown>)[name], seen)}`)
    .join('\n');
};
