import { EventEmitter, once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drainQueue, startOwnBroker, until, withConnection } from '@discogs-extractor/test-broker';
import { connect } from 'amqplib';
import { DATA_TYPES, type DataType } from '../../src/config/data-type.js';

/** A message as consumers get it. */
export interface MonthMessage {
  readonly dataType: DataType;
  readonly body: Readonly<Record<string, unknown>>;
  /** Only of a broker. */
  readonly messageId?: string | undefined;
  readonly routingKey?: string | undefined;
}

/** A destination, as its consumers see it. */
export interface MonthSink extends AsyncDisposable {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Returns a function that returns what came since its last call, in order; the extractor must not be running. */
  createReader(): () => Promise<MonthMessage[]>;
  /** Resolves when another tombstone of a version has come. @throws once the signal is aborted */
  untilTombstone(version: string, signal: AbortSignal): Promise<void>;
}

const POLL_INTERVAL_MS = 3;

const linesOf = async (path: string): Promise<string[]> => {
  const text = await readFile(path, 'utf8');
  // A line that was not written whole is not there yet.
  return text.split('\n').slice(0, -1);
};

type Body = Readonly<Record<string, unknown>>;

/**
 * New lines of both files of a type in the order in which they are to be applied, as docs/changes.md says. `file_complete`
 * comes after its tombstones.
 *
 * @throws if the rule does not give each tombstone a place
 */
const inOrder = (
  lines: readonly string[],
  tombstoneLines: readonly string[],
  path: string,
  early: Map<string, number>,
): Body[] => {
  const tombstones = tombstoneLines.map((line) => JSON.parse(line) as Body);
  let ahead = early.get(path) ?? 0;
  const take = (count: number): Body[] => {
    const taken = tombstones.splice(0, count - Math.min(ahead, count));
    ahead -= Math.min(ahead, count);
    return taken;
  };
  const bodies = lines.flatMap((line, index) => {
    const body = JSON.parse(line) as Body;
    if (body['type'] === 'deleted') return take(1);
    if (body['type'] !== 'file_complete') return [body];
    const deleted = take(Number(body['deleted'] ?? 0));
    if (index === lines.length - 1 && tombstones.length + ahead > 0) {
      throw new Error(`${path} is complete, but ${tombstones.length + ahead} of its tombstones have no place`);
    }
    return [...deleted, body];
  });
  early.set(path, ahead + tombstones.length);
  return [...bodies, ...tombstones];
};

/** NDJSON files. A reader that has read lines that are cut off later reads from there again. */
export const ndjsonMonths = (output: string): MonthSink => ({
  args: ['--sink', 'ndjson', '--output', output],
  env: {},
  createReader: () => {
    const known = new Map<string, readonly string[]>();
    /** By file: tombstones that were read before it was known where they belong. */
    const early = new Map<string, number>();
    const newLines = async (path: string): Promise<string[]> => {
      const before = known.get(path) ?? [];
      const now = await linesOf(path).catch(() => []);
      known.set(path, now);
      let same = 0;
      while (same < now.length && now[same] === before[same]) same++;
      return now.slice(same);
    };
    return async () => {
      const messages: MonthMessage[] = [];
      for (const version of (await readdir(output).catch(() => [])).filter((name) => /^\d+$/.test(name)).sort()) {
        for (const dataType of DATA_TYPES) {
          const path = join(output, version, dataType);
          const lines = await newLines(`${path}.ndjson`);
          const tombstones = await newLines(`${path}.deleted.ndjson`);
          messages.push(...inOrder(lines, tombstones, path, early).map((body) => ({ dataType, body })));
        }
      }
      return messages;
    };
  },
  untilTombstone: async (version, signal) => {
    const size = async (): Promise<number> => {
      const paths = DATA_TYPES.map((type) => join(output, version, `${type}.deleted.ndjson`));
      const sizes = await Promise.all(
        paths.map((path) =>
          stat(path).then(
            (found) => found.size,
            () => 0,
          ),
        ),
      );
      return sizes.reduce((sum, one) => sum + one);
    };
    const before = await size();
    while ((await size()) === before) await sleep(POLL_INTERVAL_MS, undefined, { signal });
  },
  [Symbol.asyncDispose]: async () => {},
});

/** A broker with one queue for each type, which gets tombstones too. */
export const amqpMonths = async (): Promise<MonthSink> => {
  const broker = await startOwnBroker();
  const queue = (type: DataType): string => `months-${type}`;
  await withConnection(broker.url, async (connection) => {
    const channel = await connection.createChannel();
    await channel.assertExchange('months', 'topic', { durable: true });
    for (const type of DATA_TYPES) {
      await channel.assertQueue(queue(type), { durable: true });
      await channel.bindQueue(queue(type), 'months', `${type}.deleted`);
    }
  });
  const watcher = await connect(broker.url);
  const watching = await watcher.createChannel();
  const seen = new EventEmitter();
  const { queue: watched } = await watching.assertQueue('', { exclusive: true });
  await watching.bindQueue(watched, 'months', '*.deleted');
  await watching.consume(watched, () => void seen.emit('tombstone'), { noAck: true });
  return {
    args: ['--sink', 'amqp'],
    env: { AMQP_CONNECTION: broker.url, AMQP_EXCHANGE: 'months', AMQP_QUEUES: 'months-{type}' },
    createReader: () => async () => {
      // What a killed process had sent may still arrive. One connection is the watcher's.
      await until(async () => (await broker.evaluate('length(rabbit_networking:connections()).')) === '1');
      const messages: MonthMessage[] = [];
      for (const dataType of DATA_TYPES) {
        for (const { body, properties, routingKey } of await drainQueue(broker.url, queue(dataType))) {
          const read = JSON.parse(body.toString()) as Record<string, unknown>;
          messages.push({ dataType, body: read, messageId: String(properties.messageId), routingKey });
        }
      }
      return messages;
    },
    untilTombstone: async (_version, signal) => void (await once(seen, 'tombstone', { signal })),
    [Symbol.asyncDispose]: async () => {
      await watcher.close();
      await broker.close();
    },
  };
};
