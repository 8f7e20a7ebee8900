import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileExpression } from '../../src/regex/expression.js';
import { ExpressionError } from '../../src/regex/expression-error.js';

/** What the crate `regex` 1.13 says about an expression: the texts that it matches and misses, or why it refuses it. */
interface Case {
  readonly pattern: string;
  readonly matches?: readonly string[];
  readonly misses?: readonly string[];
  readonly refused?: string;
}

const CASES = JSON.parse(readFileSync(new URL('rust-cases.json', import.meta.url), 'utf8')) as Case[];

/** Expressions that the crate takes and this package refuses: properties that JavaScript does not know. */
const REFUSED_HERE = ['\\p{age=3.0}', '\\p{gcb=CR}', '\\p{age=6.0}', '\\p{Grapheme_Cluster_Break=CR}'];
/** Expressions that are too large, for one of the two. */
const SIZES_DIFFER = ['\\w{1000}', '(a{200}){200}', '(?:){1000000000}'];

const verdict = (pattern: string, texts: readonly string[]): readonly string[] | 'refused' => {
  try {
    return texts.filter(compileExpression(pattern));
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError);
    return 'refused';
  }
};

test('reads every expression as Rust does, or refuses it', () => {
  expect(CASES.length).toBeGreaterThan(300);
  for (const { pattern, matches = [], misses = [], refused } of CASES) {
    if (REFUSED_HERE.includes(pattern) || SIZES_DIFFER.includes(pattern)) continue;
    const expected = refused === undefined ? matches : 'refused';
    expect([pattern, verdict(pattern, [...matches, ...misses])]).toEqual([pattern, expected]);
  }
});

test.each([...REFUSED_HERE, '(a{200}){200}', '(?:){1000000000}', '(((a{30}){30}){30}){30}', '('.repeat(300)])(
  'refuses %s',
  (pattern) => {
    expect(() => compileExpression(pattern)).toThrow(ExpressionError);
  },
);

test('takes time that is linear in the text', () => {
  // A backtracking engine takes 2^30 steps for these 60 characters.
  const text = 'a'.repeat(30);
  expect(compileExpression('^(a?){30}a{30}$')(text)).toBe(true);
  expect(compileExpression('^(a+)+$')(`${text}!`)).toBe(false);
  expect(compileExpression('(.*)(.*)(.*)(.*)(.*)[^a]$')('a'.repeat(100_000))).toBe(false);
});

test('forgets combinations of states that it has no memory for', () => {
  // Each text of 12 characters leads to another combination.
  const isMatch = compileExpression('[ab]*a[ab]{12}c');
  let state = 1;
  let text = '';
  for (let at = 0; at < 60_000; at++) {
    state = (state * 48_271) % 0x7fff_ffff;
    text += state & 64 ? 'a' : 'b';
  }
  expect(isMatch(text)).toBe(false);
  expect(isMatch(`${text}a${'b'.repeat(12)}c`)).toBe(true);
  expect(isMatch(`${text}b${'b'.repeat(12)}c`)).toBe(false);
});
