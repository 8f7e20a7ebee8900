import { describe, expect, test } from 'vitest';
import { MAX_TIMER_MS } from '../src/abort.js';
import { createOptionChecks, type OptionChecks } from '../src/option-checks.js';

class TestError extends Error {}

const checks: OptionChecks = createOptionChecks((message) => new TestError(message));

const failure = (check: () => unknown): string => {
  try {
    check();
  } catch (error) {
    if (error instanceof TestError) return error.message;
    throw error;
  }
  throw new Error('the check did not fail');
};

interface Options {
  readonly size?: number;
  readonly name?: string;
}

const KNOWN = { size: true, name: true } as const;

describe('object', () => {
  test('returns the object if it has only known options', () => {
    const options: Options = { size: 1 };
    expect(checks.object('', options, KNOWN)).toBe(options);
    expect(checks.object('', { anything: 1 })).toEqual({ anything: 1 });
  });

  test('names an unknown option, its path, and the known ones', () => {
    expect(failure(() => checks.object('', { sizes: 1 } as Options, KNOWN))).toBe(
      'Unknown option "sizes"; expected one of size, name',
    );
    expect(failure(() => checks.object('inner', { toString: 1 } as unknown as Options, KNOWN))).toContain(
      '"inner.toString"',
    );
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['text', '"text"'],
    [[], 'an array'],
  ])('rejects %j', (value, shown) => {
    expect(failure(() => checks.object('', value as never))).toBe(`options must be an object, got ${shown}`);
    expect(failure(() => checks.object('inner', value as never))).toBe(`inner must be an object, got ${shown}`);
  });
});

describe('numbers', () => {
  test('within their bounds are returned', () => {
    expect(checks.wholeNumber('size', 0, { min: 0 })).toBe(0);
    expect(checks.wholeNumber('size', 9, { min: 1, max: 9 })).toBe(9);
    expect(checks.finiteNumber('share', 0.5, { min: 0, max: 1 })).toBe(0.5);
    expect(checks.durationMs('delayMs', MAX_TIMER_MS)).toBe(MAX_TIMER_MS);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null, undefined])(
    '%s is not a whole number of at least 0',
    (value) => {
      const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
      expect(failure(() => checks.wholeNumber('size', value, { min: 0 }))).toBe(
        `size must be a whole number of at least 0, got ${shown}`,
      );
    },
  );

  test('outside their bounds are rejected', () => {
    expect(failure(() => checks.wholeNumber('size', 10, { min: 1, max: 9 }))).toBe(
      'size must be a whole number from 1 to 9, got 10',
    );
    expect(failure(() => checks.finiteNumber('share', -0.1, { min: 0 }))).toContain('a number of at least 0');
    expect(failure(() => checks.durationMs('delayMs', MAX_TIMER_MS + 1))).toContain(`from 0 to ${MAX_TIMER_MS}`);
  });
});

test('other types are returned if they are right', () => {
  const { signal } = new AbortController();
  const list = [1];
  expect(checks.boolean('flag', false)).toBe(false);
  expect(checks.text('name', '')).toBe('');
  expect(checks.list('files', list)).toBe(list);
  expect(checks.oneOf('mode', 'a', ['a', 'b'])).toBe('a');
  expect(checks.optionalFunction('onEvent', failure)).toBe(failure);
  expect(checks.optionalFunction('onEvent', undefined)).toBeUndefined();
  expect(checks.optionalSignal('signal', signal)).toBe(signal);
  expect(checks.optionalSignal('signal', undefined)).toBeUndefined();
});

test('other types are rejected with what was expected and what was given', () => {
  expect(failure(() => checks.boolean('flag', 1))).toBe('flag must be true or false, got 1');
  expect(failure(() => checks.text('name', failure))).toBe('name must be a string, got a function');
  expect(failure(() => checks.list('files', {} as never))).toBe('files must be an array, got an object');
  expect(failure(() => checks.oneOf('mode', 'c', ['a', 'b']))).toBe('mode must be one of a, b, got "c"');
  expect(failure(() => checks.optionalFunction('onEvent', null as never))).toBe('onEvent must be a function, got null');
  expect(failure(() => checks.optionalSignal('signal', new AbortController()))).toBe(
    'signal must be an AbortSignal, got an object',
  );
});

test('long values are shortened in messages', () => {
  const message = failure(() => checks.oneOf('mode', 'x'.repeat(10_000), ['a']));
  expect(message.length).toBeLessThan(120);
  expect(message).toContain('x…"');
});
