import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeRecords } from '../../src/index.js';
import { GunzipSource } from '../../src/input/gunzip-source.js';
import { openBytes } from '../../src/input/open-bytes.js';
import type { DumpInput } from '../../src/options.js';
import { chunksOf } from '../support/chunks.js';
import { expectSame } from '../support/expect-same.js';
import { outcomeOf } from '../support/outcome.js';

const SEED = 20260102;
const random = randomFrom(SEED);
const noise = (length: number): string => {
  const words = Uint32Array.from({ length: Math.ceil(length / 8) }, () => Math.floor(random() * 2 ** 32));
  return Buffer.from(words.buffer).toString('hex');
};

/** Text that compresses to about half. */
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

const open = async (input: DumpInput, signal?: AbortSignal): Promise<GunzipSource> =>
  new GunzipSource(await openBytes(input, signal), signal);

/** Reads everything and recycles each chunk's memory at once: chunks that were returned must not change later. */
const readAll = async (source: GunzipSource): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for (;;) {
    const chunk = await source.read();
    if (chunk === undefined) return Buffer.concat(parts);
    parts.push(Buffer.from(chunk));
    source.recycle(chunk.buffer as ArrayBuffer);
  }
};

describe('returns what zlib returns', () => {
  const sizes = [1000, 65_536, 100_003, 1_000_000, gz.length];
  test.each(sizes)('for chunks of %i bytes', async (size) => {
    const source = await open(chunksOf(gz, size));
    expect((await readAll(source)).equals(xml)).toBe(true);
    await source.close();
  });

  test('for a file', async () => {
    const source = await open(path);
    expect((await readAll(source)).equals(xml)).toBe(true);
    await source.close();
  });

  test('for several gzip members', async () => {
    const source = await open(chunksOf(Buffer.concat([gz, gz, gzipSync('end')]), 300_000));
    expect((await readAll(source)).equals(Buffer.concat([xml, xml, Buffer.from('end')]))).toBe(true);
    await source.close();
  });
});

test('returns what a slow stream has brought so far', async () => {
  async function* slowly(): AsyncGenerator<Uint8Array> {
    yield gz.subarray(0, 1_000_000);
    await new Promise(() => {});
  }
  const source = await open(slowly());
  // Everything in the first million bytes comes, although nothing follows.
  const expected = gunzipSync(gz.subarray(0, 1_000_000), { finishFlush: 2 }).length;
  let length = 0;
  while (length < expected - 1000) length += (await source.read())!.length;
  await source.close();
});

test('the event loop runs between chunks', async () => {
  const source = await open(chunksOf(gz, gz.length));
  let turns = 0;
  let reading = true;
  const count = (): void => {
    turns++;
    if (reading) setImmediate(count);
  };
  setImmediate(count);
  await readAll(source);
  reading = false;
  expect(turns).toBeGreaterThanOrEqual(Math.floor(xml.length / (1024 * 1024)));
  await source.close();
});

test('an abort is noticed between chunks, although all of the input is available', async () => {
  const controller = new AbortController();
  const source = await open(chunksOf(gz, gz.length), controller.signal);
  let chunks = 0;
  const read = async (): Promise<void> => {
    for (;;) {
      if ((await source.read()) === undefined) return;
      chunks++;
      if (chunks === 2) setImmediate(() => controller.abort(new Error('mine')));
    }
  };
  await expect(read()).rejects.toThrow('mine');
  expect(chunks).toBeLessThan(4);
  await source.close();
});

test('two sources that are read alternately do not disturb each other', async () => {
  const first = await open(chunksOf(gz, 100_000));
  const second = await open(chunksOf(gz, 70_001));
  const both = await Promise.all([readAll(first), readAll(second)]);
  for (const each of both) expect(each.equals(xml)).toBe(true);
  await first.close();
  await second.close();
});

test('closing in the middle ends a read that waits for input', async () => {
  async function* hanging(): AsyncGenerator<Uint8Array> {
    yield gz.subarray(0, 100_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const source = await open(hanging());
  const read = readAll(source);
  await source.close();
  await source.close();
  expect((await read).length).toBeLessThan(xml.length);
});

describe('faults come after everything before them', () => {
  const recordsIn = (part: Buffer): number => part.toString().split('</label>').length - 1;

  test('if the stream ends early', async () => {
    const cut = gz.subarray(0, 2_345_678);
    const whole = recordsIn(gunzipSync(cut, { finishFlush: 2 }));
    for (const workers of [0, 1, 2]) {
      const outcome = await outcomeOf(chunksOf(cut, 100_000), { workers });
      expect([outcome.error, outcome.records.length]).toEqual(['TRUNCATED', whole]);
    }
  });

  test('if the stream is damaged', async () => {
    const damaged = Buffer.from(gz);
    damaged.fill(0xff, 2_000_000, 2_000_100);
    const outcomes = await Promise.all(
      [0, 1, 2].flatMap((workers) =>
        [99_999, 1_000_000].map((size) => outcomeOf(chunksOf(damaged, size), { workers })),
      ),
    );
    for (const outcome of outcomes) {
      expect(outcome.error).toBe('CORRUPT_GZIP');
      expect(outcome.records.length).toBeGreaterThan(5000);
      expectSame(outcome, outcomes[0]!);
    }
  });

  test('if the input fails', async () => {
    const mine = new Error('mine');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(gz.subarray(0, 2_000_000), 100_000);
      throw mine;
    }
    const whole = recordsIn(gunzipSync(gz.subarray(0, 2_000_000), { finishFlush: 2 }));
    for (const workers of [0, 1, 2]) {
      let records = 0;
      const run = async (): Promise<void> => {
        for await (const block of encodeRecords(failing(), { workers })) records += block.count;
      };
      await expect(run()).rejects.toBe(mine);
      expect(records).toBe(whole);
    }
  });
});

describe('records across the borders of chunks', () => {
  test.each([
    ['much smaller than a chunk', 12, [100, 30_000, 60_000]],
    ['of up to a fifth of a chunk', 12, [70_000, 200_000, 500]],
    ['larger than a chunk', 5, [1_500_000, 300, 2_200_000]],
  ])('%s', async (_, count, sizes) => {
    const records = Array.from(
      { length: count },
      (_, n) => `<label><id>${n + 1}</id><profile>${noise(sizes[n % sizes.length]!)}</profile></label>\n`,
    );
    const dump = gzipSync(`<labels>\n${labelsXml(3000, 200)}${records.join('')}${labelsXml(3000, 200)}</labels>`, {
      level: 1,
    });
    expect(dump.length).toBeGreaterThan(500_000);
    const alone = await outcomeOf(chunksOf(dump, 100_000), { engine: 'strict' });
    expect(alone.records.length).toBe(6000 + count);
    for (const workers of [0, 1, 2]) {
      expectSame(await outcomeOf(chunksOf(dump, 250_000), { engine: 'fast', workers }), alone);
    }
  });
});
