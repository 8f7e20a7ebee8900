import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { startOwnBroker, startProxy, type TcpProxy, type TestBroker } from '@discogs-extractor/test-broker';
import { FaultyServer } from '@discogs-extractor/test-server';
import { connect } from 'amqplib';
import { DATA_TYPES, type DataType } from '../../src/config/data-type.js';
import { type RunningCli, startCli, statusUrlOf } from './cli.js';
import { dumpFile } from './dumps.js';

const TOKEN = 'canary-token';
const CONSUMERS = ['graphinator', 'tableinator'] as const;

/** What one queue received of one version. */
interface Arrivals {
  /** How often each message arrived, by message id. */
  readonly records: Map<string, number>;
  filesComplete: number;
}

/** A website with dumps, a broker behind a proxy that injects faults, and consumers of everything that arrives. */
export interface ServiceHarness extends AsyncDisposable {
  readonly web: FaultyServer;
  readonly broker: TestBroker;
  readonly proxy: TcpProxy;
  /** Offers the dump under another version; each has the same records. */
  publish(version: string): void;
  /** Starts the built command line as a service between them. */
  startService(env: Readonly<Record<string, string>>): Promise<Service>;
  /** Describes what is missing of a version in any queue, once the consumers had time. @param times - deliveries */
  missing(version: string, times?: number): Promise<string[]>;
  /** Records that came more than once, over all versions and queues. */
  readonly repeats: number;
  /** Forgets what arrived of a version. */
  forget(version: string): void;
}

/** The running service. */
export interface Service {
  readonly cli: RunningCli;
  readonly url: string;
  health(): Promise<{ extraction_status: string; current_task: string | null }>;
  metrics(): Promise<string>;
  /** Returns the response's status: 202 or 409. */
  trigger(body?: object): Promise<number>;
}

export const createServiceHarness = async (folder: string, records: number): Promise<ServiceHarness> => {
  const original = '20000101';
  await generateDump({ directory: folder, version: original, seed: 61, records });
  const contents = new Map<DataType, Buffer>();
  for (const type of DATA_TYPES) contents.set(type, await readFile(join(folder, dumpFile(original, type))));
  const web = await FaultyServer.start();
  const broker = await startOwnBroker();
  const proxy = await startProxy({ host: broker.host, port: broker.port });
  const arrived = new Map<string, Arrivals>();
  const consumers = CONSUMERS.flatMap((consumer) => DATA_TYPES.map((type) => ({ consumer, type }))).map(
    ({ consumer, type }) =>
      consumeForever(broker.url, `discogsography-${consumer}-${type}`, (id, body) => {
        const [version] = id.split(':');
        const key = `${version} ${consumer} ${type}`;
        const arrivals = arrived.get(key) ?? { records: new Map(), filesComplete: 0 };
        arrived.set(key, arrivals);
        if (body.includes('"type":"file_complete"')) arrivals.filesComplete++;
        else arrivals.records.set(id, (arrivals.records.get(id) ?? 0) + 1);
      }),
  );

  const shortfalls = (version: string, times: number): string[] =>
    CONSUMERS.flatMap((consumer) =>
      DATA_TYPES.flatMap((type) => {
        const got = arrived.get(`${version} ${consumer} ${type}`);
        const seen = got?.records.size ?? 0;
        const again = [...(got?.records.values() ?? [])].filter((count) => count < times).length;
        const name = `${version} ${consumer} ${type}`;
        return [
          ...(seen === records ? [] : [`${name}: ${seen} of ${records} records`]),
          ...(again === 0 ? [] : [`${name}: ${again} records came less than ${times} times`]),
          ...((got?.filesComplete ?? 0) >= times ? [] : [`${name}: no file_complete of ${times}`]),
        ];
      }),
    );

  return {
    web,
    broker,
    proxy,
    publish: (version) => {
      const files = new Map<string, Buffer>();
      let checksums = '';
      for (const [type, bytes] of contents) {
        files.set(dumpFile(version, type), bytes);
        checksums += `${createHash('sha256').update(bytes).digest('hex')}  ${dumpFile(version, type)}\n`;
      }
      files.set(`discogs_${version}_CHECKSUM.txt`, Buffer.from(checksums));
      web.add(files);
    },
    startService: async (env) => {
      const cli = startCli(['run', '--source', 'web'], {
        env: {
          AMQP_CONNECTION: broker.urlFor({ port: proxy.port }),
          WEB_URL: web.url,
          WEB_GAP_SECONDS: '0',
          HEALTH_PORT: '0',
          HEALTH_HOST: '127.0.0.1',
          TRIGGER_TOKEN: TOKEN,
          ...env,
        },
      });
      const url = await statusUrlOf(cli);
      return {
        cli,
        url,
        health: async () => (await (await fetch(`${url}health`)).json()) as Awaited<ReturnType<Service['health']>>,
        metrics: async () => (await fetch(`${url}metrics`)).text(),
        trigger: async (body = {}) => {
          const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
          return (await fetch(`${url}trigger`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
        },
      };
    },
    missing: async (version, times = 1) => {
      // Confirmed messages are in the queues, but the consumers may need some time.
      for (let tries = 0; tries < 100 && shortfalls(version, times).length > 0; tries++) await pause(100);
      return shortfalls(version, times);
    },
    get repeats() {
      let repeats = 0;
      for (const { records: all } of arrived.values()) for (const times of all.values()) repeats += times - 1;
      return repeats;
    },
    forget: (version) => {
      for (const key of arrived.keys()) if (key.startsWith(version)) arrived.delete(key);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(consumers.map((consumer) => consumer[Symbol.asyncDispose]()));
      await proxy.close();
      await broker.close();
    },
  };
};

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Takes every message of a queue, and reconnects whenever the broker is lost. Reports redelivered messages again. */
const consumeForever = (url: string, queue: string, take: (id: string, body: Buffer) => void): AsyncDisposable => {
  let isOver = false;
  const once = async (): Promise<void> => {
    const connection = await connect(url);
    connection.on('error', () => {});
    const gone = new Promise<void>((resolve) => connection.once('close', resolve));
    const over = setInterval(() => {
      if (isOver) void connection.close().catch(() => {});
    }, 50);
    try {
      const channel = await connection.createChannel();
      channel.on('error', () => {});
      await channel.assertQueue(queue, { durable: true });
      await channel.prefetch(1000);
      await channel.consume(queue, (message) => {
        if (!message) return;
        take(String(message.properties.messageId), message.content);
        channel.ack(message);
      });
      await gone;
    } finally {
      clearInterval(over);
      await connection.close().catch(() => {});
    }
  };
  const running = (async () => {
    while (!isOver) await once().catch(() => pause(200));
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await running;
    },
  };
};
