import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deleteQueue, drainQueue, startOwnBroker } from '@discogs-extractor/test-broker';
import { expect } from 'vitest';
import type { Contract } from '../../src/config/contract-settings.js';
import { DATA_TYPES, type DataType } from '../../src/config/data-type.js';

/** Where a dump is delivered to repeatedly. */
export interface Destination extends AsyncDisposable {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The same for another place, where nothing is delivered. */
  readonly elsewhere: Pick<Destination, 'args' | 'env'>;
  /** Removes a part of what was delivered of a type, if an operator can do that without being refused later. */
  lose?(type: DataType): Promise<void>;
  /** Empties it. */
  reset(): Promise<void>;
  /** Takes everything that arrived, in order. */
  collect(): Promise<{ readonly place: string; readonly type: DataType; readonly bodies: readonly string[] }[]>;
  /** Upper bound of repeated records of each type after `kills` kills. */
  repeatsAfter(kills: number): number;
  /** A kill comes within this fraction of a delivery's time: the smaller, the more kills fit into a delivery. */
  readonly killsWithin: number;
}

/** What is different under the two contracts. With `fanout`, the extractor declares what the consumers do. */
const AMQP = {
  topic: { prefix: 'discogsography', env: {}, elsewhere: { AMQP_EXCHANGE: 'elsewhere' } },
  fanout: {
    prefix: 'discogsography-discogs',
    env: { CONTRACT: 'fanout', AMQP_DECLARE_QUEUES: 'true' },
    elsewhere: { DISCOGS_EXCHANGE_PREFIX: 'elsewhere' },
  },
} as const;

/** A RabbitMQ server, where a crash may repeat `queueSize` records of a file. */
export const rabbitmq = async (queueSize: number, contract: Contract): Promise<Destination> => {
  // The queue names are the platform's, so the broker must not be shared.
  const broker = await startOwnBroker();
  const { prefix, elsewhere, ...amqp } = AMQP[contract];
  const queueOf = (consumer: string, type: DataType): string => `${prefix}-${consumer}-${type}`;
  const queues = DATA_TYPES.flatMap((type) =>
    ['graphinator', 'tableinator'].map((consumer) => ({ type, queue: queueOf(consumer, type) })),
  );
  const env = { AMQP_CONNECTION: broker.url, ...amqp.env };
  return {
    args: ['--sink', 'amqp'],
    env,
    elsewhere: { args: ['--sink', 'amqp'], env: { ...env, ...elsewhere } },
    lose: (type) => deleteQueue(broker.url, queueOf('tableinator', type)),
    reset: async () => {
      for (const { queue } of queues) await deleteQueue(broker.url, queue);
    },
    collect: async () => {
      const found = [];
      for (const { type, queue } of queues) {
        const bodies = (await drainQueue(broker.url, queue)).map(({ body }) => body.toString());
        if (contract === 'fanout') {
          const ends = bodies.findIndex((body) => body.startsWith('{"type":"extraction_complete"'));
          expect(ends, `extraction_complete in ${queue}`).toBeGreaterThan(0);
          for (const body of bodies.splice(ends)) expect(body).toContain('"type":"extraction_complete"');
        }
        found.push({ place: queue, type, bodies });
      }
      return found;
    },
    repeatsAfter: (kills) => queueSize * kills,
    killsWithin: 1 / 4,
    [Symbol.asyncDispose]: () => broker.close(),
  };
};

/** NDJSON files in a folder. */
export const ndjson = (folder: string, version: string): Destination => {
  const [output, elsewhere] = [join(folder, 'output'), join(folder, 'elsewhere')];
  return {
    args: ['--sink', 'ndjson', '--output', output],
    env: {},
    elsewhere: { args: ['--sink', 'ndjson', '--output', elsewhere], env: {} },
    reset: async () => {
      for (const path of [output, elsewhere]) await rm(path, { recursive: true, force: true });
    },
    collect: () =>
      Promise.all(
        DATA_TYPES.map(async (type) => {
          const path = join(output, version, `${type}.ndjson`);
          const text = await readFile(path, 'utf8');
          expect(text.endsWith('\n'), `${path} ends with a whole line`).toBe(true);
          return { place: path, type, bodies: text.slice(0, -1).split('\n') };
        }),
      ),
    // A line that was not synced is cut off and written again.
    repeatsAfter: () => 0,
    // The delivery is short compared with the start of a process.
    killsWithin: 1 / 2,
    [Symbol.asyncDispose]: () => rm(output, { recursive: true, force: true }),
  };
};
