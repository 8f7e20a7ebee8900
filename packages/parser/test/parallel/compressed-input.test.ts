import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ByteSource } from '../../src/input/byte-source.js';
import { CompressedInput, type CompressedInputOptions } from '../../src/parallel/compressed-input.js';

const MIB = 1024 * 1024;

/** Chunks whose bytes count up from the first chunk's beginning. */
const counting = (...sizes: number[]): ByteSource => {
  let at = 0;
  return {
    read: async () => {
      const size = sizes.shift();
      if (size === undefined) return undefined;
      const bytes = Uint8Array.from({ length: size }, (_, index) => (at + index) % 251);
      at += size;
      return bytes;
    },
    close: async () => {},
  };
};

const start = (source: ByteSource, options: Partial<CompressedInputOptions> = {}): CompressedInput =>
  CompressedInput.start({ source, first: new Uint8Array(0), maxAheadBytes: () => MIB, onChange: () => {}, ...options });

const settled = async (input: CompressedInput): Promise<void> => {
  for (let before = -1; before !== input.waiting; ) {
    before = input.waiting;
    for (let times = 0; times < 5; times++) await setImmediate();
  }
};

test('holds bytes in order until they are used', async () => {
  let changes = 0;
  const input = start(counting(10, MIB + 5, 7), {
    first: Uint8Array.of(1, 2, 3),
    maxAheadBytes: () => 10 * MIB,
    onChange: () => changes++,
  });
  await settled(input);
  expect([input.waiting, input.ended, input.failure]).toEqual([MIB + 25, true, undefined]);
  expect(changes).toBe(4);
  const bytes = Buffer.concat(input.share().bytes);
  expect([...bytes.subarray(0, 6)]).toEqual([1, 2, 3, 0, 1, 2]);
  expect(bytes.at(-1)).toBe((MIB + 21) % 251);
  input.use(MIB + 20);
  expect(Buffer.concat(input.share().bytes)).toEqual(bytes.subarray(MIB + 20));
});

test('reads no further ahead than maxAheadBytes', async () => {
  const input = start(counting(100, 100, 100, 100), { maxAheadBytes: () => 150 });
  await settled(input);
  expect(input.waiting).toBe(200);
  input.use(60);
  await settled(input);
  expect(input.waiting).toBe(240);
  input.stop();
});

test('reads further ahead if what waits is not enough', async () => {
  const input = start(counting(100, 100, 100, 100), { maxAheadBytes: () => 150 });
  await settled(input);
  input.readMoreThan(200);
  await settled(input);
  expect(input.waiting).toBe(300);
  input.stop();
});

test('reuses memory once all shares of it are released, and not before', async () => {
  const input = start(counting(MIB, MIB, MIB, MIB));
  await settled(input);
  const first = input.share();
  const again = input.share();
  const copy = Buffer.concat(first.bytes);
  input.use(MIB);
  first.release();
  await settled(input);
  const second = input.share();
  expect(Buffer.concat(again.bytes).equals(copy)).toBe(true);
  expect(second.bytes[0]!.buffer).not.toBe(first.bytes[0]!.buffer);
  again.release();
  input.use(MIB);
  await settled(input);
  expect(input.share().bytes[0]!.buffer).toBe(first.bytes[0]!.buffer);
});

test('reports a failure of the source after all bytes that came before it', async () => {
  const source: ByteSource = {
    ...counting(5),
    read: (() => {
      const { read } = counting(5);
      let reads = 0;
      return async () => {
        if (reads++ > 0) throw new Error('mine');
        return read();
      };
    })(),
  };
  const input = start(source, { maxAheadBytes: () => 100 });
  await settled(input);
  expect([input.waiting, input.ended]).toEqual([5, true]);
  expect(input.failure).toEqual({ error: new Error('mine') });
});
