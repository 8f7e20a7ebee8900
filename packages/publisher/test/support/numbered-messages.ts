import { drainQueue, type TestBroker } from '@discogs-extractor/test-broker';
import type { Publisher } from '../../src/index.js';

/** The `n`th numbered message. */
export const numbered = (n: number, size = 0): { routingKey: string; body: Buffer; messageId: string } => ({
  routingKey: 'k',
  body: Buffer.from(`${n};`.padEnd(size, 'x')),
  messageId: `id-${n}`,
});

export const numberOf = ({ body }: { body: Buffer }): number => Number(body.toString().split(';')[0]);

/** Publishes messages `from` … `to`, waiting whenever the window is full. */
export const publishNumbered = async (publisher: Publisher, from: number, to: number, size = 0): Promise<void> => {
  for (let n = from; n <= to; n++) {
    const full = publisher.publish(numbered(n, size));
    if (full) await full;
  }
};

export const drainNumbers = async (broker: TestBroker, queue: string): Promise<number[]> =>
  (await drainQueue(broker.url, queue)).map(numberOf);

export const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Removes all but the first occurrence of each number. */
export const withoutDuplicates = (numbers: readonly number[]): number[] => [...new Set(numbers)];
