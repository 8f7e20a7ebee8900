import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deleteQueue, startOwnBroker, type TestBroker, uniqueTopology, until } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DATA_TYPES, type DataType } from '../src/config/data-type.js';
import { type CliResult, runCli, startCli } from './kit/cli.js';
import { smallDump, writeDump } from './kit/dumps.js';
import { firstOf } from './kit/exhaustive.js';
import { readMarker } from './kit/markers.js';
import { type PlatformConsumer, startPlatformConsumer } from './kit/platform-consumer.js';

const VERSION = '20260101';
const RECORDS = 20;

let broker: TestBroker;
let base: string;
let dumps: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'extraction-complete-amqp-'));
  dumps = join(base, 'dumps');
  await writeDump(dumps, VERSION, smallDump(RECORDS));
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});

/** The options of a run for the consumers of the platform. */
const optionsFor = (data: string, url: string) => ({
  env: {
    ...{ CONTRACT: 'fanout', AMQP_EXPECT_QUEUES: '{prefix}-tableinator-{type}' },
    ...{ DISCOGS_ROOT: data, AMQP_CONNECTION: url },
  },
});

const endsOf = ({ ends }: PlatformConsumer, type: string): Record<string, unknown>[] =>
  ends.filter((message) => message['type'] === type);

describe('extraction_complete under CONTRACT=fanout', () => {
  const moments: readonly [string, (consumers: readonly PlatformConsumer[]) => boolean][] = [
    ['it arrived first', (consumers) => consumers.some((one) => endsOf(one, 'extraction_complete').length > 0)],
    ['all files are delivered', (consumers) => consumers.every((one) => endsOf(one, 'file_complete').length > 0)],
    ['it arrived last', (consumers) => consumers.every((one) => endsOf(one, 'extraction_complete').length > 0)],
  ];
  it.each(firstOf(1, moments))(
    'reaches every type after kill -9 when %s, and is not sent again later',
    async (_, isTime) => {
      const vhost = uniqueTopology('completion').exchange;
      await broker.createVhost(vhost);
      const url = broker.urlFor({ vhost });
      const data = await mkdtemp(join(base, 'data-'));
      const consumers = await Promise.all(
        DATA_TYPES.map((dataType) => startPlatformConsumer({ url, name: 'tableinator', dataType })),
      );
      onTestFinished(async () => {
        await Promise.all(consumers.map((one) => one[Symbol.asyncDispose]()));
      });
      const args = ['run', '--once', '--source', dumps];
      const options = optionsFor(data, url);
      const run = (): Promise<CliResult> => runCli(args, options);

      const killed = startCli(args, options);
      // Shorter than the time between two messages.
      const timer = setInterval(() => isTime(consumers) && killed.process.kill('SIGKILL'), 1);
      await killed.ended;
      clearInterval(timer);
      expect(isTime(consumers)).toBe(true);

      expect(await run()).toMatchObject({ status: 0 });
      await until(() => consumers.every((one) => endsOf(one, 'extraction_complete').length > 0));
      const counts = consumers.map((one) => endsOf(one, 'extraction_complete').length);
      expect(await run()).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing to do') });
      expect(consumers.map((one) => endsOf(one, 'extraction_complete').length)).toEqual(counts);
      expect((await readMarker(data, VERSION))!.summary.overall_status).toBe('completed');

      const first = endsOf(consumers[0]!, 'extraction_complete')[0]!;
      for (const consumer of consumers) {
        expect([...consumer.records.values()]).toEqual(Array.from({ length: RECORDS }, () => 1));
        expect(consumer.ends.at(-1)).toMatchObject({
          type: 'extraction_complete',
          version: VERSION,
          record_counts: Object.fromEntries(DATA_TYPES.map((type) => [type, RECORDS])),
        });
        const starts = endsOf(consumer, 'extraction_complete').map((message) => message['started_at']);
        expect(new Set([...starts, first['started_at']]).size).toBe(1);
        expect(await consumer.deadLetters()).toBe(0);
      }
    },
  );

  const runs = [
    ['in an earlier run', false],
    ['in the same run', true],
  ] as const;
  it.each(firstOf(1, runs))(
    'is not sent if a queue was deleted whose file was completed %s, until it is delivered again',
    async (_, isInOneRun) => {
      const vhost = uniqueTopology('completion').exchange;
      await broker.createVhost(vhost);
      const url = broker.urlFor({ vhost });
      const data = await mkdtemp(join(base, 'data-'));
      const consume = (dataType: DataType) => startPlatformConsumer({ url, name: 'tableinator', dataType });
      const start = (...more: string[]) =>
        startCli(['run', '--once', '--source', dumps, ...more], optionsFor(data, url));
      await using artists = await consume('artists');
      await using _labels = await consume('labels');
      await using _masters = await consume('masters');
      const losing = isInOneRun ? start() : start('--types', 'artists');
      await losing.says('artists: all 20 records delivered');
      await deleteQueue(url, artists.queue);
      await using again = await consume('artists');
      await using releases = await consume('releases');
      if (!isInOneRun) expect(await losing.ended).toMatchObject({ status: 0 });
      expect(await (isInOneRun ? losing : start('--types', 'labels,masters,releases')).ended).toMatchObject({
        status: 1,
        stdout: expect.stringContaining('delivered records were lost'),
      });
      expect(endsOf(releases, 'extraction_complete')).toEqual([]);

      expect(await start().ended).toMatchObject({ status: 0 });
      await until(() => endsOf(again, 'extraction_complete').length > 0);
      expect(again.records.size).toBe(RECORDS);
    },
  );
});
