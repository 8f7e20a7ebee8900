import type { DataType } from '../data-type.js';
import type { XmlObject, XmlValue } from '../record/types.js';
import type { FieldsTransform, RecordTransform, TransformSetup } from '../transform/record-transform.js';

/*
 * Gives records the form that the consumers of the Discogsography platform expect (CONVERSION.md, section 8). The build
 * bundles this file into a module of its own, which `PLATFORM_TRANSFORM` names.
 */

type Change = (value: XmlValue) => XmlValue;

/** Marks a field as left out: an empty list. */
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

const list =
  (name: string): Change =>
  (value) =>
    unwrap(value, name);

const strippedList =
  (name: string): Change =>
  (value) =>
    unwrap(value, name).map((item) => (isObject(item) ? strip(item) : item));

/** A list of things that have an id; a text alone is taken for one. */
const itemList =
  (name: string): Change =>
  (value) =>
    unwrap(value, name).map((item) => {
      if (typeof item === 'string') return { id: item };
      return isObject(item) ? strip(item) : item;
    });

const strippedObject: Change = (value) => (isObject(value) ? strip(value) : value);

const masterId: Change = (value) => (isObject(value) ? (value['#text'] ?? value['id'] ?? value) : value);

/** The members that stripping an object looks at. */
const STRIPPED = ['@*', '#text', 'name'];

/** Whether the attributes of the record itself become members, and what becomes of its fields. */
interface Form {
  readonly isStripped: boolean;
  readonly fields: readonly (readonly [name: string, change: Change])[];
}

const FORMS: Readonly<Record<DataType, Form>> = {
  artists: {
    isStripped: false,
    fields: [
      ['members', itemList('name')],
      ['groups', itemList('name')],
      ['aliases', itemList('name')],
    ],
  },
  labels: {
    isStripped: false,
    fields: [
      ['parentLabel', strippedObject],
      ['sublabels', itemList('label')],
    ],
  },
  masters: {
    isStripped: true,
    fields: [
      ['artists', itemList('artist')],
      ['genres', list('genre')],
      ['styles', list('style')],
    ],
  },
  releases: {
    isStripped: true,
    fields: [
      ['artists', itemList('artist')],
      ['extraartists', itemList('artist')],
      ['labels', itemList('label')],
      ['genres', list('genre')],
      ['styles', list('style')],
      ['formats', strippedList('format')],
      ['master_id', masterId],
    ],
  },
};

/** The function that normalises records of a data type; it may change the record that it is given. */
export const createTransform = (_options: unknown, { dataType }: TransformSetup): FieldsTransform => {
  const { isStripped, fields } = FORMS[dataType];
  const transform: RecordTransform = (raw, { unchanged }) => {
    const record = isStripped ? strip(raw) : raw;
    let isChanged = record !== raw;
    for (const [name, change] of fields) {
      const value = record[name];
      if (value === undefined) continue;
      isChanged = true;
      const changed = change(value);
      if (isEmpty(changed)) delete record[name];
      else record[name] = changed;
    }
    return isChanged ? record : unchanged;
  };
  const names = fields.map(([name]) => name);
  return { transform, fields: isStripped ? [...names, ...STRIPPED] : names };
};
