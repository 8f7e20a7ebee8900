import type { DataType } from '../data-type.js';
import type { Reading } from '../reading.js';
import type { IrregularityKind } from '../reports.js';
import { byName, isObject, membersOf, objectOf } from './canonical-json.js';
import type { Element } from './element.js';
import { UNKNOWN } from './record-id.js';
import { sha256 } from './sha256.js';

/** A record's JSON in both output forms. */
export interface BuiltRecord {
  id: string;
  /** What is unusual about its id. */
  irregularities: IrregularityKind[];
  sha256: string;
  canonicalJson: string;
  /** The message up to and including the id. */
  head: string;
  /** The rest of the message. */
  tail: string;
}

/** Whether a record with `@id` gets a member `id` of the same value. */
export const addsId = (dataType: DataType, reading: Reading): boolean =>
  reading === 'xmltodict' && (dataType === 'releases' || dataType === 'masters');

/** The id of a record: that of its message. */
export const idOf = (record: Element): string => record.attributes?.get('id') ?? childIdOf(record) ?? UNKNOWN;

/** The child `id` of a record, if it is the only one and becomes a string. */
const childIdOf = ({ children }: Element): string | undefined => {
  const [child, ...others] = children?.get('id') ?? [];
  return child === undefined || others.length > 0 || isObject(child) || child.text === '' ? undefined : child.text;
};

/** Builds the canonical JSON, the hash and the message of a record (CONVERSION.md, sections 5 and 7). */
export const buildRecord = (element: Element, dataType: DataType, reading: Reading): BuiltRecord => {
  const irregularities: IrregularityKind[] = [];
  const attributeId = element.attributes?.get('id');
  let members = membersOf(element);
  const childId = childIdOf(element);
  if (element.children?.has('id') && (childId === undefined || attributeId !== undefined)) {
    members = members.filter(([name]) => name !== 'id');
    if (childId === undefined) irregularities.push('id-not-a-string');
    else if (childId !== attributeId) irregularities.push('conflicting-id');
  }
  if (addsId(dataType, reading) && attributeId !== undefined) {
    members.push(['id', JSON.stringify(attributeId)]);
    members.sort(byName);
  }

  const canonicalJson = objectOf(members);
  const id = idOf(element);
  if (attributeId === undefined && childId === undefined) irregularities.push('unknown-id');
  const hash = sha256(canonicalJson);
  const rest = members.filter(([name]) => name !== 'id').map(([name, json]) => `,${JSON.stringify(name)}:${json}`);
  return {
    id,
    irregularities,
    sha256: hash,
    canonicalJson,
    head: `{"type":"data","id":${JSON.stringify(id)}`,
    tail: `,"sha256":"${hash}"${rest.join('')}}`,
  };
};
