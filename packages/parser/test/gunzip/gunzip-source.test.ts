import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeRecords } from '../../src/index.js';
import { GunzipSource } from '../../src/input/gunzip-source.js';
import { openSource } from '../../src/input/open-source.js';
import type { DumpSource } from '../../src/options.js';
import { chunksOf, randomFrom } from '../support/chunks.js';
import { outcomeOf } from '../support/outcome.js';

const SEED = 20260102;
const random = randomFrom(SEED);
const noise = (length: number): string =>
  Array.from({ length: Math.ceil(length / 8) }, () => Math.floor(random() * 2 ** 32).toString(16)).join('');

/** Text that compresses to about half, so that there is enough of it for the thread. */
const labelsXml = (count: number, bytes: number): string =>
  Array.from({ length: count }, (_, n) => `<label><id>${n + 1}</id><profile>${noise(bytes)}</profile></label>\n`).join(
    '',
  );
const xml = Buffer.from(`<labels>\n${labelsXml(20_000, 300)}</labels>`);
const gz = gzipSync(xml);

let folder: string;
let path: string;

beforeAll(() => {
  expect(gz.length).toBeGreaterThan(3_000_000);
  folder = mkdtempSync(join(tmpdir(), 'gunzip-'));
  path = join(folder, 'discogs_20260101_labels.xml.gz');
  writeFileSync(path, gz);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const threads = (): string[] =>
  readdirSync('/proc/self/task').filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').length > 0;
    } catch {
      return false;
    }
  });

const open = async (source: DumpSource, signal?: AbortSignal): Promise<GunzipSource> =>
  new GunzipSource(await openSource(source, signal), signal);

/** Reads all, giving each chunk's memory back at once: what comes later must not be written over what was taken. */
const readAll = async (source: GunzipSource): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for (;;) {
    const chunk = await source.read();
    if (chunk === undefined) return Buffer.concat(parts);
    parts.push(Buffer.from(chunk));
    source.recycle(chunk.buffer as ArrayBuffer);
  }
};

describe('gives what zlib gives', () => {
  const sizes = [1000, 65_536, 100_003, 1_000_000, gz.length];
  test.each(sizes)('of chunks of %i bytes', async (size) => {
    const source = await open(chunksOf(gz, size));
    expect((await readAll(source)).equals(xml)).toBe(true);
    await source.close();
  });

  test('of a file', async () => {
    const source = await open(path);
    expect((await readAll(source)).equals(xml)).toBe(true);
    await source.close();
  });

  test('of several members, each larger than what the calling thread takes', async () => {
    const source = await open(chunksOf(Buffer.concat([gz, gz, gzipSync('end')]), 300_000));
    expect((await readAll(source)).equals(Buffer.concat([xml, xml, Buffer.from('end')]))).toBe(true);
    await source.close();
  });
});

test('a stream that comes slowly is given as it comes', async () => {
  async function* slowly(): AsyncGenerator<Uint8Array> {
    yield gz.subarray(0, 1_000_000);
    await new Promise(() => {});
  }
  const source = await open(slowly());
  // All of the first million comes, although nothing comes after it.
  const expected = gunzipSync(gz.subarray(0, 1_000_000), { finishFlush: 2 }).length;
  let length = 0;
  while (length < expected - 1000) length += (await source.read())!.length;
  await source.close();
});

test('a small dump needs no thread', async () => {
  const before = threads().length;
  const source = await open(chunksOf(gzipSync(xml.subarray(0, 200_000)), 10_000));
  const reading = readAll(source);
  expect(threads().length).toBe(before);
  expect((await reading).length).toBe(200_000);
  expect(threads().length).toBe(before);
  await source.close();
});

describe('is over at once, and leaves no thread', () => {
  const settled = async (before: number): Promise<void> => {
    for (let turn = 0; turn < 100 && threads().length > before; turn++) await sleep(20);
    expect(threads().length).toBeLessThanOrEqual(before);
  };

  test('at the end', async () => {
    const before = threads().length;
    const source = await open(chunksOf(gz, 100_000));
    await readAll(source);
    expect(threads().length).toBeGreaterThan(before);
    await source.close();
    await source.close();
    await settled(before);
  });

  test('when it is closed in the middle', async () => {
    const before = threads().length;
    const source = await open(chunksOf(gz, 100_000));
    for (let chunks = 0; chunks < 4; chunks++) await source.read();
    await source.close();
    await settled(before);
  });

  test('when the signal aborts while it waits', async () => {
    const before = threads().length;
    const controller = new AbortController();
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield gz.subarray(0, 2_000_000);
      await new Promise(() => {});
    }
    const source = await open(hanging(), controller.signal);
    const reading = readAll(source);
    setTimeout(() => controller.abort(new Error('mine')), 300);
    await expect(reading).rejects.toThrow('mine');
    await source.close();
    await settled(before);
  });
});

describe('faults, behind all that came before them', () => {
  const recordsIn = (part: Buffer): number => part.toString().split('</label>').length - 1;

  test('an early end', async () => {
    const cut = gz.subarray(0, 2_345_678);
    const whole = recordsIn(gunzipSync(cut, { finishFlush: 2 }));
    for (const workers of [0, 2]) {
      const outcome = await outcomeOf(chunksOf(cut, 100_000), { workers });
      expect([outcome.error, outcome.records.length]).toEqual(['TRUNCATED', whole]);
    }
  });

  test('damage', async () => {
    const damaged = Buffer.from(gz);
    damaged.fill(0xff, 2_000_000, 2_000_100);
    const outcomes = await Promise.all(
      [0, 2].flatMap((workers) => [99_999, 1_000_000].map((size) => outcomeOf(chunksOf(damaged, size), { workers }))),
    );
    for (const outcome of outcomes) {
      expect(outcome.error).toBe('CORRUPT_GZIP');
      expect(outcome.records.length).toBeGreaterThan(5000);
      expect(outcome).toEqual(outcomes[0]);
    }
  });

  test('an error of the source', async () => {
    const mine = new Error('mine');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(gz.subarray(0, 2_000_000), 100_000);
      throw mine;
    }
    const whole = recordsIn(gunzipSync(gz.subarray(0, 2_000_000), { finishFlush: 2 }));
    for (const workers of [0, 2]) {
      let records = 0;
      const run = async (): Promise<void> => {
        for await (const block of encodeRecords(failing(), { workers })) records += block.count;
      };
      await expect(run()).rejects.toBe(mine);
      expect(records).toBe(whole);
      records = 0;
    }
  });
});

describe('blocks cut from chunks where they lie', () => {
  test.each([
    ['records of every size up to what fits before a chunk', [100, 30_000, 60_000]],
    ['records larger than that', [70_000, 200_000, 500]],
    ['records larger than a chunk', [1_500_000, 300, 2_200_000]],
  ])('%s', async (_, sizes) => {
    const records = Array.from(
      { length: 24 },
      (_, n) => `<label><id>${n + 1}</id><profile>${noise(sizes[n % sizes.length]!)}</profile></label>\n`,
    );
    const dump = gzipSync(`<labels>\n${labelsXml(3000, 200)}${records.join('')}${labelsXml(3000, 200)}</labels>`, {
      level: 1,
    });
    expect(dump.length).toBeGreaterThan(500_000);
    const alone = await outcomeOf(chunksOf(dump, 100_000), { engine: 'strict' });
    expect(alone.records.length).toBe(6024);
    for (const workers of [0, 1, 2]) {
      expect(await outcomeOf(chunksOf(dump, 250_000), { engine: 'fast', workers })).toEqual(alone);
    }
  });
});
