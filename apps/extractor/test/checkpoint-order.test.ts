import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { deleteQueue, drainQueue, startOwnBroker, type TestBroker } from '@discogs-extractor/test-broker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningCli, runCli, startCli } from './kit/cli.js';
import { dumpFile } from './kit/dumps.js';
import { editMarker, readMarker } from './kit/markers.js';

const VERSION = '20260101';
const LABELS = dumpFile(VERSION, 'labels');
const RECORDS = { labels: 200, releases: 2000 };
const QUEUES = { labels: 'discogsography-graphinator-labels', releases: 'discogsography-graphinator-releases' };

let base: string;
let data: string;
let broker: TestBroker;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'commits-'));
  await generateDump({ directory: join(base, 'dumps'), version: VERSION, seed: 22, records: RECORDS });
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  data = await mkdtemp(join(base, 'data-'));
});
afterEach(async () => {
  for (const type of ['labels', 'releases']) {
    for (const consumer of ['graphinator', 'tableinator'])
      await deleteQueue(broker.url, `discogsography-${consumer}-${type}`);
  }
});

const argsOf = (types: string): string[] => ['run', '--once', '--source', join(base, 'dumps'), '--types', types];
const envOf = (url = broker.url): Record<string, string> => ({
  DISCOGS_ROOT: data,
  AMQP_CONNECTION: url,
  STATE_SAVE_INTERVAL: '100',
  QUEUE_SIZE: '300',
});
const run = async (types: string): Promise<void> => {
  const result = await runCli(argsOf(types), { env: envOf() });
  expect(result, result.stdout).toMatchObject({ status: 0 });
};

/** What arrived since the last call: the number of records, and of file_complete messages after them. */
const arrived = async (type: keyof typeof QUEUES): Promise<{ records: number; completions: number }> => {
  const bodies = (await drainQueue(broker.url, QUEUES[type])).map(({ body }) => body.toString());
  const completions = bodies.filter((body) => body.includes('"file_complete"'));
  for (const body of completions) expect(JSON.parse(body)).toMatchObject({ total_processed: RECORDS[type] });
  expect(bodies.slice(bodies.length - completions.length)).toEqual(completions);
  return { records: bodies.length - completions.length, completions: completions.length };
};

const labels = async () => (await readMarker(data, VERSION))!.processing_phase.progress_by_file[LABELS];

/**
 * A proxy that kills the process when `file_complete` passes: before it reaches the broker, or before its confirm
 * returns.
 */
const killAtFileComplete = async (passes: boolean): Promise<void> => {
  let running: RunningCli | undefined;
  let isKilled = false;
  const server = createServer((client) => {
    const upstream = connect(broker.port, broker.host);
    let before = '';
    client.on('data', (chunk) => {
      if (isKilled) return;
      const text = before + chunk.toString('latin1');
      before = text.slice(-40);
      isKilled = text.includes('file_complete');
      if (isKilled && !passes) return running!.process.kill('SIGKILL');
      upstream.write(chunk);
      return undefined;
    });
    upstream.on('data', (chunk) => {
      if (isKilled) running!.process.kill('SIGKILL');
      else client.write(chunk);
    });
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    running = startCli(argsOf('labels'), {
      env: envOf(broker.urlFor({ port: (server.address() as AddressInfo).port })),
    });
    expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(isKilled).toBe(true);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
};

describe('a process killed', () => {
  it('between the last confirm and file_complete: the next run sends only file_complete', async () => {
    await killAtFileComplete(false);
    expect(await labels()).toMatchObject({ status: 'in_progress', messages_published: RECORDS.labels });
    expect(await arrived('labels')).toEqual({ records: RECORDS.labels, completions: 0 });
    await run('labels');
    expect(await arrived('labels')).toEqual({ records: 0, completions: 1 });
    expect(await labels()).toMatchObject({ status: 'completed', messages_published: RECORDS.labels });
  });

  it('between file_complete and its confirm: the next run sends file_complete again, and no record', async () => {
    await killAtFileComplete(true);
    expect(await labels()).toMatchObject({ status: 'in_progress', messages_published: RECORDS.labels });
    expect(await arrived('labels')).toEqual({ records: RECORDS.labels, completions: 1 });
    await run('labels');
    expect(await arrived('labels')).toEqual({ records: 0, completions: 1 });
    expect((await readMarker(data, VERSION))!.summary.overall_status).toBe('completed');
  });

  it('between the completion of two files: the next run does not send file_complete of the first again', async () => {
    const running = startCli(argsOf('labels,releases'), { env: envOf() });
    for (;;) {
      const marker = await readMarker(data, VERSION);
      if (marker?.processing_phase.progress_by_file[LABELS]?.status === 'completed') break;
      await sleep(2);
    }
    running.process.kill('SIGKILL');
    await running.ended;
    const marker = (await readMarker(data, VERSION))!;
    expect(marker.summary.overall_status).toBe('in_progress');
    await run('labels,releases');
    expect(await arrived('labels')).toEqual({ records: RECORDS.labels, completions: 1 });
    const { records, completions } = await arrived('releases');
    expect(completions).toBe(1);
    expect(records).toBeGreaterThanOrEqual(RECORDS.releases);
    expect(records).toBeLessThanOrEqual(RECORDS.releases + 300);
  });

  it('between the last file and the dump: the next run completes the dump, and sends nothing', async () => {
    await run('labels');
    expect(await arrived('labels')).toEqual({ records: RECORDS.labels, completions: 1 });
    // Nothing comes between the two but this change of the marker, which is too short for a kill to hit.
    await editMarker(data, VERSION, (marker) => {
      marker.processing_phase.status = 'in_progress';
      marker.publishing_phase.status = 'in_progress';
      marker.summary.overall_status = 'in_progress';
    });
    await run('labels');
    expect(await arrived('labels')).toEqual({ records: 0, completions: 0 });
    expect((await readMarker(data, VERSION))!.summary.overall_status).toBe('completed');
    await run('labels');
    expect(await arrived('labels')).toEqual({ records: 0, completions: 0 });
  });
});
