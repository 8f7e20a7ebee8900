/** A record as JSON. */
export interface WrittenRecord {
  /** The whole record in canonical JSON. */
  canonicalJson: string;
  /** Its members without `id`, each preceded by a comma. */
  rest: string;
}

/** Deeper values are taken for a cycle. Records are at most 1000 elements deep, and each can be in an array. */
const MAX_LEVELS = 4000;

/** Code units that sort differently by UTF-16 and by code points: surrogates and those above. */
const SORTS_DIFFERENTLY = /[\ud800-\uffff]/;

/** A lone surrogate, as `JSON.stringify` escapes it; or a backslash before `ud`. */
const LONE_SURROGATE = '\\ud';

/**
 * Writes a transformed record in canonical JSON (CONVERSION.md, section 5). Members that are `undefined` are absent.
 *
 * @throws TypeError if it holds something that JSON cannot
 */
export const writeRecord = (record: object): WrittenRecord => {
  const written = writeMembers(record, false);
  const { canonicalJson } = written;
  if (canonicalJson.includes(LONE_SURROGATE)) assertWellFormed(record, 'record');
  return SORTS_DIFFERENTLY.test(canonicalJson) ? writeMembers(record, true) : written;
};

/** @param isCareful - whether names may sort differently by UTF-16 and by code points */
const writeMembers = (record: object, isCareful: boolean): WrittenRecord => {
  assertPlain(record, 'record');
  let before = '';
  let id = '';
  let after = '';
  for (const name of sortedNames(record, isCareful)) {
    const value = (record as Record<string, unknown>)[name];
    if (value === undefined) continue;
    const member = `,${nameJson(name)}${valueJson(value, name, isCareful)}`;
    if (name === 'id') id = member;
    else if (id === '') before += member;
    else after += member;
  }
  return { canonicalJson: `{${`${before}${id}${after}`.slice(1)}}`, rest: before + after };
};

const valueJson = (value: unknown, path: string, isCareful: boolean): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null) return 'null';
  return !isCareful && isCanonical(value, 0) ? JSON.stringify(value) : write(value, path, isCareful, 0);
};

/** Whether `JSON.stringify` writes a value canonically, so that it need not be written piece by piece. */
const isCanonical = (value: unknown, level: number): boolean => {
  if (typeof value === 'string' || value === null) return true;
  if (typeof value !== 'object' || level === MAX_LEVELS) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isCanonical(value[index], level + 1)) return false;
    return true;
  }
  if (!isPlain(value)) return false;
  let last = '';
  for (const name in value) {
    // An empty name is not greater than the first `last`, and is written by `write`.
    if (!(name > last) || !isCanonical((value as Record<string, unknown>)[name], level + 1)) return false;
    last = name;
  }
  return true;
};

/** Writes any value piece by piece, and fails on what JSON cannot hold. */
const write = (value: unknown, path: string, isCareful: boolean, level: number): string => {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || Number.isFinite(value)) {
    return JSON.stringify(value);
  }
  if (typeof value !== 'object') throw new TypeError(`${path} is ${kindOf(value)}, which JSON cannot hold`);
  if (level === MAX_LEVELS) throw new TypeError(`${path.slice(0, 60)}… is too deep, or contains itself`);
  if (Array.isArray(value)) {
    const items = Array.from(value, (item, index) => write(item, `${path}[${index}]`, isCareful, level + 1));
    return `[${items.join(',')}]`;
  }
  assertPlain(value, path);
  const members: string[] = [];
  for (const name of sortedNames(value, isCareful)) {
    const member = (value as Record<string, unknown>)[name];
    if (member === undefined) continue;
    members.push(`${nameJson(name)}${write(member, `${path}.${name}`, isCareful, level + 1)}`);
  }
  return `{${members.join(',')}}`;
};

const sortedNames = (value: object, isCareful: boolean): string[] => {
  const names = Object.keys(value);
  if (isCareful) return names.sort(byCodePoints);
  for (let index = 1; index < names.length; index++) {
    if (names[index - 1]! > names[index]!) return names.sort();
  }
  return names;
};

/** As UTF-8 bytes sort. */
const byCodePoints = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

/** The names seen last, as JSON with a colon. There are few, unless a transform makes names of data. */
const names = new Map<string, string>();
const MAX_NAMES = 1000;

const nameJson = (name: string): string => {
  let json = names.get(name);
  if (json === undefined) {
    if (names.size === MAX_NAMES) names.clear();
    json = `${JSON.stringify(name)}:`;
    names.set(name, json);
  }
  return json;
};

const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const assertPlain = (value: object, path: string): void => {
  if (!isPlain(value)) throw new TypeError(`${path} is ${kindOf(value)}, not a plain object`);
};

const HAS_LONE_SURROGATE = /\p{Surrogate}/u;

const assertWellFormed = (value: unknown, path: string): void => {
  if (typeof value === 'string' && HAS_LONE_SURROGATE.test(value)) {
    throw new TypeError(`${path} has half a character (a lone surrogate), which UTF-8 cannot hold`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    assertWellFormed(name, `a name in ${path}`);
    assertWellFormed(member, `${path}.${name}`);
  }
};

/** What a value is, for an error message. */
export const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return `an object of class ${value.constructor?.name ?? 'unknown'}`;
  return typeof value === 'number' ? `the number ${value}` : `a ${typeof value}`;
};
