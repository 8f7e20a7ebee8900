import type { XmlObject, XmlValue } from '../record/types.js';

/** The fields to keep, as a tree of names. A node without children stands for all that is below it. */
export type FieldTree = ReadonlyMap<string, FieldTree>;

/** Separates the names of a field. */
export const FIELD_SEPARATOR = '.';

const ALL: FieldTree = new Map();

/** The tree of fields such as `labels.label.@name`. */
export const fieldTreeOf = (fields: readonly string[]): FieldTree => {
  const paths = fields.map((field) => field.split(FIELD_SEPARATOR));
  return treeOf(paths);
};

const treeOf = (paths: readonly (readonly string[])[]): FieldTree => {
  if (paths.some(({ length }) => length === 0)) return ALL;
  const below = new Map<string, string[][]>();
  for (const [name, ...rest] of paths) below.set(name!, [...(below.get(name!) ?? []), rest]);
  return new Map([...below].map(([name, rests]) => [name, treeOf(rests)]));
};

/** Deletes the members that are not in the tree. A value that is not an object has no members and stays. */
export const keepFields = (value: XmlValue, tree: FieldTree): void => {
  if (tree.size === 0 || value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (const item of value) keepFields(item, tree);
    return;
  }
  const object: XmlObject = value;
  for (const name of Object.keys(object)) {
    const inside = tree.get(name);
    if (inside === undefined) delete object[name];
    else keepFields(object[name]!, inside);
  }
};
