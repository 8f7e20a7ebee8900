import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { countMessages, startOwnBroker, startProxy, type TestBroker } from '@discogs-extractor/test-broker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningCli, startCli } from './kit/cli.js';
import { dumpFile, readXml, smallDump, writeDump } from './kit/dumps.js';
import { readMarker } from './kit/markers.js';

const VERSION = '20260101';
const FILE = dumpFile(VERSION, 'artists');
const RECORDS = 20_000;
const QUEUE = 'discogsography-graphinator-artists';

let base: string;
let dumps: string;
let folder: string;
let data: string;
let broker: TestBroker;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'stops-'));
  dumps = join(base, 'dumps');
  await generateDump({ directory: dumps, version: VERSION, seed: 21, records: RECORDS, types: ['artists'] });
  // A record without content and a malformed one, which a file that is stopped reports as well.
  const xml = await readXml(join(dumps, FILE));
  const faults = '<artist/><artist><id>0</id><name>not closed</artist>';
  await writeDump(dumps, VERSION, { ...smallDump(1), artists: xml.replace('<artists>', `<artists>${faults}`) });
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'));
  data = join(folder, 'data');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCli =>
  startCli(['run', '--types', 'artists', ...args], { env: { DISCOGS_ROOT: data, ...env } });

const amqp = (url: string): RunningCli =>
  start(['--once', '--source', dumps], { AMQP_CONNECTION: url, QUEUE_SIZE: '300', PROGRESS_LOG_INTERVAL: '1' });

/** Asks it to stop, and expects it to do so as the README says. */
const expectStop = async (run: RunningCli): Promise<void> => {
  const askedAt = performance.now();
  run.process.kill('SIGTERM');
  const result = await run.ended;
  expect(result, result.stdout).toMatchObject({ status: 0, stderr: '' });
  expect(result.stdout).toContain('🛑 SIGTERM');
  expect(performance.now() - askedAt).toBeLessThan(5000);
};

const confirmedRecords = async (): Promise<number> =>
  (await readMarker(data, VERSION))!.processing_phase.progress_by_file[FILE]!.messages_published;

describe('a stop in under 5 s', () => {
  it('while it waits for the listing of dumps', async () => {
    let asked = false;
    const server = createServer(() => {
      asked = true;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const run = start(['--once', '--source', 'web', '--sink', 'null'], { WEB_URL: url });
      while (!asked) await sleep(10);
      await expectStop(run);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('while a large file is verified', async () => {
    // A sparse file needs no disk space, but a long time to hash.
    const large = join(folder, 'large');
    await writeDump(large, VERSION, smallDump(1));
    await rm(join(large, FILE));
    for (const directory of [large, data]) {
      if (directory === data) await writeDump(data, VERSION, smallDump(1));
      await using file = await open(join(directory, FILE), 'w');
      await file.truncate(40 * 2 ** 30);
    }
    const run = start(['--once', '--source', large, '--sink', 'null']);
    await run.says('📥');
    await sleep(300);
    await expectStop(run);
  });

  it('while records are delivered, with every confirmed record in the marker', async () => {
    const run = amqp(broker.url);
    await run.says('📊');
    await expectStop(run);
    const confirmed = await confirmedRecords();
    expect(confirmed).toBeGreaterThan(0);
    expect(await countMessages(broker.url, QUEUE)).toBe(confirmed);
    const line = run
      .output()
      .split('\n')
      .find((each) => each.includes('stopped after record'))!;
    expect(JSON.parse(line)).toMatchObject({
      delivered: confirmed,
      malformed: 1,
      irregularities: { 'not-an-object': 1 },
    });
  });

  it('while the broker blocks publishing', async () => {
    await broker.setMemoryAlarm();
    try {
      const run = amqp(broker.url);
      await run.says('blocked publishing');
      await expectStop(run);
    } finally {
      await broker.clearMemoryAlarm();
    }
  });

  it('while the broker does not respond', async () => {
    await using proxy = await startProxy(broker);
    const run = amqp(broker.urlFor({ port: proxy.port }));
    await run.says('📊');
    proxy.stall();
    await sleep(200);
    await expectStop(run);
    expect(await confirmedRecords()).toBeLessThanOrEqual(await countMessages(broker.url, QUEUE));
  });

  it('while it waits to retry an unreachable broker', async () => {
    await using proxy = await startProxy(broker);
    proxy.setRefusing(true);
    const run = amqp(broker.urlFor({ port: proxy.port }));
    await run.says('no connection to the broker');
    await sleep(300);
    await expectStop(run);
  });

  it('while it waits to reconnect to a lost broker', async () => {
    await using proxy = await startProxy(broker);
    const run = amqp(broker.urlFor({ port: proxy.port }));
    await run.says('📊');
    proxy.setRefusing(true);
    proxy.cut();
    await run.says('no connection to the broker');
    await sleep(300);
    await expectStop(run);
    expect(await confirmedRecords()).toBeLessThanOrEqual(await countMessages(broker.url, QUEUE));
  });

  it('while it waits for the next run, or for the next attempt', async () => {
    const run = start(['--source', dumps, '--sink', 'null']);
    await run.says('Next run');
    await expectStop(run);

    await writeFile(join(folder, 'file'), '');
    const failing = start([
      '--source',
      dumps,
      '--sink',
      'ndjson',
      '--output',
      join(folder, 'file'),
      '--force-reprocess',
    ]);
    await failing.says('Next attempt');
    await expectStop(failing);
  });
});
