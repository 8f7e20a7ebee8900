import type { XmlValue } from '../record/types.js';
import type { ReadContext } from './dropped-value.js';
import { type Fields, list, nonEmpty, object, positive, type Reader, reportUnknown, text } from './read-values.js';

/** Another artist or label. */
export interface Reference {
  id: number | undefined;
  name: string | undefined;
}

const REFERENCE: Fields<Reference> = { id: ['@id', positive], name: ['#text', text] };

/** `<name id="2">…</name>`, or a name alone. */
export const reference: Reader<Reference> = (value, context) => object(value ?? null, context, REFERENCE);

/** `<aliases><name id="2">…</name></aliases>` */
export const namedReferences: Reader<Reference[]> = (value, context) => list(value, context, 'name', reference);

/**
 * `<members>`, which up to 2025-04 contains each id twice: as an element before the name, and as the name's attribute.
 * If there are as many ids as names, a name without the attribute gets the id at its position. An id that no name has
 * becomes a member without a name.
 */
export const members: Reader<Reference[]> = (value, context) => {
  const elements = nonEmpty(value);
  return elements.length === 0 ? [] : elements.flatMap((one) => membersOf(one, context));
};

const membersOf = (element: XmlValue, context: ReadContext): Reference[] => {
  const named = list(withOnly('name', element), context, 'name', reference);
  const ids = list(withOnly('id', element), context, 'id', positive);
  if (typeof element === 'object' && element !== null && !Array.isArray(element)) {
    reportUnknown(element, ['id', 'name'], context);
  }
  if (ids.length === 0) return named;
  if (named.length === ids.length) {
    for (const [at, member] of named.entries()) member.id ??= ids[at];
  }
  const known = new Set(named.map(({ id }) => id));
  const nameless = ids.filter((id) => !known.has(id)).map((id) => ({ id, name: undefined }));
  return [...named, ...nameless];
};

const withOnly = (name: string, element: XmlValue): XmlValue => {
  if (typeof element !== 'object' || element === null || Array.isArray(element))
    return name === 'name' ? element : null;
  return { [name]: element[name] };
};
