import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  deleteQueue,
  drainQueue,
  startOwnBroker,
  startProxy,
  type TestBroker,
  until,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_TYPES } from '../src/config/data-type.js';
import { type AmqpSinkOptions, createAmqpSink } from '../src/sinks/amqp-sink.js';
import type { DeliveryConnection } from '../src/sinks/delivery-status.js';
import type { FileSink, Sink } from '../src/sinks/sink.js';
import { blockOf } from './kit/blocks.js';

const FILE = 'discogs_20260101_artists.xml.gz';
const TARGET = { version: '20260101', dataType: 'artists', file: FILE } as const;
const COMPLETE = Buffer.from('{"type":"file_complete"}');

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

const sinkOf = (options: Partial<AmqpSinkOptions> = {}): Sink =>
  createAmqpSink({ url: [broker.url], queueSize: 100, ...options });
const open = (sink: Sink, signal = new AbortController().signal): Promise<FileSink> =>
  sink.open(TARGET, { resumeAfter: 0, checkpoint: undefined, signal, save: async () => {} });
const connectionOf = (sink: Sink): DeliveryConnection | undefined => sink.status?.().connections[0];

/** The settings of docs/migration.md for the platform's quorum queues. */
const platformArguments = async (): Promise<Record<string, string | number>> => {
  const guide = await readFile(new URL('../../../docs/migration.md', import.meta.url), 'utf8');
  return JSON.parse(/AMQP_QUEUE_TYPE=quorum` and `AMQP_QUEUE_ARGUMENTS=(\{[^`]*\})`/.exec(guide)![1]!);
};

describe('the amqp sink', () => {
  it('names the settings that fit the queues of another version of the platform', async () => {
    const queueArguments = await platformArguments();
    const queues = ['platform-{type}'];
    const first = await open(sinkOf({ queues, queueType: 'quorum', queueArguments }));
    await first.complete(COMPLETE);
    await first.close();
    // Each refusal names one of them.
    const options = {
      queueType: undefined as 'quorum' | undefined,
      queueArguments: { 'x-dead-letter-exchange': 'other' } as Record<string, unknown>,
    };
    const named: string[] = [];
    for (;;) {
      const opened = await open(sinkOf({ queues, ...options } as Partial<AmqpSinkOptions>)).catch(
        (error: Error) => error,
      );
      if (!(opened instanceof Error)) {
        await opened.close();
        break;
      }
      expect(opened).toMatchObject({ code: 'TOPOLOGY_CONFLICT', facts: { queue: 'platform-artists' } });
      const [, type, name, value] = /needs AMQP_QUEUE_(?:TYPE=(\w+)|ARGUMENTS with "(.+)": (.+))$/.exec(
        opened.message,
      )!;
      named.push(name ?? 'type');
      if (type) options.queueType = type as 'quorum';
      else options.queueArguments[name!] = JSON.parse(value!);
    }
    expect(named.sort()).toEqual(['type', ...Object.keys(queueArguments).sort()]);
    expect(options).toEqual({ queueType: 'quorum', queueArguments });
    await deleteQueue(broker.url, 'platform-artists');
  });

  it('delivers to an exchange and queues with configured names, type and arguments', async () => {
    const sink = sinkOf({
      exchange: 'other-exchange',
      queues: ['{type}-of-mine', 'quorum.{type}'],
      queueType: 'quorum',
      queueArguments: { 'x-delivery-limit': 5 },
    });
    const file = await open(sink);
    await file.write(blockOf(1, 250));
    await file.complete(COMPLETE);
    expect(file.confirmed).toBe(250);
    await file.close();
    for (const queue of ['artists-of-mine', 'quorum.artists']) {
      const messages = await drainQueue(broker.url, queue);
      expect(messages).toHaveLength(251);
      expect(messages[0]).toMatchObject({ exchange: 'other-exchange', routingKey: 'artists' });
      await deleteQueue(broker.url, queue);
    }
  });

  it('sends while progress is saved, but never more than queueSize messages past it', async () => {
    const sink = sinkOf({ queues: ['limited-{type}'], queueSize: 100 });
    const saves: { readonly confirmed: number; readonly finish: () => void }[] = [];
    const file = await sink.open(TARGET, {
      ...{ resumeAfter: 0, checkpoint: undefined, signal: new AbortController().signal },
      save: (confirmed) => new Promise((finish) => saves.push({ confirmed, finish })),
    });
    const writing = (async () => {
      for (let first = 1; first <= 1_000; first += 50) await file.write(blockOf(first, 50));
    })();
    let saved = 0;
    for (let save = 1; save <= 3; save++) {
      await until(() => saves.length === save && sink.status!().totals.published === saved + 100);
      await sleep(50);
      expect(sink.status!().totals.published).toBe(saved + 100);
      const { confirmed, finish } = saves.at(-1)!;
      // A quarter of queueSize, and what was confirmed meanwhile.
      expect(confirmed).toBeGreaterThanOrEqual(saved + 25);
      saved = confirmed;
      finish();
    }
    const saving = setInterval(() => saves.at(-1)!.finish(), 1);
    await writing;
    await file.complete(COMPLETE);
    clearInterval(saving);
    await file.close();
    expect(saves.at(-1)!.confirmed).toBe(1_000);
  });

  it('saves on demand what was sent, even if it is less than a checkpoint would be about', async () => {
    const sink = sinkOf({ queues: ['advanced-{type}'], queueSize: 100 });
    const saves: number[] = [];
    const file = await sink.open(TARGET, {
      ...{ resumeAfter: 0, checkpoint: undefined, signal: new AbortController().signal },
      save: async (confirmed) => void saves.push(confirmed),
    });
    await file.advance!();
    for (const first of [1, 11]) {
      await file.write(blockOf(first, 10));
      await file.advance!();
      expect(saves.at(-1)).toBe(first + 9);
    }
    await file.close();
  });

  it('reports the state of the delivery through faults of the connection, and keeps the totals', async () => {
    await using proxy = await startProxy(broker);
    const sink = sinkOf({
      url: [broker.urlFor({ port: proxy.port, username: 'guest', password: 'guest' })],
      queues: ['status-{type}'],
    });
    expect(sink.status?.()).toMatchObject({ connections: [], totals: { published: 0, connectionFailures: 0 } });

    proxy.setRefusing(true);
    const opening = open(sink);
    await until(() => (sink.status?.().totals.connectionFailures ?? 0) >= 1);
    expect(connectionOf(sink)).toMatchObject({ file: FILE, dataType: 'artists', condition: 'disconnected' });
    expect(connectionOf(sink)?.reason).toContain('No connection');
    proxy.setRefusing(false);
    const file = await opening;
    expect(connectionOf(sink)).toMatchObject({ condition: 'publishing', state: 'open', reason: undefined });

    await file.write(blockOf(1, 90));
    await until(() => file.confirmed === 90);
    expect(sink.status?.().totals).toMatchObject({ published: 90, confirmed: 90, reconnects: 0 });

    proxy.setRefusing(true);
    proxy.cut();
    await until(() => connectionOf(sink)?.condition === 'disconnected');
    const { since } = connectionOf(sink)!;
    await file.write(blockOf(91, 5));
    await until(() => (sink.status?.().totals.connectionFailures ?? 0) >= 4);
    // Several failed attempts are one outage.
    expect(connectionOf(sink)).toMatchObject({ condition: 'disconnected', since, unsettled: 5 });
    proxy.setRefusing(false);
    await until(() => connectionOf(sink)?.condition === 'publishing');

    await broker.setMemoryAlarm();
    try {
      await file.write(blockOf(96, 1));
      await until(() => connectionOf(sink)?.condition === 'blocked');
      expect(connectionOf(sink)?.reason).toBeTruthy();
    } finally {
      await broker.clearMemoryAlarm();
    }
    await until(() => connectionOf(sink)?.condition === 'publishing');

    await file.complete(COMPLETE);
    await file.close();
    await file.close();
    const { connections, totals } = sink.status!();
    expect(connections).toEqual([]);
    expect(totals).toMatchObject({ published: 97, confirmed: 97, nacks: 0, returns: 0, reconnects: 1 });
    expect(totals.blockedSeconds).toBeGreaterThan(0);

    // A second file adds to the totals of the first; one that cannot be opened leaves no connection.
    const again = await open(sink);
    await again.write(blockOf(1, 3));
    await again.complete(COMPLETE);
    await again.close();
    expect(sink.status?.().totals).toMatchObject({ published: 101, confirmed: 101, reconnects: 1 });
    const conflicting = sinkOf({ queues: ['status-{type}'], queueType: 'quorum' });
    await expect(open(conflicting)).rejects.toMatchObject({
      code: 'TOPOLOGY_CONFLICT',
      facts: { queue: 'status-artists' },
    });
    expect(conflicting.status?.().connections).toEqual([]);
    await deleteQueue(broker.url, 'status-artists');
  });

  it('shows that extraction_complete waits for the queues of consumers', async () => {
    const [prefix, queue] = ['completion', 'completion-labels'];
    const expected = { contract: 'fanout', exchangePrefix: prefix, expectedQueues: ['{prefix}-{type}'] } as const;
    const { signal } = new AbortController();
    await sinkOf({ ...expected, declareQueues: true }).prepare!({ dataTypes: DATA_TYPES, signal });
    await deleteQueue(broker.url, queue);
    const events: string[] = [];
    const sink = sinkOf({ ...expected, onEvent: (file, { type }) => events.push(`${file}: ${type}`) });
    const completion = sink.completeDump('20260101', Buffer.from('{}'), signal);
    await until(() => connectionOf(sink)?.condition === 'waiting');
    expect(connectionOf(sink)).toMatchObject({ file: 'extraction_complete of labels', missingQueues: [queue] });
    expect(sink.status?.().connectingSince).toBeUndefined();
    expect(events).toContain('extraction_complete of labels: waiting');
    await sinkOf({ ...expected, declareQueues: true }).prepare!({ dataTypes: ['labels'], signal });
    await completion;
    expect(connectionOf(sink)).toBeUndefined();
    expect(sink.status?.().totals).toMatchObject({ published: 4, confirmed: 4 });
  });
});
