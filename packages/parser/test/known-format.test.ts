import { readFileSync } from 'node:fs';
import { EXCERPT_INVENTORY } from '@discogs-extractor/sample-dumps';
import { describe, expect, test } from 'vitest';
import { SHAPES_DOCUMENT, shapesDocument } from '../scripts/shapes-document.js';
import { DATA_TYPES, knownFormat } from '../src/index.js';

test('SHAPES.md is up to date: run `npm run shapes`', () => {
  expect(readFileSync(SHAPES_DOCUMENT, 'utf8')).toBe(shapesDocument());
});

describe.each(DATA_TYPES)('the known format of %s', (dataType) => {
  const rows = knownFormat(dataType);
  const at = (month: string) =>
    rows.filter(({ since = '', until = '9999' }) => since <= month && month < until).map(({ path }) => path);

  test('has every path of the real dump of 2020-08, and no other', () => {
    expect(at('2020-08').sort()).toEqual([...EXCERPT_INVENTORY[dataType]].sort());
  });

  test('has one form of a path at a time, and each after its parent', () => {
    const months = [...new Set(rows.flatMap(({ since, until }) => [since ?? '2008', until ?? '2026-12']))];
    for (const month of months) {
      const paths = at(month);
      expect(new Set(paths).size).toBe(paths.length);
      for (const [index, path] of paths.entries()) {
        const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
        if (parent !== '') expect(paths.indexOf(parent), `${path} in ${month}`).toBeGreaterThanOrEqual(0);
        if (parent !== '') expect(paths.indexOf(parent)).toBeLessThan(index);
      }
    }
  });
});
