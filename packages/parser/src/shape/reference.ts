import type { XmlValue } from '../record/types.js';
import type { Reading } from './left-out.js';
import { everyOne, type Fields, list, object, positive, type Reader, tellUnknown, text } from './read-values.js';

/** Another artist or label. */
export interface Reference {
  id: number | undefined;
  name: string | undefined;
}

const REFERENCE: Fields<Reference> = { id: ['@id', positive], name: ['#text', text] };

/** `<name id="2">…</name>`, or a name alone. */
export const reference: Reader<Reference> = (value, reading) => object(value ?? null, reading, REFERENCE);

/** `<aliases><name id="2">…</name></aliases>` */
export const namedReferences: Reader<Reference[]> = (value, reading) => list(value, reading, 'name', reference);

/**
 * `<members>`, which up to 2025-04 has each id twice: as an element before the name, and as the name's attribute. Names
 * without the attribute get the ids in their order; an id that no name has is a member of its own.
 */
export const members: Reader<Reference[]> = (value, reading) => everyOne(value).flatMap((one) => group(one, reading));

const group = (members: XmlValue, reading: Reading): Reference[] => {
  const named = list(withOnly('name', members), reading, 'name', reference);
  const ids = list(withOnly('id', members), reading, 'id', positive);
  if (typeof members === 'object' && members !== null && !Array.isArray(members)) {
    tellUnknown(members, ['id', 'name'], reading);
  }
  if (named.length === ids.length) {
    for (const [at, member] of named.entries()) member.id ??= ids[at];
  }
  const known = new Set(named.map(({ id }) => id));
  const nameless = ids.filter((id) => !known.has(id)).map((id) => ({ id, name: undefined }));
  return [...named, ...nameless];
};

const withOnly = (name: string, members: XmlValue): XmlValue => {
  if (typeof members !== 'object' || members === null || Array.isArray(members))
    return name === 'name' ? members : null;
  return { [name]: members[name] };
};
