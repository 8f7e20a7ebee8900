import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Checkpoint } from '@discogs-extractor/state-marker';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNdjsonSink } from '../src/sinks/ndjson-sink.js';
import { OWNER_FILE } from '../src/sinks/output-folder.js';
import type { FileSink, Sink } from '../src/sinks/sink.js';
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

const sink = (dataFolder = 'data'): Sink =>
  createNdjsonSink({ directory: folder, dataFolder: join(folder, dataFolder) });
const signal = new AbortController().signal;
const open = (from?: Pick<FileSink, 'confirmed' | 'checkpoint'>, stop = signal): Promise<FileSink> =>
  sink().open(TARGET, {
    resumeAfter: from?.confirmed ?? 0,
    checkpoint: from?.checkpoint,
    signal: stop,
    save: async () => {},
  });
const lines = async (): Promise<string[]> => (await readFile(path, 'utf8')).split('\n');
const data = (...numbers: number[]): string[] => numbers.map((number) => `{"type":"data","id":"${number}"}`);

const deliver = async (file: FileSink, first: number, count: number): Promise<void> => {
  await file.write(blockOf(first, count));
};

it('writes one message per line, and file_complete last', async () => {
  const file = await open();
  await deliver(file, 1, 2);
  await deliver(file, 3, 1);
  await file.complete(COMPLETE);
  expect(file.confirmed).toBe(3);
  expect(file.lastConfirmedAt).toBeInstanceOf(Date);
  await file.close();
  await file.close();
  expect(await lines()).toEqual([...data(1, 2, 3), '{"type":"file_complete"}', '']);
});

it('confirms what is on disk, not what is only written', async () => {
  const file = await open();
  await deliver(file, 1, 5);
  expect(file.confirmed).toBe(0);
  await file.close();
  expect(file.confirmed).toBe(5);
});

it('resumes after the confirmed lines and cuts off the rest, an incomplete line included', async () => {
  const first = await open();
  await deliver(first, 1, 5);
  await first.close();
  await appendFile(path, `${data(6).join()}\n{"type":"da`);

  const second = await open(first);
  expect(second).toMatchObject({ resumedAfter: 5, confirmed: 5, checkpoint: first.checkpoint });
  await deliver(second, 6, 1);
  await second.complete(COMPLETE);
  await second.close();
  expect(await lines()).toEqual([...data(1, 2, 3, 4, 5, 6), '{"type":"file_complete"}', '']);
});

it.each([
  ['shorter', (text: string) => text.slice(0, -1)],
  ['gone', () => ''],
  ['missing a line in the middle', (text: string) => text.replace(`${data(3).join()}\n`, '')],
  ['missing a line, and longer', (text: string) => text.replace(`${data(3).join()}\n`, '').repeat(2)],
  ['of the same size', (text: string) => text.replace('"id":"3"', '"id":"8"')],
  ['in another order', () => `${data(2, 1, 3, 4, 5).join('\n')}\n`],
])('does not resume in an output that is %s, and does not change it', async (_, change) => {
  const first = await open();
  await deliver(first, 1, 5);
  await first.close();
  const changed = change(await readFile(path, 'utf8'));
  await writeFile(path, changed);
  await expect(open(first)).rejects.toMatchObject({ code: 'OUTPUT_CHANGED', facts: { path } });
  expect(await readFile(path, 'utf8')).toBe(changed);
  await rm(path);
  await expect(open(first)).rejects.toMatchObject({ code: 'OUTPUT_CHANGED' });
  await expect(open({ confirmed: 5, checkpoint: {} })).rejects.toMatchObject({ code: 'OUTPUT_CHANGED' });
});

const check = (checkpoint: Checkpoint): Promise<string | undefined> =>
  sink().checkCompleted!(TARGET, checkpoint, { signal: new AbortController().signal });

it('finds the output of a completed file again, unless it is gone or of another size', async () => {
  const file = await open();
  await deliver(file, 1, 5);
  const checkpoint = await file.complete(COMPLETE);
  await file.close();
  await check(checkpoint);
  for (const change of [() => appendFile(path, '\n'), () => truncate(path, 20), () => rm(path)]) {
    await change();
    await expect(check(checkpoint)).rejects.toMatchObject({ code: 'OUTPUT_CHANGED' });
  }
});

it('belongs to the data folder that began it, also when it or the data folder is moved', async () => {
  const destinationOf = async (by: Sink) => (await by.identify({ dataTypes: ['artists'], signal })).get('artists')!;
  const began = sink();
  const destination = await destinationOf(began);
  expect(await readdir(folder)).toEqual([]);
  await began.prepare!({ dataTypes: ['artists'], signal });
  expect(await destinationOf(sink())).toEqual(destination);
  const first = await destinationOf(sink());
  expect(first).toMatchObject({ sink: 'ndjson', path: await realpath(folder) });
  await expect(destinationOf(sink('other'))).rejects.toMatchObject({ code: 'OUTPUT_CHANGED' });
  await rename(join(folder, 'data'), join(folder, 'moved'));
  expect(await destinationOf(sink('moved'))).toEqual(first);

  await rm(join(folder, OWNER_FILE));
  const again = await destinationOf(sink('other'));
  expect(again['folder']).not.toBe(first['folder']);

  await mkdir(join(folder, '20260101'));
  await writeFile(path, data(1).join());
  await expect(destinationOf(sink('other'))).rejects.toMatchObject({ code: 'OUTPUT_CHANGED', facts: { path } });
  await writeFile(join(folder, OWNER_FILE), '{');
  await expect(destinationOf(sink('other'))).rejects.toMatchObject({ code: 'OUTPUT_CHANGED' });
  expect(await readFile(path, 'utf8')).toBe(data(1).join());
});

it('starts over unless it is asked to resume', async () => {
  const first = await open();
  await deliver(first, 1, 5);
  await first.close();
  const second = await open();
  await deliver(second, 1, 1);
  await second.close();
  expect(await lines()).toEqual([...data(1), '']);
});

it('finds its position in an output larger than its read buffer', async () => {
  const first = await open();
  await deliver(first, 1, 100_000);
  await first.close();
  await appendFile(path, 'more');
  const second = await open(first);
  expect(second.resumedAfter).toBe(100_000);
  await second.close();
  const kept = await lines();
  expect(kept).toHaveLength(100_001);
  expect(kept.at(-2)).toBe(data(100_000)[0]);
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
  await (await open(first)).close();
});

it('rejects with the reason of the signal', async () => {
  const controller = new AbortController();
  const file = await open(undefined, controller.signal);
  await deliver(file, 1, 1);
  const reason = new Error('stop');
  controller.abort(reason);
  await expect(file.write(blockOf(2, 1))).rejects.toBe(reason);
  await expect(file.complete(COMPLETE)).rejects.toBe(reason);
  await file.close();
  expect(file.confirmed).toBe(1);
});
