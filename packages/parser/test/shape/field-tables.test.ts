import { EXCERPT_INVENTORY } from '@discogs-extractor/sample-dumps';
import { describe, expect, test } from 'vitest';
import { DATA_TYPES, type DataType } from '../../src/index.js';
import { placeOf, readFieldTables } from './field-tables.js';
import { recordOf, SHAPES, shapeOf } from './support.js';

/*
 * TYPED-RECORDS.md has a row for every element and attribute of the excerpts. Each test converts a record with one of
 * them and looks for the value in the field of its row.
 */

const tables = readFieldTables();

const SINCE_2025 = ['release/series/series/@id', 'release/series/series/@name', 'release/series/series/@catno'];

/** Elements that contain attributes alone. */
const WITHOUT_TEXT = /\/(images\/image|labels\/label|series\/series|identifiers\/identifier)$/;

/** Paths that have a value of their own, not just elements or attributes. */
const valuesOf = (type: DataType): string[] => {
  const paths = [...EXCERPT_INVENTORY[type], ...(type === 'releases' ? SINCE_2025 : [])];
  const holdsElements = (path: string): boolean =>
    paths.some((other) => other.startsWith(`${path}/`) && !other.startsWith(`${path}/@`));
  return paths.filter((path) => !holdsElements(path) && !WITHOUT_TEXT.test(path));
};

/** XML of a record with one value. Paths contain elements and attributes (`@name`). */
const xmlWith = (path: string, value: string): string => {
  const [record, ...names] = path.split('/');
  const within = ([name, ...rest]: string[], around: string): string => {
    if (name === undefined) return `<${around}>${value}</${around}>`;
    if (name.startsWith('@')) return `<${around} ${name.slice(1)}="${value}"/>`;
    return `<${around}>${within(rest, name)}</${around}>`;
  };
  return within(names, record!);
};

const SAMPLES: Readonly<Record<string, [written: string, read: unknown]>> = {
  string: ['a &amp; b', 'a & b'],
  'string[]': ['a &amp; b', ['a & b']],
  number: ['4711', 4711],
  boolean: ['true', true],
};

const at = (shape: object, field: string): unknown =>
  field
    .split(/[.[\]]+/)
    .filter((name) => name !== '')
    .reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], shape);

describe.each(DATA_TYPES)('%s', (type) => {
  test.each(valuesOf(type))('%s becomes the field that the table names', async (path) => {
    const found = placeOf(tables, SHAPES[type], path.slice(path.indexOf('/') + 1));
    expect(found, `TYPED-RECORDS.md has no row for ${path}`).toBeDefined();
    const { field, type: fieldType } = found!;
    const [written, read] = SAMPLES[fieldType]!;
    const { shape, dropped } = shapeOf(type, await recordOf(type, xmlWith(path, written)));
    expect(at(shape, field.replace('[]', '[0]'))).toEqual(read);
    expect(dropped).toEqual([]);
  });
});

test('each table has a row for every field, in the order of the fields', async () => {
  const full: Record<string, object> = {};
  for (const type of DATA_TYPES) {
    const { shape } = shapeOf(type, {});
    full[SHAPES[type]] = shape;
  }
  for (const [name, shape] of Object.entries(full)) {
    const fields = [...new Set(tables.get(name)!.map(({ field }) => field.replace(/\[\].*/, '')))];
    expect([name, fields]).toEqual([name, Object.keys(shape)]);
  }
});
