import type { XmlObject, XmlValue } from '../record/types.js';
import { type Reading, tell } from './left-out.js';

/** Makes a field's value of what stands in the record: absent, `null`, text, an object, or an array where it repeats. */
export type Reader<T> = (value: XmlValue | undefined, reading: Reading) => T;

/** A field: the name (or names that mean the same) of what it is read from, and how. */
export type Field<T> = readonly [name: string | readonly string[], read: Reader<T>];

/** A shape's fields, in the order in which its objects have them. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

const isObject = (value: XmlValue | undefined): value is XmlObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first of an element that comes once; the others are told. */
const first = (value: XmlValue | undefined, reading: Reading): XmlValue | undefined => {
  if (!Array.isArray(value)) return value;
  for (const other of value.slice(1)) if (other !== null) tell(reading, 'repeated', other);
  return value[0];
};

/** Text; `undefined` where it is empty. */
export const text: Reader<string | undefined> = (value, reading) => {
  const one = first(value, reading);
  if (typeof one === 'string') return one === '' ? undefined : one;
  if (!isObject(one)) return undefined;
  tellUnknown(one, ['#text'], reading);
  return text(one['#text'], reading);
};

/** A whole number that is not negative. */
export const whole: Reader<number | undefined> = (value, reading) => {
  const digits = text(value, reading)?.trim();
  if (digits === undefined || digits === '') return undefined;
  const number = Number(digits);
  if (/^\d+$/.test(digits) && Number.isSafeInteger(number)) return number;
  tell(reading, 'unreadable', digits);
  return undefined;
};

/** A whole number where Discogs writes `0` for "none": ids and years. */
export const positive: Reader<number | undefined> = (value, reading) => whole(value, reading) || undefined;

/** `true` or `false`. */
export const flag: Reader<boolean | undefined> = (value, reading) => {
  const word = text(value, reading);
  if (word === undefined) return undefined;
  if (word === 'true') return true;
  if (word === 'false') return false;
  tell(reading, 'unreadable', word);
  return undefined;
};

/** An element with a shape of its own; a mere text is its `#text`. */
export const object = <T>(
  element: XmlValue,
  reading: Reading,
  fields: Fields<T>,
  ignored: readonly string[] = [],
): T => {
  const members: XmlObject = isObject(element) ? element : { '#text': element };
  const shape: Partial<T> = {};
  for (const field in fields) {
    const [name, read] = fields[field];
    shape[field] = readFirst(members, typeof name === 'string' ? [name] : name, read, reading);
  }
  if (reading.onLeftOut !== undefined) tellUnknown(members, [...namesOf(fields), ...ignored], reading);
  return shape as T;
};

const namesOf = <T>(fields: Fields<T>): string[] => Object.values<Field<unknown>>(fields).flatMap(([name]) => name);

/** What the first of the names gives; another that gives something else is told. */
const readFirst = <T>(members: XmlObject, names: readonly string[], read: Reader<T>, reading: Reading): T => {
  let found: T | undefined;
  for (const name of names) {
    reading.path.push(name);
    const value = read(members[name], reading);
    if (found === undefined) found = value;
    else if (value !== undefined && value !== found) tell(reading, 'repeated', members[name] as XmlValue);
    reading.path.pop();
  }
  return found as T;
};

/** An element with a shape of its own that may be missing. */
export const optional = <T>(value: XmlValue | undefined, reading: Reading, read: Reader<T>): T | undefined => {
  const one = first(value, reading);
  return isEmpty(one) ? undefined : read(one, reading);
};

/** An element's children of one name, the empty ones passed over. */
export const list = <T>(
  value: XmlValue | undefined,
  reading: Reading,
  name: string,
  read: Reader<T | undefined>,
): T[] => {
  const items: T[] = [];
  for (const container of everyOne(value)) {
    if (!isObject(container)) {
      tell(reading, 'unreadable', container);
      continue;
    }
    tellUnknown(container, [name], reading);
    reading.path.push(name);
    for (const item of everyOne(container[name])) {
      const made = read(item, reading);
      if (made !== undefined) items.push(made);
    }
    reading.path.pop();
  }
  return items;
};

/** All of an element that may repeat, but those that hold nothing. */
export const everyOne = (value: XmlValue | undefined): XmlValue[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is XmlValue => !isEmpty(one));

const isEmpty = (value: XmlValue | undefined): value is null | undefined | '' =>
  value === undefined || value === null || value === '';

/** Tells of members with none of the names. */
export const tellUnknown = (members: XmlObject, names: readonly string[], reading: Reading): void => {
  if (reading.onLeftOut === undefined) return;
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (!names.includes(name) && value !== undefined && value !== null) tell(reading, 'unknown', value, name);
  }
};
