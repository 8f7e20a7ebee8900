import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bindingMatchOf, topicMatches } from '../src/topology/binding-match.js';

describe('a binding key', () => {
  it.each([
    ['artists', 'artists', true],
    ['artists', 'artist', false],
    ['#', 'a.b.c', true],
    ['#', '', true],
    ['*', 'a', true],
    ['*', 'a.b', false],
    ['*', '', true],
    ['a.*', 'a', false],
    ['a.#', 'a', true],
    ['a.#', 'a.b.c', true],
    ['#.c', 'a.b.c', true],
    ['a.#.c', 'a.c', true],
    ['a.#.c', 'a.b.b.c', true],
    ['a.#.c', 'a.b.b', false],
    ['*.*', 'a.b', true],
    ['#.*', 'a', true],
    ['a.*.#', 'a', false],
    ['', '', true],
    ['', 'a', false],
  ])('%j matches %j: %j', (pattern, key, expected) => {
    expect(topicMatches(pattern, key)).toBe(expected);
  });

  it('agrees with an equivalent regular expression', () => {
    const word = fc.constantFrom('a', 'b', '');
    const part = fc.constantFrom('a', 'b', '*', '#');
    const words = fc.array(word, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), words, (parts, keyWords) => {
        // Each word with its dot in front, so that `#` means "any number of these".
        const source = parts
          .map((it) => (it === '#' ? '(?:\\.[^.]*)*' : it === '*' ? '\\.[^.]*' : `\\.${it}`))
          .join('');
        const expected = new RegExp(`^${source}$`).test(`.${keyWords.join('.')}`);
        return topicMatches(parts.join('.'), keyWords.join('.')) === expected;
      }),
      { numRuns: 2_000 },
    );
  });

  it('follows the rules of the other exchange types', () => {
    expect(bindingMatchOf('direct')?.('#', 'a')).toBe(false);
    expect(bindingMatchOf('fanout')?.('x', 'a')).toBe(true);
    expect(bindingMatchOf('headers')).toBeUndefined();
  });
});
