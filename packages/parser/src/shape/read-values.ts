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
  for (let index = 1; index < value.length; index++) {
    if (value[index] !== null) reportDropped(context, 'repeated', value[index]!);
  }
  return value[0];
};

/** Text; `undefined` if it is empty. */
export const text: Reader<string | undefined> = (value, context) => {
  const one = typeof value === 'string' ? value : first(value, context);
  if (typeof one === 'string') return one === '' ? undefined : one;
  if (!isObject(one)) return undefined;
  reportUnknown(one, ['#text'], context);
  return text(one['#text'], context);
};

/** A whole number of at least 0. */
export const whole: Reader<number | undefined> = (value, context) => {
  const given = text(value, context);
  if (given === undefined) return undefined;
  const short = shortNumber(given);
  if (short !== undefined) return short;
  const digits = given.trim();
  if (digits === '') return undefined;
  const number = Number(digits);
  if (/^\d+$/.test(digits) && Number.isSafeInteger(number)) return number;
  reportDropped(context, 'unreadable', digits);
  return undefined;
};

const ZERO = 0x30;
const NINE = 0x39;

/** Digits are certainly a safe integer up to this length. */
const MAX_SHORT_LENGTH = 15;

/** The number that is nothing but a few digits, which is faster to find out without a regular expression. */
const shortNumber = (digits: string): number | undefined => {
  if (digits.length > MAX_SHORT_LENGTH) return undefined;
  let number = 0;
  for (let index = 0; index < digits.length; index++) {
    const code = digits.charCodeAt(index);
    if (code < ZERO || code > NINE) return undefined;
    number = 10 * number + code - ZERO;
  }
  return number;
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
  const layout = layoutOf(fields);
  if (context.onDropped === undefined) return layout.make(members, context) as T;
  const { names } = layout;
  const typed = makeSlowly(layout, members, context);
  reportUnknown(members, [...names.flat(), ...ignored], context);
  return typed as T;
};

/** Makes a typed object of an element's members. */
type MakeObject = (members: XmlObject, context: ReadContext) => object;

/** What `Fields` say, prepared. */
interface Layout {
  readonly fields: readonly string[];
  /** Of each field. */
  readonly names: readonly (string | readonly string[])[];
  readonly reads: readonly Reader<unknown>[];
  /** Without reports of what is dropped. */
  make: MakeObject;
}

/** A function for a layout costs as much as some hundred objects. */
const MIN_MADE = 100;

/** The property of `Fields` that their layout is kept in: a map would be slower. */
const LAYOUT = Symbol('layout');

const layoutOf = (fields: { readonly [LAYOUT]?: Layout }): Layout => {
  const known = fields[LAYOUT];
  if (known !== undefined) return known;
  const all = Object.values<Field<unknown>>(fields as Record<string, Field<unknown>>);
  let made = 0;
  const layout: Layout = {
    fields: Object.keys(fields),
    names: all.map(([name]) => name),
    reads: all.map(([, read]) => read),
    make: (members, context) => {
      made++;
      if (made === MIN_MADE) layout.make = compile(layout) ?? layout.make;
      return makeSlowly(layout, members, context);
    },
  };
  Object.defineProperty(fields, LAYOUT, { value: layout });
  return layout;
};

const makeSlowly = ({ fields, names, reads }: Layout, members: XmlObject, context: ReadContext): object => {
  const typed: Record<string, unknown> = {};
  for (let index = 0; index < fields.length; index++) {
    const name = names[index]!;
    typed[fields[index]!] = readFirst(members, typeof name === 'string' ? [name] : name, reads[index]!, context);
  }
  return typed;
};

/**
 * The same as an object literal whose readers are known, which takes a third of the time. `undefined` if code from
 * strings is not allowed. Names of fields and elements are those of this package.
 */
const compile = ({ fields, names, reads }: Layout): MakeObject | undefined => {
  const values = names.map((name, index) =>
    typeof name === 'string'
      ? `read${index}(members[${JSON.stringify(name)}],context)`
      : `readFirst(members,${JSON.stringify(name)},read${index},context)`,
  );
  const members = fields.map((field, index) => `${field}:${values[index]}`);
  const parameters = reads.map((_, index) => `read${index}`);
  try {
    const create = new Function(
      'readFirst',
      ...parameters,
      `return (members, context) => ({${members.join(',')}});`,
    ) as (...readers: unknown[]) => MakeObject;
    return create(readFirst, ...reads);
  } catch {
    return undefined;
  }
};

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
  if (Array.isArray(value)) for (const container of value) addItems(items, container, name, read, context);
  else addItems(items, value, name, read, context);
  return items;
};

const addItems = <T>(
  items: T[],
  container: XmlValue | undefined,
  name: string,
  read: Reader<T | undefined>,
  context: ReadContext,
): void => {
  if (isEmpty(container)) return;
  if (!isObject(container)) {
    reportDropped(context, 'unreadable', container);
    return;
  }
  const children = container[name];
  // The path is for reports, and takes time.
  const isReporting = context.onDropped !== undefined;
  if (isReporting) {
    reportUnknown(container, [name], context);
    context.path.push(name);
  }
  if (Array.isArray(children)) for (const child of children) addItem(items, child, read, context);
  else addItem(items, children, read, context);
  if (isReporting) context.path.pop();
};

const addItem = <T>(
  items: T[],
  value: XmlValue | undefined,
  read: Reader<T | undefined>,
  context: ReadContext,
): void => {
  if (isEmpty(value)) return;
  const item = read(value, context);
  if (item !== undefined) items.push(item);
};

/** All occurrences of an element, without the empty ones. */
export const nonEmpty = (value: XmlValue | undefined): readonly XmlValue[] => {
  if (Array.isArray(value)) return value.filter((one) => !isEmpty(one));
  return isEmpty(value) ? [] : [value];
};

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
