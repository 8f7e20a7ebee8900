import { type KnownPath, knownFormat } from '@discogs-extractor/parser';
import { describe, expect, it } from 'vitest';
import { type FieldKind, kindOfField, namesAfter } from '../../src/rules-file/known-fields.js';

/*
 * The rules' table of fields says the same as the parser's table of the known format. It is a table of its own, because
 * the packages do not depend on each other.
 */

const TYPES = ['artists', 'labels', 'masters', 'releases'] as const;
/** `sub_tracks/track/sub_tracks` is `sub_tracks` again. */
const MAX_STEPS = 8;

/** Paths without the record's own name, with what dumps of any year have had there. */
const knownKinds = (rows: readonly KnownPath[]): Map<string, FieldKind> => {
  const kinds = new Map<string, FieldKind>();
  const parents = new Set(rows.map(({ path }) => path.slice(0, path.lastIndexOf('/'))));
  for (const { path, holds } of rows) {
    const field = path.split('/').slice(1).join('/');
    if (field === '') continue;
    const hasMembers = rows.some((other) => other.path.startsWith(`${path}/`) && !other.path.startsWith(`${path}/@`));
    const isText = path.includes('@') || holds.includes('text') || !(hasMembers || parents.has(path));
    if (isText || kinds.get(field) === undefined) kinds.set(field, isText ? 'text' : 'elements');
  }
  return kinds;
};

const everyField = (type: (typeof TYPES)[number], path: string[] = []): string[][] =>
  path.length > MAX_STEPS
    ? []
    : namesAfter(type, path).flatMap((name) => [[...path, name], ...everyField(type, [...path, name])]);

describe.each(TYPES)('the fields of %s', (type) => {
  const kinds = knownKinds(knownFormat(type));

  it('are those of the known format, and of the same kind', () => {
    const own = Object.fromEntries([...kinds.keys()].map((field) => [field, kindOfField(type, field.split('/'))]));
    expect(own).toEqual(Object.fromEntries(kinds));
  });

  it('are no others', () => {
    const unfolded = (field: string): string => field.replaceAll(/(\/sub_tracks\/track)+/g, '/sub_tracks/track');
    const others = everyField(type)
      .map((path) => path.filter((name) => name !== '#text').join('/'))
      .map((field) => unfolded(field).replace(/\/sub_tracks\/track\/sub_tracks$/, '/sub_tracks'))
      .filter((field) => !kinds.has(field));
    expect([...new Set(others)]).toEqual([]);
  });
});
