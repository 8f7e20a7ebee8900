import type { DataType } from '../data-type.js';
import type { XmlObject, XmlValue } from '../record/types.js';
import { type FieldForm, FORMS } from './forms.js';

/*
 * Gives records the form that the consumers of the Discogsography platform expect (CONVERSION.md, section 8), as objects.
 * The kernel does the same with canonical JSON, for records that it can (`assembly/kernel/normalize.ts`).
 */

/** An empty list, for which a field is left out. */
const isEmpty = (value: XmlValue): boolean => Array.isArray(value) && value.length === 0;

const isObject = (value: XmlValue | undefined): value is XmlObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Sets a member of any name: an assignment to `__proto__` would set none. */
const setMember = (object: XmlObject, name: string, value: XmlValue | undefined): void => {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
};

const AT = 0x40;

/**
 * Makes an object's attributes ordinary members. `@k` becomes `k`, also if there is a `k`; `#text` becomes `name`,
 * unless there is a `name`.
 */
const strip = (object: XmlObject): XmlObject => {
  let hasMarked = false;
  for (const name in object) {
    if (name.charCodeAt(0) === AT || name === '#text') {
      hasMarked = true;
      break;
    }
  }
  if (!hasMarked) return object;
  const stripped: XmlObject = {};
  for (const name in object) {
    if (name.charCodeAt(0) !== AT && name !== '#text') setMember(stripped, name, object[name]);
  }
  for (const name in object) {
    if (name.charCodeAt(0) === AT) setMember(stripped, name.slice(1), object[name]);
  }
  const text = object['#text'];
  if (text !== undefined) stripped[stripped['name'] === undefined ? 'name' : '#text'] = text;
  return stripped;
};

/** The values of a container: its children of one name. */
const unwrap = (value: XmlValue, name: string): XmlValue[] => {
  if (value === null) return [];
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return [value];
  const child = value[name];
  if (child === undefined || child === null) return [];
  return Array.isArray(child) ? child : [child];
};

const changed = (value: XmlValue, { change, child }: FieldForm): XmlValue => {
  switch (change) {
    case 'list':
      return unwrap(value, child);
    case 'stripped-list':
      return unwrap(value, child).map((item) => (isObject(item) ? strip(item) : item));
    case 'items':
      return unwrap(value, child).map((item) => {
        if (typeof item === 'string') return { id: item };
        return isObject(item) ? strip(item) : item;
      });
    case 'strip':
      return isObject(value) ? strip(value) : value;
    case 'reference':
      return isObject(value) ? (value['#text'] ?? value['id'] ?? value) : value;
  }
};

/** The members that stripping an object looks at. */
const STRIPPED = ['@*', '#text', 'name'];

/** Normalises records of one data type. */
export interface Normalizer {
  /** The members that it looks at; names that end in `*` stand for all that begin like them. */
  readonly fields: readonly string[];
  /**
   * Returns the record in the form that is expected; it may be the same object, changed. `undefined` if nothing is to
   * be changed.
   */
  readonly normalize: (raw: XmlObject) => XmlObject | undefined;
}

export const createNormalizer = (dataType: DataType): Normalizer => {
  const { isStripped, fields } = FORMS[dataType];
  const names = fields.map(({ name }) => name);
  return {
    fields: isStripped ? [...names, ...STRIPPED] : names,
    normalize: (raw) => {
      const record = isStripped ? strip(raw) : raw;
      let isChanged = record !== raw;
      for (const field of fields) {
        const value = record[field.name];
        if (value === undefined) continue;
        isChanged = true;
        const result = changed(value, field);
        if (isEmpty(result)) delete record[field.name];
        else record[field.name] = result;
      }
      return isChanged ? record : undefined;
    },
  };
};
