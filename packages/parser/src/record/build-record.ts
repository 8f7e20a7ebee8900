import type { DataType } from '../data-type.js';
import { byName, type Member, membersOf, objectOf } from './canonical-json.js';
import type { Element } from './element.js';
import { sha256 } from './sha256.js';

/** A record's JSON in both output forms. */
export interface BuiltRecord {
  id: string;
  /** Whether the record has no id of its own. */
  unknownId: boolean;
  sha256: string;
  canonicalJson: string;
  /** The message up to and including the id. */
  head: string;
  /** The rest of the message. */
  tail: string;
}

const UNKNOWN = 'unknown';

/** Builds the canonical JSON, the hash and the message of a record (CONVERSION.md, section 5). */
export const buildRecord = (element: Element, dataType: DataType): BuiltRecord => {
  const members = membersOf(element);
  const attributeId = element.attributes?.get('id');
  const hasIdElement = element.children?.has('id') ?? false;
  if ((dataType === 'releases' || dataType === 'masters') && attributeId !== undefined && !hasIdElement) {
    members.push(['id', JSON.stringify(attributeId)]);
    members.sort(byName);
  }

  const canonicalJson = objectOf(members);
  const own = attributeId ?? stringMember(members, 'id');
  const id = own ?? UNKNOWN;
  const hash = sha256(canonicalJson);
  const rest = members.filter(([name]) => name !== 'id').map(([name, json]) => `,${JSON.stringify(name)}:${json}`);
  return {
    id,
    unknownId: own === undefined,
    sha256: hash,
    canonicalJson,
    head: `{"type":"data","id":${JSON.stringify(id)}`,
    tail: `,"sha256":"${hash}"${rest.join('')}}`,
  };
};

const stringMember = (members: readonly Member[], name: string): string | undefined => {
  const json = members.find((member) => member[0] === name)?.[1];
  return json?.startsWith('"') ? (JSON.parse(json) as string) : undefined;
};
