/** A value of a record, as JSON holds it. */
export type Value = unknown;

export interface RecordObject {
  [name: string]: Value;
}

/** The names of a path, such as `genres.genre`. */
export type Path = readonly PathPart[];

interface PathPart {
  readonly name: string;
  /** The element of an array that the part picks. `undefined`: all of them. */
  readonly index: number | undefined;
}

export const parsePath = (field: string): Path =>
  field.split('.').map((name) => ({ name, index: /^[0-9]+$/.test(name) ? Number(name) : undefined }));

export const isObject = (value: Value): value is RecordObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns a member of its own, which `constructor` is not. */
export const memberOf = (object: RecordObject, name: string): Value => {
  const value = object[name];
  return value === undefined || typeof value === 'string' || Object.hasOwn(object, name) ? value : undefined;
};

/**
 * Returns the texts at a path: the text itself if it is the only one, as it is in most records. There are none if it
 * returns `undefined`.
 */
export const textsAt = (record: RecordObject, path: Path): string | readonly string[] | undefined => {
  let value: Value = record;
  for (let depth = 0; depth < path.length; depth++) {
    if (!isObject(value)) {
      if (!Array.isArray(value)) return undefined;
      return allTexts(value, path, depth);
    }
    value = memberOf(value, path[depth]!.name);
  }
  if (typeof value === 'string' || value === undefined) return value;
  return value === null ? '' : allTexts(value, path, path.length);
};

const allTexts = (value: Value, path: Path, depth: number): readonly string[] | undefined => {
  const texts: string[] = [];
  addTexts(value, path, texts, depth);
  return texts.length === 0 ? undefined : texts;
};

/**
 * Adds the texts at a path to a list: strings, numbers as text, and empty texts for `null`. Arrays on the way and at the
 * end stand for their elements. Objects and booleans have no text.
 */
const addTexts = (value: Value, path: Path, texts: string[], depth: number): void => {
  if (Array.isArray(value)) {
    const index = path[depth]?.index;
    if (index !== undefined) addTexts(value[index], path, texts, depth + 1);
    else for (const element of value) addTexts(element, path, texts, depth);
  } else if (depth < path.length) {
    if (isObject(value)) addTexts(memberOf(value, path[depth]!.name), path, texts, depth + 1);
  } else if (typeof value === 'string') texts.push(value);
  else if (value === null) texts.push('');
  else if (typeof value === 'number') texts.push(String(value));
};

/** Returns the object that holds the last member of a path. Arrays on the way do not stand for their elements. */
export const findParent = (record: RecordObject, path: Path): RecordObject | undefined => {
  let value: Value = record;
  for (const { name, index } of path.slice(0, -1)) {
    if (Array.isArray(value)) value = index === undefined ? undefined : value[index];
    else value = isObject(value) ? memberOf(value, name) : undefined;
  }
  return isObject(value) ? value : undefined;
};
