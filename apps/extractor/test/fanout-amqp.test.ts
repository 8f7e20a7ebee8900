import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';
import {
  countMessages,
  deleteQueue,
  startOwnBroker,
  type TestBroker,
  uniqueTopology,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DATA_TYPES } from '../src/config/data-type.js';
import { type CliResult, type RunningCli, runCli, startCli, statusUrlOf } from './kit/cli.js';
import { namesOf, type PlatformConsumer, startPlatformConsumer, untilDelivered } from './kit/platform-consumer.js';

const VERSION = '20260101';
const RECORDS = 2_000;
/** Of the other types. */
const FEW = 5;
const [GRAPHINATOR, TABLEINATOR] = (['graphinator', 'tableinator'] as const).map((name) =>
  namesOf({ name, dataType: 'artists' }),
) as [ReturnType<typeof namesOf>, ReturnType<typeof namesOf>];

let broker: TestBroker;
let base: string;
let dumps: string;
/** Each test has its own virtual host. */
let url: string;
let data: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'fanout-amqp-'));
  dumps = join(base, 'dumps');
  const records = { artists: RECORDS, labels: FEW, masters: FEW, releases: FEW };
  await generateDump({ directory: dumps, version: VERSION, seed: 16, records });
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  const vhost = uniqueTopology('fanout').exchange;
  await broker.createVhost(vhost);
  url = broker.urlFor({ vhost });
  data = await mkdtemp(join(base, 'data-'));
});

const options = (env: Readonly<Record<string, string>> = {}) => ({
  env: { CONTRACT: 'fanout', DISCOGS_ROOT: data, AMQP_CONNECTION: url, QUEUE_SIZE: '200', ...env },
});
const ARGS = (...more: string[]): string[] => ['run', '--source', dumps, '--types', 'artists', ...more];
const run = (env?: Readonly<Record<string, string>>): Promise<CliResult> => runCli(ARGS('--once'), options(env));
const start = (env?: Readonly<Record<string, string>>): RunningCli => startCli(ARGS('--once'), options(env));
const consume = (name: 'graphinator' | 'tableinator'): Promise<PlatformConsumer> =>
  startPlatformConsumer({ url, name, dataType: 'artists' });

const expectAllDelivered = async (...consumers: readonly PlatformConsumer[]): Promise<void> => {
  for (const consumer of consumers) {
    await untilDelivered(consumer, RECORDS);
    expect(await consumer.deadLetters()).toBe(0);
  }
};

describe('run under CONTRACT=fanout', () => {
  it('waits for both consumers, says so everywhere, and sends the first record when both are there', async () => {
    const cli = start({ HEALTH_PORT: '0', HEALTH_HOST: '127.0.0.1' });
    const status = await statusUrlOf(cli);
    await cli.says(`waiting for ${GRAPHINATOR.queue} and ${TABLEINATOR.queue}`);
    await using graphinator = await consume('graphinator');
    await cli.says(`waiting for ${TABLEINATOR.queue},`);
    const ready = await fetch(`${status}ready`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain(`${TABLEINATOR.queue} does not exist yet`);
    expect(await (await fetch(`${status}metrics`)).text()).toContain(
      'discogs_extractor_expected_queues_missing{data_type="artists"} 1',
    );
    const { files } = (await (await fetch(`${status}status`)).json()) as { files: { connection: object }[] };
    expect(files).toMatchObject([{ connection: { condition: 'waiting' } }]);
    expect(graphinator.records.size).toBe(0);

    await using tableinator = await consume('tableinator');
    expect(await cli.ended).toMatchObject({ status: 0 });
    await expectAllDelivered(graphinator, tableinator);
    for (const { records, ends, first } of [graphinator, tableinator]) {
      expect(Math.max(...records.values())).toBe(1);
      expect(ends[0]).toMatchObject({ type: 'file_complete', data_type: 'artists', total_processed: RECORDS });
      expect(first?.fields).toMatchObject({ exchange: GRAPHINATOR.exchange, routingKey: '' });
      expect(first?.properties).toMatchObject({
        contentType: 'application/json',
        contentEncoding: 'UTF-8',
        deliveryMode: 2,
        messageId: expect.stringMatching(new RegExp(`^${VERSION}:artists:.+:[0-9a-f]{64}$`)),
      });
    }
  });

  it('stops waiting at a signal, or with --once after a bound, and delivers in a later run', async () => {
    const checked = await runCli(ARGS('--check'), options());
    expect(checked).toMatchObject({ status: 0 });
    expect(checked.stdout).toContain(`wait for what consumers declare: ${GRAPHINATOR.queue}, ${TABLEINATOR.queue}`);
    const stopped = start();
    await stopped.says('waiting for');
    stopped.process.kill('SIGTERM');
    expect(await stopped.ended).toMatchObject({ status: 0 });

    await using graphinator = await consume('graphinator');
    const bounded = await run({ AMQP_EXPECT_SECONDS: '0.3' });
    expect(bounded.status).toBe(1);
    expect(bounded.stdout).toMatch(/TOPOLOGY_MISSING/);
    expect(bounded.stdout).toMatch(/tableinator-artists.*AMQP_EXPECT_SECONDS/);
    expect(graphinator.records.size).toBe(0);
    await using tableinator = await consume('tableinator');
    const delivered = await run();
    expect(delivered).toMatchObject({ status: 0 });
    expect(delivered.stdout).not.toMatch(/delivering again|"level":"(WARN|ERROR)"/);
    await expectAllDelivered(graphinator, tableinator);
  });

  it('declares the queues as the consumers do, if it is to, and then finds everything in them', async () => {
    const declaring = { AMQP_DECLARE_QUEUES: 'true' };
    const all = ['run', '--once', '--source', dumps];
    expect(await runCli(all, options(declaring))).toMatchObject({ status: 0 });

    for (const dataType of DATA_TYPES) {
      for (const name of ['graphinator', 'tableinator']) {
        const { queue, dlq } = namesOf({ name, dataType });
        // With `file_complete` and `extraction_complete`.
        expect(await countMessages(url, queue)).toBe((dataType === 'artists' ? RECORDS : FEW) + 2);
        expect(await countMessages(url, dlq)).toBe(0);
      }
    }
    const verified = await runCli(['verify'], options(declaring));
    expect(verified, verified.stdout).toMatchObject({ status: 0 });
    // Where the records are is known, whoever declares the queues; another prefix is another place.
    expect(await runCli(all, options())).toMatchObject({ status: 0 });
    const elsewhere = await run({ ...declaring, DISCOGS_EXCHANGE_PREFIX: 'other' });
    expect(elsewhere.status).toBe(1);
    expect(elsewhere.stdout).toContain('DESTINATION_CHANGED');
    // With other arguments, the consumers would be refused.
    const consumers: PlatformConsumer[] = [];
    for (const dataType of DATA_TYPES) {
      for (const name of ['graphinator', 'tableinator']) {
        consumers.push(await startPlatformConsumer({ url, name, dataType }));
      }
    }
    for (const consumer of consumers) {
      await until(() => consumer.ends.length === 2);
      expect(consumer.ends.map(({ type }) => type)).toEqual(['file_complete', 'extraction_complete']);
      expect(consumer.ends[1]).toEqual(consumers[0]!.ends[1]);
      expect(await consumer.deadLetters()).toBe(0);
      await consumer[Symbol.asyncDispose]();
    }
    expect(consumers[0]!.ends[1]).toMatchObject({
      version: VERSION,
      record_counts: { artists: RECORDS, labels: FEW, masters: FEW, releases: FEW },
    });
  });

  it('takes a queue with other arguments as it is, unless it is to declare it', async () => {
    await using graphinator = await consume('graphinator');
    await withConnection(url, async (connection) => {
      await (await connection.createChannel()).assertQueue(TABLEINATOR.queue, { durable: true });
    });
    const declaring = await run({ AMQP_DECLARE_QUEUES: 'true' });
    expect(declaring.status).toBe(1);
    expect(declaring.stdout).toMatch(/TOPOLOGY_CONFLICT/);
    expect(declaring.stdout).toMatch(/AMQP_DECLARE_QUEUES/);
    // It is known before anything is fetched.
    expect(await readdir(data)).toEqual(['.extractor.lock']);
    expect(await run()).toMatchObject({ status: 0 });
    await expectAllDelivered(graphinator);
    expect(await countMessages(url, TABLEINATOR.queue)).toBe(RECORDS + 1);
  });

  it('expects no queues, if it is to, but one at least has to take the records', async () => {
    const env = { AMQP_EXPECT_QUEUES: 'none' };
    const nowhere = await run(env);
    expect(nowhere.status).toBe(1);
    expect(nowhere.stdout).toContain('UNROUTABLE');
    await using tableinator = await consume('tableinator');
    expect(await run(env)).toMatchObject({ status: 0 });
    await expectAllDelivered(tableinator);
    const verified = await runCli(['verify'], options(env));
    expect(verified.status).toBe(1);
    expect(verified.stdout).toContain(`exchange ${TABLEINATOR.exchange}`);
  });
});

describe('no record is lost under CONTRACT=fanout when', () => {
  /** Starts a run, and changes something when a part of the file is delivered. */
  const changeInMidRun = async (
    consumer: PlatformConsumer,
    change: (cli: RunningCli) => Promise<void> | void,
  ): Promise<CliResult> => {
    const cli = start();
    await until(() => consumer.records.size > 500);
    await change(cli);
    return cli.ended;
  };

  it('a queue is deleted in mid-run', async () => {
    await using graphinator = await consume('graphinator');
    {
      await using _tableinator = await consume('tableinator');
      const result = await changeInMidRun(graphinator, () => deleteQueue(url, TABLEINATOR.queue));
      expect(result.status).toBe(1);
      // Either the queue itself is found missing first, or what proves that it is the same queue.
      expect(result.stdout).toMatch(/TOPOLOGY_(MISSING|LOST)/);
    }
    const cli = start();
    await cli.says(`waiting for ${TABLEINATOR.queue},`);
    await using tableinator = await consume('tableinator');
    expect(await cli.ended).toMatchObject({ status: 0 });
    await expectAllDelivered(graphinator, tableinator);
  });

  it('the process is killed in mid-file', async () => {
    await using graphinator = await consume('graphinator');
    await using tableinator = await consume('tableinator');
    const killed = await changeInMidRun(graphinator, (cli) => void cli.process.kill('SIGKILL'));
    expect(killed.signal).toBe('SIGKILL');
    expect(await run()).toMatchObject({ status: 0 });
    await expectAllDelivered(graphinator, tableinator);
    for (const { records } of [graphinator, tableinator]) {
      const repeats = [...records.values()].reduce((sum, times) => sum + times - 1, 0);
      expect(repeats).toBeLessThanOrEqual(200);
    }
  });
});
