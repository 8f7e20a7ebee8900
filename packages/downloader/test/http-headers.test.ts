import { describe, expect, it } from 'vitest';
import { parseContentLength, parseContentRange } from '../src/http/content-range.js';
import { parseRetryAfter } from '../src/http/retry-after.js';

const NOW = Date.parse('2026-01-31T12:00:00Z');

describe('parseRetryAfter', () => {
  it.each<[string | undefined, string | undefined, number | undefined]>([
    ['0', undefined, 0],
    [' 120 ', undefined, 120_000],
    ['3574', undefined, 3_574_000],
    ['99999999999999999999', undefined, Number.MAX_SAFE_INTEGER],
    ['Sat, 31 Jan 2026 12:00:30 GMT', undefined, 30_000],
    ['Saturday, 31-Jan-26 12:00:30 GMT', undefined, 30_000],
    ['Sat Jan 31 12:00:30 2026 GMT', undefined, 30_000],
    ['Sat, 31 Jan 2026 11:00:00 GMT', undefined, 0],
    ['Sat, 31 Jan 2026 15:00:30 GMT', 'Sat, 31 Jan 2026 15:00:00 GMT', 30_000],
    ['Sat, 31 Jan 2026 12:00:30 GMT', 'nonsense', 30_000],
    [undefined, undefined, undefined],
    ['', undefined, undefined],
    ['soon', undefined, undefined],
    ['-5', undefined, undefined],
    ['1.5', undefined, undefined],
    ['2026-01-31T12:00:30Z', undefined, undefined],
  ])('parses %j (server time %j) as %s', (value, date, expected) => {
    expect(parseRetryAfter(value, date, NOW)).toBe(expected);
  });
});

describe('parseContentRange', () => {
  it.each<[string | undefined, { start: number; size: number | undefined } | undefined]>([
    ['bytes 5-9/10', { start: 5, size: 10 }],
    ['bytes 5-9/*', { start: 5, size: undefined }],
    ['bytes */10', undefined],
    ['items 5-9/10', undefined],
    ['bytes -9/10', undefined],
    [undefined, undefined],
  ])('parses %j', (value, expected) => {
    expect(parseContentRange(value)).toEqual(expected);
  });

  it('has a counterpart for lengths that accepts whole numbers only', () => {
    expect([undefined, '', '12', ' 12 ', '-1', '1e3', '12, 12'].map(parseContentLength)).toEqual([
      undefined,
      undefined,
      12,
      12,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
