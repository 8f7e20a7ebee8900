import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { GZIP_MAGIC_BYTES, isGzip } from '../src/gzip-magic.js';

test('recognises a gzip stream by its first bytes', () => {
  const bytes = gzipSync('text');
  expect(isGzip(bytes)).toBe(true);
  expect(isGzip(bytes.subarray(0, GZIP_MAGIC_BYTES))).toBe(true);
});

test('rejects XML, a zlib stream, and too few bytes', () => {
  for (const bytes of [Buffer.from('<a/>'), Buffer.of(0x78, 0x9c), Buffer.of(0x1f), Buffer.alloc(0)]) {
    expect(isGzip(bytes)).toBe(false);
  }
});
