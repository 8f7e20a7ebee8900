import type { CanonicalBuffer } from './canonical-buffer.js';

/** Deeper values are taken for a cycle. Records are at most 1000 elements deep, and each can be in an array. */
const MAX_LEVELS = 4000;

/** Code units that sort differently by UTF-16 and by code points: surrogates and those above. */
const SORTS_DIFFERENTLY = /[\ud800-\uffff]/;

/** How `JSON.stringify` begins the escape of a lone surrogate. It can also be a backslash before `ud`. */
const SURROGATE_ESCAPE = '\\ud';

const HAS_LONE_SURROGATE = /\p{Surrogate}/u;

/** A name of members, and what is known of it. */
interface Name {
  /** As JSON, with a colon. */
  readonly json: string;
  readonly sortsDifferently: boolean;
}

/**
 * Writes a record in canonical JSON (CONVERSION.md, section 5). Members that are `undefined` are absent.
 *
 * @throws TypeError if it holds something that JSON cannot
 */
export const writeRecord = (record: object, to: CanonicalBuffer): void => {
  assertPlain(record, 'record');
  to.open();
  let members = '';
  for (const name of sortedNames(record)) {
    const value = (record as Record<string, unknown>)[name];
    if (value === undefined) continue;
    const member = memberJson(name, value);
    if (name !== 'id') {
      members = members === '' ? member : `${members},${member}`;
      continue;
    }
    if (members !== '') to.addText(members);
    members = '';
    addId(member, to);
  }
  if (members !== '') to.addText(members);
  to.close();
};

/** Adds the member `id`, as `memberJson` writes it. */
export const addId = (member: string, to: CanonicalBuffer): void => {
  const from = to.end;
  to.addText(member);
  to.markId(from);
};

/** A member without a comma. */
export const memberJson = (name: string, value: unknown): string => {
  const json = valueJson(value, name);
  if (json.includes(SURROGATE_ESCAPE)) assertWellFormed(value, name);
  return nameOf(name).json + json;
};

const valueJson = (value: unknown, path: string): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null) return 'null';
  if (isCanonical(value, 0)) {
    const json = JSON.stringify(value);
    if (!SORTS_DIFFERENTLY.test(json)) return json;
  }
  return write(value, path, 0);
};

/**
 * Whether `JSON.stringify` writes a value canonically, so that it need not be written piece by piece, except if names
 * sort differently by UTF-16 and by code points.
 */
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
const write = (value: unknown, path: string, level: number): string => {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || Number.isFinite(value)) {
    return JSON.stringify(value);
  }
  if (typeof value !== 'object') throw new TypeError(`${path} is ${kindOf(value)}, which JSON cannot hold`);
  if (level === MAX_LEVELS) throw new TypeError(`${path.slice(0, 60)}… is too deep, or contains itself`);
  if (Array.isArray(value)) {
    const items = Array.from(value, (item, index) => write(item, `${path}[${index}]`, level + 1));
    return `[${items.join(',')}]`;
  }
  assertPlain(value, path);
  const members: string[] = [];
  for (const name of sortedNames(value)) {
    const member = (value as Record<string, unknown>)[name];
    if (member === undefined) continue;
    members.push(nameOf(name).json + write(member, `${path}.${name}`, level + 1));
  }
  return `{${members.join(',')}}`;
};

/** The names of an object's members in canonical order. */
export const sortedNames = (value: object): string[] => {
  const all = Object.keys(value);
  for (let index = 1; index < all.length; index++) {
    if (compareNames(all[index - 1]!, all[index]!) > 0) return all.sort(compareNames);
  }
  return all;
};

/** Compares as UTF-8 bytes compare. */
export const compareNames = (one: string, other: string): number => {
  if (one === other) return 0;
  if (nameOf(one).sortsDifferently && nameOf(other).sortsDifferently) {
    return Buffer.compare(Buffer.from(one), Buffer.from(other));
  }
  return one < other ? -1 : 1;
};

/** The names seen last. There are few, unless a transform makes names of data. */
const names = new Map<string, Name>();
const MAX_NAMES = 1000;

const nameOf = (text: string): Name => {
  let name = names.get(text);
  if (name === undefined) {
    if (HAS_LONE_SURROGATE.test(text)) throw new TypeError(`the name ${JSON.stringify(text)} ${LONE_SURROGATE}`);
    if (names.size === MAX_NAMES) names.clear();
    name = { json: `${JSON.stringify(text)}:`, sortsDifferently: SORTS_DIFFERENTLY.test(text) };
    names.set(text, name);
  }
  return name;
};

const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** @throws TypeError if it is an object of a class */
export const assertPlain = (value: object, path: string): void => {
  if (!isPlain(value)) throw new TypeError(`${path} is ${kindOf(value)}, not a plain object`);
};

const LONE_SURROGATE = 'has half a character (a lone surrogate), which UTF-8 cannot hold';

const assertWellFormed = (value: unknown, path: string): void => {
  if (typeof value === 'string' && HAS_LONE_SURROGATE.test(value)) throw new TypeError(`${path} ${LONE_SURROGATE}`);
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
