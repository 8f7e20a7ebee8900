import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNdjsonSink } from '../src/sinks/ndjson-sink.js';
import type { FileSink } from '../src/sinks/sink.js';
import { blockOf } from './kit/blocks.js';

const TARGET = { version: '20260101', dataType: 'artists', file: 'discogs_20260101_artists.xml.gz' } as const;
const COMPLETE = Buffer.from('{"type":"file_complete"}');

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ndjson-'));
  path = join(folder, '20260101', 'artists.ndjson');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (resumeAfter = 0, signal = new AbortController().signal): Promise<FileSink> =>
  createNdjsonSink({ directory: folder }).open(TARGET, { resumeAfter, signal, save: async () => {} });
const lines = async (): Promise<string[]> => (await readFile(path, 'utf8')).split('\n');
const data = (...numbers: number[]): string[] => numbers.map((number) => `{"type":"data","id":"${number}"}`);

const deliver = async (sink: FileSink, first: number, count: number): Promise<void> => {
  await sink.write(blockOf(first, count));
};

it('writes one message per line, and file_complete last', async () => {
  const sink = await open();
  await deliver(sink, 1, 2);
  await deliver(sink, 3, 1);
  await sink.complete(COMPLETE);
  expect(sink.confirmed).toBe(3);
  expect(sink.lastConfirmedAt).toBeInstanceOf(Date);
  await sink.close();
  await sink.close();
  expect(await lines()).toEqual([...data(1, 2, 3), '{"type":"file_complete"}', '']);
});

it('confirms what is on disk, not what is only written', async () => {
  const sink = await open();
  await deliver(sink, 1, 5);
  expect(sink.confirmed).toBe(0);
  await sink.close();
  expect(sink.confirmed).toBe(5);
});

it('resumes after the confirmed lines and cuts off the rest, an incomplete line included', async () => {
  const first = await open();
  await deliver(first, 1, 5);
  await first.close();
  await appendFile(path, '{"type":"da');

  const second = await open(3);
  expect(second).toMatchObject({ resumedAfter: 3, confirmed: 3 });
  await deliver(second, 4, 1);
  await second.complete(COMPLETE);
  await second.close();
  expect(await lines()).toEqual([...data(1, 2, 3, 4), '{"type":"file_complete"}', '']);
});

it('resumes after the last complete line if there are fewer than were confirmed', async () => {
  const first = await open();
  await deliver(first, 1, 5);
  await first.close();
  await truncate(path, data(1, 2).join('\n').length + 5);

  const second = await open(5);
  expect(second.resumedAfter).toBe(2);
  await deliver(second, 3, 1);
  await second.close();
  expect(await lines()).toEqual([...data(1, 2, 3), '']);
});

it('starts from the first record if the output is gone', async () => {
  const sink = await open(5);
  expect(sink.resumedAfter).toBe(0);
  await sink.close();
});

it('starts over unless it is asked to resume', async () => {
  const first = await open();
  await deliver(first, 1, 5);
  await first.close();
  const second = await open(0);
  await deliver(second, 1, 1);
  await second.close();
  expect(await lines()).toEqual([...data(1), '']);
});

it('finds its position in an output larger than its read buffer', async () => {
  const first = await open();
  await deliver(first, 1, 100_000);
  await first.close();
  const second = await open(99_999);
  expect(second.resumedAfter).toBe(99_999);
  await second.close();
  const kept = await lines();
  expect(kept).toHaveLength(100_000);
  expect(kept.at(-2)).toBe(data(99_999)[0]);
});

it('reports an output that cannot be written', async () => {
  await writeFile(join(folder, '20260101'), 'a file where a folder must be');
  await expect(open()).rejects.toMatchObject({ code: 'OUTPUT_FAILED', facts: { path } });
});

it('does not open or change a file that another sink writes to', async () => {
  const first = await open();
  await first.write(blockOf(1, 3));
  await expect(open()).rejects.toMatchObject({ code: 'OUTPUT_LOCKED', facts: { path } });
  await first.complete(COMPLETE);
  await first.close();
  expect(await lines()).toHaveLength(5);
  await (await open(3)).close();
});

it('rejects with the reason of the signal', async () => {
  const controller = new AbortController();
  const sink = await open(0, controller.signal);
  await deliver(sink, 1, 1);
  const reason = new Error('stop');
  controller.abort(reason);
  await expect(sink.write(blockOf(2, 1))).rejects.toBe(reason);
  await expect(sink.complete(COMPLETE)).rejects.toBe(reason);
  await sink.close();
  expect(sink.confirmed).toBe(1);
});
