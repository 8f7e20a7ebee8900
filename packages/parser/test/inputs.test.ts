import { randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReadableStream } from 'node:stream/web';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DumpInput, encodeRecords, type ReadProgress } from '../src/index.js';
import { chunksOf } from './support/chunks.js';
import { artistsXml } from './support/dumps.js';
import { outcomeOf } from './support/outcome.js';

const xml = artistsXml(3000);
const gz = gzipSync(xml);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parser-'));
  writeFileSync(join(folder, 'a.xml'), xml);
  writeFileSync(join(folder, 'a.xml.gz'), gz);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const webStream = (bytes: Uint8Array, onCancel?: () => void): ReadableStream<Uint8Array> => {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.subarray(at, at + 5000));
      at += 5000;
    },
    cancel: onCancel ?? (() => {}),
  });
};

/** A web stream of another implementation, which is not iterable. */
const readerOnly = (stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> =>
  ({ getReader: () => stream.getReader() }) as unknown as ReadableStream<Uint8Array>;

const openFiles = (): number => readdirSync('/proc/self/fd').length;

describe('an input can be', () => {
  const inputs: [string, () => DumpInput][] = [
    ['a path', () => join(folder, 'a.xml')],
    ['a path to gzip', () => join(folder, 'a.xml.gz')],
    ['a URL', () => pathToFileURL(join(folder, 'a.xml.gz'))],
    ['a Node stream', () => createReadStream(join(folder, 'a.xml.gz'), { highWaterMark: 999 })],
    ['a web stream', () => webStream(gz)],
    ['a web stream that is not iterable', () => readerOnly(webStream(gz))],
    ['a Buffer', () => gz],
    ['a Uint8Array', () => new Uint8Array(xml)],
    ['an ArrayBuffer', () => new Uint8Array(gz).buffer],
    ['a Blob', () => new Blob([new Uint8Array(gz)])],
    ['a Response', () => new Response(new Uint8Array(gz), { headers: { 'content-length': String(gz.length) } })],
    ['the body of a Response', () => new Response(new Uint8Array(xml)).body!],
    ['an async iterable', () => chunksOf(xml, 1234)],
    ['an async iterable of single bytes', () => chunksOf(gz, 1)],
    [
      'several gzip members',
      () => chunksOf(Buffer.concat([gzipSync(xml.subarray(0, 777)), gzipSync(xml.subarray(777))]), 64),
    ],
    ['gzip with zeros after it', () => chunksOf(Buffer.concat([gz, Buffer.alloc(512)]), 4096)],
  ];

  test.each(inputs)('%s', async (_, input) => {
    const stream = encodeRecords(input());
    let count = 0;
    for await (const block of stream) {
      expect(block.firstRecord).toBe(count + 1);
      expect(block.dataType).toBe('artists');
      expect(block.id(0)).toBe(String(count + 1));
      count += block.count;
    }
    expect(count).toBe(3000);
    expect(stream.stats).toMatchObject({ records: 3000, complete: true, xmlBytes: xml.length, dataType: 'artists' });
  });
});

test('bytes in memory are left as they are, and may be shared by reads', async () => {
  const bytes = Buffer.from(xml);
  const outcomes = await Promise.all([outcomeOf(bytes, { workers: 2 }), outcomeOf(bytes), outcomeOf(bytes)]);
  for (const outcome of outcomes) expect(outcome.records).toHaveLength(3000);
  expect(bytes.equals(xml)).toBe(true);
});

test.each(['a.xml', 'a.xml.gz'])('an open file is read from its first byte, and left open (%s)', async (name) => {
  await using file = await open(join(folder, name));
  await file.read(Buffer.alloc(100), 0, 100, null);
  const outcomes = await Promise.all([outcomeOf(file, { workers: 2 }), outcomeOf(file)]);
  for (const { records } of outcomes) expect(records).toHaveLength(3000);
  expect((await file.stat()).isFile()).toBe(true);
});

test('what an open file rejects with is thrown as it is', async () => {
  const failure = new Error('mine');
  const stat = async () => ({ size: 1000, isFile: () => true });
  const reject = () => Promise.reject(failure);
  for (const file of [
    { read: reject, stat },
    { read: async () => ({ bytesRead: 0 }), stat: reject },
  ]) {
    await expect(encodeRecords(file)[Symbol.asyncIterator]().next()).rejects.toBe(failure);
  }
});

test('a response with an error status, or one that was read before, is SOURCE_UNREADABLE', async () => {
  expect((await outcomeOf(new Response(new Uint8Array(gz), { status: 404 }))).error).toBe('SOURCE_UNREADABLE');
  const read = new Response(new Uint8Array(gz));
  await read.arrayBuffer();
  expect((await outcomeOf(read)).error).toBe('SOURCE_UNREADABLE');
  expect((await outcomeOf(new Response(null, { status: 204 }))).error).toBe('EMPTY_INPUT');
});

test.each<[string, () => unknown, RegExp]>([
  ['a URL of the web', () => new URL('https://example.org/a.xml.gz'), /example\.org.*await fetch/],
  ['the same as text', () => 'https://example.org/a.xml.gz', /example\.org.*await fetch/],
  ['a URL of another machine', () => new URL('file://host/a.xml.gz'), /file:\/\/host\/a/],
  ['a promise', () => Promise.resolve(new Response(new Uint8Array(gz))), /promise: await it/],
  [
    'a response with a reader',
    () => {
      const response = new Response(new Uint8Array(gz));
      response.body!.getReader();
      return response;
    },
    /was read before/,
  ],
])('%s is SOURCE_UNREADABLE, and the error says what to do', async (_, input, message) => {
  const read = async () => {
    for await (const _ of encodeRecords(input() as never));
  };
  await expect(read()).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE', message: expect.stringMatching(message) });
});

test('ending a read of a response cancels its body', async () => {
  let cancelled = false;
  const body = webStream(Buffer.concat([xml, Buffer.alloc(4_000_000, ' ')]), () => {
    cancelled = true;
  });
  for await (const _ of encodeRecords(new Response(body as never), { limit: 1 }));
  expect(cancelled).toBe(true);
});

test.each([
  ['a file', () => join(folder, 'a.xml.gz'), true],
  ['bytes', () => gz, true],
  ['a blob', () => new Blob([new Uint8Array(gz)]), true],
  ['a stream', () => chunksOf(gz, 999), false],
] as const)('progress of %s grows up to the end, with skipped records too', async (_, input, isSized) => {
  for (const workers of [0, 1]) {
    const seen: ReadProgress[] = [];
    for await (const _ of encodeRecords(input(), { skip: 2000, workers, onProgress: (at) => seen.push(at) }));
    expect(seen.at(-1)).toEqual({
      sourceBytes: gz.length,
      sourceSize: isSized ? gz.length : undefined,
      xmlBytes: xml.length,
      records: 3000,
      malformed: 0,
    });
    for (const [index, at] of seen.entries()) {
      expect(at.records).toBeGreaterThanOrEqual(seen[index - 1]?.records ?? 0);
    }
  }
});

test('a missing file is SOURCE_UNREADABLE', async () => {
  const outcome = await outcomeOf(join(folder, 'none.xml.gz'));
  expect(outcome.error).toBe('SOURCE_UNREADABLE');
});

test('a folder is SOURCE_UNREADABLE', async () => {
  expect((await outcomeOf(folder)).error).toBe('SOURCE_UNREADABLE');
});

test('a stream of strings is SOURCE_UNREADABLE', async () => {
  async function* strings(): AsyncGenerator<Uint8Array> {
    yield '<artists/>' as unknown as Uint8Array;
  }
  expect((await outcomeOf(strings())).error).toBe('SOURCE_UNREADABLE');
});

test('anything else is SOURCE_UNREADABLE', async () => {
  expect((await outcomeOf(42 as unknown as string)).error).toBe('SOURCE_UNREADABLE');
});

test('an error of the input is thrown unchanged, after the records before it', async () => {
  const mine = new Error('line cut');
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield xml.subarray(0, 1000);
    throw mine;
  }
  let records = 0;
  const run = async (): Promise<void> => {
    for await (const block of encodeRecords(failing())) records += block.count;
  };
  await expect(run()).rejects.toBe(mine);
  expect(records).toBe(xml.subarray(0, 1000).toString().split('</artist>\n').length - 1);
});

describe('gzip', () => {
  // Random digits hardly compress, so the stream is long enough to be cut in different places.
  const noisy = Buffer.from(
    `<artists>\n${Array.from({ length: 4000 }, (_, index) => `<artist><id>${index + 1}</id><a>${randomBytes(40).toString('hex')}</a></artist>`).join('\n')}\n</artists>\n`,
  );
  const noisyGz = gzipSync(noisy);

  test('that is cut anywhere is TRUNCATED, after everything that can be gunzipped', async () => {
    for (const length of [
      2,
      5,
      10,
      11,
      100,
      5000,
      100_000,
      noisyGz.length - 9,
      noisyGz.length - 8,
      noisyGz.length - 1,
    ]) {
      const cut = noisyGz.subarray(0, length);
      const outcome = await outcomeOf(chunksOf(cut, 10_007));
      expect(outcome.error, `cut at ${length}`).toBe('TRUNCATED');
      const whole = gunzippedPart(cut);
      expect(outcome.records.length, `cut at ${length}`).toBe(whole.split('</artist>').length - 1);
    }
  });

  test('that is damaged is CORRUPT_GZIP, after the records before the damage, for chunks of any size', async () => {
    const damaged = Buffer.from(noisyGz);
    // The checksum, which is verified only at the end.
    damaged[damaged.length - 6]! ^= 0xff;
    const outcomes = await Promise.all([7, 4096, damaged.length].map((size) => outcomeOf(chunksOf(damaged, size))));
    for (const outcome of outcomes) {
      expect(outcome.error).toBe('CORRUPT_GZIP');
      expect(outcome.records.length).toBe(outcomes[0]!.records.length);
    }
  });

  test('with other data after it is CORRUPT_GZIP, after all records', async () => {
    const outcome = await outcomeOf(chunksOf(Buffer.concat([noisyGz, Buffer.from('more')]), 4096));
    expect(outcome.error).toBe('CORRUPT_GZIP');
    expect(outcome.records.length).toBe(4000);
  });

  test('that is cut after the root element is TRUNCATED, although nothing there is read', async () => {
    const whole = gzipSync(Buffer.concat([xml, Buffer.from('x'.repeat(1_000_000))]));
    const outcome = await outcomeOf(chunksOf(whole.subarray(0, whole.length - 8), 4096));
    expect(outcome.records.length).toBe(3000);
    expect(outcome.error).toBe('TRUNCATED');
  });

  const gunzippedPart = (cut: Buffer): string => {
    try {
      // Returns what there is, as if more were to come.
      return gunzipSync(cut, { finishFlush: 2 }).toString();
    } catch {
      return '';
    }
  };
});

describe('leaving early', () => {
  const manyXml = artistsXml(60_000);

  test('ends an async iterable', async () => {
    let ended = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* chunksOf(manyXml, 100_000);
      } finally {
        ended = true;
      }
    }
    for await (const block of encodeRecords(source())) {
      expect(block.count).toBeGreaterThan(0);
      break;
    }
    expect(ended).toBe(true);
  });

  test('cancels a web stream', async () => {
    let cancelled = 0;
    const stream = (): ReadableStream<Uint8Array> => webStream(manyXml, () => cancelled++);
    for await (const _ of encodeRecords(stream())) break;
    for await (const _ of encodeRecords(readerOnly(stream()))) break;
    expect(cancelled).toBe(2);
  });

  test('destroys a Node stream', async () => {
    const stream = createReadStream(join(folder, 'a.xml'), { highWaterMark: 10_000 });
    for await (const _ of encodeRecords(stream, { limit: 1 })) break;
    expect(stream.destroyed).toBe(true);
  });

  test('closes the file: after a break, an error, limit, and disposal', async () => {
    const path = join(folder, 'many.xml.gz');
    writeFileSync(path, gzipSync(manyXml));
    const before = openFiles();
    for await (const _ of encodeRecords(path)) break;
    await outcomeOf(path, { dataType: 'labels' });
    await outcomeOf(path, { limit: 10 });
    {
      await using stream = encodeRecords(path);
      await stream[Symbol.asyncIterator]().next();
    }
    expect(openFiles()).toBe(before);
  });

  test('closes the file after an error in the loop', async () => {
    const before = openFiles();
    const run = async (): Promise<void> => {
      for await (const _ of encodeRecords(join(folder, 'a.xml.gz'))) throw new Error('mine');
    };
    await expect(run()).rejects.toThrow('mine');
    expect(openFiles()).toBe(before);
  });

  test('closes the file after an error of a callback, which ends the read', async () => {
    const before = openFiles();
    const path = join(folder, 'stray.xml');
    writeFileSync(path, '<artists>stray<artist><id>1</id></artist></artists>');
    const run = async (): Promise<void> => {
      const onIrregularity = (): void => {
        throw new Error('mine');
      };
      for await (const _ of encodeRecords(path, { onIrregularity }));
    };
    await expect(run()).rejects.toThrow('mine');
    expect(openFiles()).toBe(before);
  });
});

test.each([
  [0, 3_000_000],
  // The blocks in flight, and the first one.
  [2, 12_500_000],
])('reads only a bounded amount ahead of the consumer, with %i workers', async (workers, maxBytes) => {
  const input = artistsXml(800_000);
  expect(input.length).toBeGreaterThan(2 * maxBytes);
  let pulled = 0;
  async function* source(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunksOf(input, 100_000)) {
      pulled += chunk.length;
      yield chunk;
    }
  }
  const blocks = encodeRecords(source(), { workers })[Symbol.asyncIterator]();
  await blocks.next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(pulled).toBeLessThan(maxBytes);
  await blocks.return?.();
});
