import { readFileSync } from 'node:fs';

/** A row of a table in TYPED-RECORDS.md. */
export interface Row {
  element: string;
  field: string;
  type: string;
}

/** The tables of TYPED-RECORDS.md by the name of the type. */
export const readFieldTables = (): ReadonlyMap<string, readonly Row[]> => {
  const text = readFileSync(new URL('../../TYPED-RECORDS.md', import.meta.url), 'utf8');
  const tables = new Map<string, Row[]>();
  for (const section of text.split(/^#+ /m).slice(1)) {
    const name = section.slice(0, section.indexOf('\n')).trim();
    const rows = [...section.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|/gm)];
    if (rows.length > 0)
      tables.set(
        name,
        rows.map(([, element, field, type]) => ({ element: element!, field: field!, type: type! })),
      );
  }
  return tables;
};

/** The field of a typed record that an element or attribute becomes, and its type. */
export interface Place {
  field: string;
  type: string;
}

/** Follows the tables from a record's type to the field for a path below the record; `undefined` if there is none. */
export const placeOf = (
  tables: ReadonlyMap<string, readonly Row[]>,
  shape: string,
  path: string,
): Place | undefined => {
  for (const { element, field, type } of tables.get(shape) ?? []) {
    const part = tables.has(type.replace('[]', '')) ? type.replace('[]', '') : undefined;
    if (path === element && part === undefined) return { field, type };
    const rest =
      path === element ? '#text' : path.startsWith(`${element}/`) ? path.slice(element.length + 1) : undefined;
    if (part === undefined || rest === undefined) continue;
    const inner = placeOf(tables, part, rest);
    if (inner) return { field: `${field}${type.endsWith('[]') ? '[0]' : ''}.${inner.field}`, type: inner.type };
  }
  return undefined;
};
