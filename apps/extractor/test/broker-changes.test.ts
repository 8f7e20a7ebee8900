import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';
import {
  countMessages,
  deleteQueue,
  drainQueue,
  purgeQueue,
  startOwnBroker,
  type TestBroker,
  unbindQueue,
  uniqueTopology,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, type RunningCli, runCli, startCli } from './kit/cli.js';

const VERSION = '20260101';
const RECORDS = 6_000;
const EXCHANGE = 'discogsography-exchange';
const QUEUES = ['discogsography-graphinator-artists', 'discogsography-tableinator-artists'] as const;
const [FIRST, SECOND] = QUEUES;

let broker: TestBroker;
let base: string;
let dumps: string;
/** Each test has its own virtual host. */
let url: string;
let vhost: string;
let data: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'broker-changes-'));
  dumps = join(base, 'dumps');
  await generateDump({ directory: dumps, version: VERSION, seed: 31, records: RECORDS, types: ['artists'] });
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  vhost = uniqueTopology('changes').exchange;
  await broker.createVhost(vhost);
  url = broker.urlFor({ vhost });
  data = await mkdtemp(join(base, 'data-'));
});

const ARGS = (): string[] => ['run', '--once', '--source', dumps, '--types', 'artists'];
const options = () => ({
  env: { DISCOGS_ROOT: data, AMQP_CONNECTION: url, QUEUE_SIZE: '200', STATE_SAVE_INTERVAL: '500' },
});
const run = (): Promise<CliResult> => runCli(ARGS(), options());

/** Starts a run, and changes something when it has delivered part of the file. */
const changeInMidRun = async (change: (cli: RunningCli) => Promise<void>): Promise<CliResult> => {
  const cli = startCli(ARGS(), options());
  await until(async () => (await countMessages(url, SECOND).catch(() => 0)) > 1_000);
  await change(cli);
  return cli.ended;
};

/** Deletes a queue and declares it again at once, as some consumers do when they start. */
const replaceQueue = (queue: string): Promise<void> =>
  withConnection(url, async (connection) => {
    const channel = await connection.createChannel();
    await channel.deleteQueue(queue);
    await channel.assertQueue(queue, { durable: true });
    await channel.bindQueue(queue, EXCHANGE, 'artists');
  });

/** Expects every record and `file_complete` in a queue, and returns how many of them came more than once. */
const expectAllIn = async (queue: string): Promise<number> => {
  const messages = await drainQueue(url, queue);
  const ids = messages.map(({ properties }) => String(properties.messageId));
  expect(new Set(ids).size).toBe(RECORDS + 1);
  expect(ids.at(-1)).toBe(`${VERSION}:artists:file_complete`);
  return ids.length - (RECORDS + 1);
};

const objectsOfTokens = (): Promise<string> =>
  broker.evaluate(
    `[N || {resource, <<"${vhost}">>, _, N} <- rabbit_exchange:list_names() ++ rabbit_amqqueue:list_names(), binary:match(N, <<"discogs-extractor">>) =/= nomatch].`,
  );

describe('records are not lost when', () => {
  it('a queue is unbound for some time in mid-run, and nothing is left on the broker at the end', async () => {
    const result = await changeInMidRun(async () => {
      await unbindQueue(url, FIRST, EXCHANGE, 'artists');
      const before = await countMessages(url, SECOND);
      await until(async () => (await countMessages(url, SECOND)) > before + 300);
    });
    expect(result).toMatchObject({ status: 0 });
    for (const queue of QUEUES) expect(await expectAllIn(queue)).toBe(0);
    expect(await objectsOfTokens()).toBe('[]');
  });

  it('a queue is deleted and declared again in mid-run', async () => {
    const result = await changeInMidRun(async (cli) => {
      // It must not look at the queue between the two steps, when it is only missing.
      cli.process.kill('SIGSTOP');
      await replaceQueue(FIRST);
      cli.process.kill('SIGCONT');
    });
    expect(result.status).toBe(1);
    expect(result.stdout).toContain('TOPOLOGY_LOST');
    expect(await objectsOfTokens()).toBe('[]');
    expect(await run()).toMatchObject({ status: 0 });
    for (const queue of QUEUES) await expectAllIn(queue);
    expect(await objectsOfTokens()).toBe('[]');
  });

  // A virtual host that is set up again between two runs: destination.test.ts.
  it('a queue is deleted between two runs', async () => {
    const stopped = await changeInMidRun(async (cli) => {
      cli.process.kill('SIGINT');
    });
    expect(stopped).toMatchObject({ status: 0 });
    await deleteQueue(url, FIRST);
    const result = await run();
    expect(result.status).toBe(0);
    // The log says why the file begins again.
    expect(result.stdout).toContain(`Queue ${FIRST} is gone`);
    await expectAllIn(FIRST);
  });
});

describe('messages that the broker dropped', () => {
  it('are counted, and known after a later run too', async () => {
    const stopped = await changeInMidRun(async (cli) => {
      await purgeQueue(url, FIRST);
      await cli.says('does not have any more');
      cli.process.kill('SIGINT');
    });
    expect(stopped).toMatchObject({ status: 0 });
    const missing = async (): Promise<number> => {
      const marker = await readFile(join(data, `.extraction_status_${VERSION}.json`), 'utf8');
      const { processing_phase } = JSON.parse(marker) as {
        processing_phase: { progress_by_file: Record<string, { checkpoint?: { missing?: number } }> };
      };
      return Object.values(processing_phase.progress_by_file)[0]!.checkpoint?.missing ?? 0;
    };
    const purged = await missing();
    expect(purged).toBeGreaterThan(500);
    await run();
    expect(await missing()).toBe(purged);
    expect(await expectAllIn(SECOND)).toBe(0);
    const left = await countMessages(url, FIRST);
    expect(left + purged).toBe(RECORDS + 1);
  });
});
