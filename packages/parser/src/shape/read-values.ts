import type { XmlObject, XmlValue } from '../record/types.js';
import { type ReadContext, reportDropped } from './dropped-value.js';

/**
 * Converts the raw value of a field: `undefined` if it is absent, `null`, text, an object, or an array if it repeats.
 */
export type Reader<T> = (value: XmlValue | undefined, context: ReadContext) => T;

/** A field: the raw name it is read from (or several names with the same meaning), and its reader. */
export type Field<T> = readonly [name: string | readonly string[], read: Reader<T>];

/** The fields of a typed record, in the order in which its objects have them. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

const isObject = (value: XmlValue | undefined): value is XmlObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first occurrence of an element that is expected once; reports the others as repeated. */
const first = (value: XmlValue | undefined, context: ReadContext): XmlValue | undefined => {
  if (!Array.isArray(value)) return value;
  for (const other of value.slice(1)) if (other !== null) reportDropped(context, 'repeated', other);
  return value[0];
};

/** Text; `undefined` if it is empty. */
export const text: Reader<string | undefined> = (value, context) => {
  const one = first(value, context);
  if (typeof one === 'string') return one === '' ? undefined : one;
  if (!isObject(one)) return undefined;
  reportUnknown(one, ['#text'], context);
  return text(one['#text'], context);
};

/** A whole number of at least 0. */
export const whole: Reader<number | undefined> = (value, context) => {
  const digits = text(value, context)?.trim();
  if (digits === undefined || digits === '') return undefined;
  const number = Number(digits);
  if (/^\d+$/.test(digits) && Number.isSafeInteger(number)) return number;
  reportDropped(context, 'unreadable', digits);
  return undefined;
};

/** A whole number for which Discogs writes `0` to mean "none": ids and years. */
export const positive: Reader<number | undefined> = (value, context) => whole(value, context) || undefined;

/** `true` or `false`. */
export const flag: Reader<boolean | undefined> = (value, context) => {
  const word = text(value, context);
  if (word === undefined) return undefined;
  if (word === 'true') return true;
  if (word === 'false') return false;
  reportDropped(context, 'unreadable', word);
  return undefined;
};

/** An element with fields of its own. Plain text counts as its `#text`. */
export const object = <T>(
  element: XmlValue,
  context: ReadContext,
  fields: Fields<T>,
  ignored: readonly string[] = [],
): T => {
  const members: XmlObject = isObject(element) ? element : { '#text': element };
  const typed: Partial<T> = {};
  for (const field in fields) {
    const [name, read] = fields[field];
    typed[field] = readFirst(members, typeof name === 'string' ? [name] : name, read, context);
  }
  if (context.onDropped !== undefined) reportUnknown(members, [...namesOf(fields), ...ignored], context);
  return typed as T;
};

const namesOf = <T>(fields: Fields<T>): string[] => Object.values<Field<unknown>>(fields).flatMap(([name]) => name);

/** The value of the first name that has one; reports a different value of another name as repeated. */
const readFirst = <T>(members: XmlObject, names: readonly string[], read: Reader<T>, context: ReadContext): T => {
  let found: T | undefined;
  for (const name of names) {
    context.path.push(name);
    const value = read(members[name], context);
    if (found === undefined) found = value;
    else if (value !== undefined && value !== found) reportDropped(context, 'repeated', members[name] as XmlValue);
    context.path.pop();
  }
  return found as T;
};

/** An element with fields of its own that may be missing. */
export const optional = <T>(value: XmlValue | undefined, context: ReadContext, read: Reader<T>): T | undefined => {
  const one = first(value, context);
  return isEmpty(one) ? undefined : read(one, context);
};

/** The children of one name in a list element, without the empty ones. */
export const list = <T>(
  value: XmlValue | undefined,
  context: ReadContext,
  name: string,
  read: Reader<T | undefined>,
): T[] => {
  const items: T[] = [];
  for (const container of nonEmpty(value)) {
    if (!isObject(container)) {
      reportDropped(context, 'unreadable', container);
      continue;
    }
    reportUnknown(container, [name], context);
    context.path.push(name);
    for (const child of nonEmpty(container[name])) {
      const item = read(child, context);
      if (item !== undefined) items.push(item);
    }
    context.path.pop();
  }
  return items;
};

/** All occurrences of an element, without the empty ones. */
export const nonEmpty = (value: XmlValue | undefined): XmlValue[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is XmlValue => !isEmpty(one));

const isEmpty = (value: XmlValue | undefined): value is null | undefined | '' =>
  value === undefined || value === null || value === '';

/** Reports each member whose name is not listed. */
export const reportUnknown = (members: XmlObject, names: readonly string[], context: ReadContext): void => {
  if (context.onDropped === undefined) return;
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (!names.includes(name) && value !== undefined && value !== null) reportDropped(context, 'unknown', value, name);
  }
};
