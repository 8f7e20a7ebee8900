import { getEventListeners } from 'node:events';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodeRecords, parseRecords, type ReadOptions } from '../src/index.js';
import { chunksOf } from './support/chunks.js';
import { artistsXml } from './support/dumps.js';

const xml = artistsXml(50_000);
const reason = new Error('stop it');

/** Yields some bytes and then hangs. */
const hanging = (bytes: Uint8Array): { source: AsyncIterable<Uint8Array>; returned: () => boolean } => {
  let returned = false;
  let given = false;
  return {
    returned: () => returned,
    source: {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          if (given) return new Promise<IteratorResult<Uint8Array>>(() => {});
          given = true;
          return Promise.resolve({ done: false, value: bytes });
        },
        return: () => {
          returned = true;
          return new Promise<IteratorResult<Uint8Array>>(() => {});
        },
      }),
    },
  };
};

describe.each([
  ['encodeRecords', encodeRecords],
  ['parseRecords', parseRecords],
])('%s', (_, read) => {
  const drain = async (source: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<void> => {
    for await (const _ of read(source, options));
  };

  test('a signal that has aborted already rejects the read', async () => {
    await expect(drain(chunksOf(xml, 1000), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test.each([
    ['plain', xml.subarray(0, 2_000_000)],
    ['gzip', gzipSync(xml).subarray(0, 60_000)],
    ['nothing yet', new Uint8Array(0)],
  ])('an abort ends a read whose input hangs: %s', async (_, bytes) => {
    const controller = new AbortController();
    const { source, returned } = hanging(bytes);
    const done = drain(source, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(done).rejects.toBe(reason);
    expect(returned()).toBe(true);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('an abort between two pulls ends the read', async () => {
    const controller = new AbortController();
    const records = read(chunksOf(xml, 10_000), { signal: controller.signal });
    let seen = 0;
    const run = async (): Promise<void> => {
      for await (const _ of records) {
        seen++;
        controller.abort(reason);
      }
    };
    await expect(run()).rejects.toBe(reason);
    expect(seen).toBeGreaterThan(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('a read that is not aborted leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    await drain(chunksOf(xml, 100_000), { signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
