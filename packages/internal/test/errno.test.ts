import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { errnoOf, isOutOfSpace, messageOf } from '../src/errno.js';

test('returns the code of a system error', async () => {
  const error: unknown = await readFile('/nowhere/at/all').catch((reason: unknown) => reason);
  expect(errnoOf(error)).toBe('ENOENT');
});

test.each([
  new Error('no code'),
  Object.assign(new Error('x'), { code: 7 }),
  { code: 'ENOENT' },
  'ENOENT',
  null,
  undefined,
])('returns undefined for anything else: %s', (value) => {
  expect(errnoOf(value)).toBeUndefined();
});

test('returns the text of whatever was thrown', () => {
  expect(messageOf(new Error('torn'))).toBe('torn');
  expect(messageOf(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  expect(messageOf(new AggregateError([]))).toBe('AggregateError');
  expect(messageOf('torn')).toBe('torn');
});

test('a full disk, an exceeded quota and an exceeded file size limit are out of space', () => {
  expect(['ENOSPC', 'EDQUOT', 'EFBIG'].every(isOutOfSpace)).toBe(true);
  expect(['EACCES', 'EIO', '', undefined].some(isOutOfSpace)).toBe(false);
});
