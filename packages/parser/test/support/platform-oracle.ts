import { canonical, canonicalHash } from './canonical.js';

/*
 * What `reading: 'platform'` makes of a well-formed dump, implemented independently of the package: regular expressions
 * over a string, and a tree of objects without a prototype.
 */

const TOKEN =
  /<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?.*?\?>|<\/[^>]*>|<([^\s/>]+)((?:\s+[^\s=]+="[^"]*")*)\s*(\/?)>|([^<]+)/gsy;
const ATTRIBUTE = /\s([^\s=]+)="([^"]*)"/g;
const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#(\d+)|#x([\dA-Fa-f]+));/g;
const CHARACTERS: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

type Members = Record<string, unknown>;

interface Open {
  name: string;
  members: Members;
  text: string;
}

/** The messages of a well-formed dump of labels. */
export const platformMessages = (dump: Uint8Array): string[] => {
  const xml = new TextDecoder('utf-8', { ignoreBOM: true }).decode(dump).replaceAll('\0', '\uFFFD');
  const messages: string[] = [];
  const open: Open[] = [];
  const close = (): void => {
    const { name, members, text } = open.pop()!;
    if (/\P{White_Space}/u.test(text)) members['#text'] = text;
    const parent = open.at(-1);
    if (parent === undefined) return;
    if (open.length === 1) messages.push(...messageOf(members));
    else add(parent.members, name, toValue(members));
  };
  for (const [whole, cdata, name, attributes, selfClosing, text] of xml.matchAll(TOKEN)) {
    const current = open.at(-1);
    if (name !== undefined) {
      const members: Members = Object.create(null);
      for (const [, key, value] of attributes!.matchAll(ATTRIBUTE)) members[`@${key}`] = decodeValue(value!);
      open.push({ name, members, text: '' });
      if (selfClosing !== '') close();
    } else if (whole.startsWith('</')) {
      close();
    } else if (current !== undefined) {
      current.text += cdata ?? decodeText(text ?? '');
    }
  }
  return messages;
};

const add = (members: Members, name: string, value: unknown): void => {
  const before = members[name];
  if (before === undefined) members[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else members[name] = [before, value];
};

const toValue = (members: Members): unknown => {
  const names = Object.keys(members);
  if (names.length === 0) return null;
  return names.length === 1 && names[0] === '#text' ? members['#text'] : members;
};

const messageOf = (record: Members): string[] => {
  if (Object.keys(record).every((name) => name === '#text')) return [];
  if (record['@id'] !== undefined || typeof record['id'] !== 'string') delete record['id'];
  const id = record['@id'] ?? record['id'] ?? 'unknown';
  const sha256 = canonicalHash(record);
  delete record['id'];
  const members = canonical(record).slice(1);
  return [`{"type":"data","id":${JSON.stringify(id)},"sha256":"${sha256}"${members === '}' ? '' : ','}${members}`];
};

/** `undefined` if the reference cannot be decoded. */
const characterOf = (name?: string, decimal?: string, hexadecimal?: string): string | undefined => {
  if (name !== undefined) return CHARACTERS[name];
  const code = decimal === undefined ? Number.parseInt(hexadecimal!, 16) : Number(decimal);
  const isCharacter = code > 0 && code < 0x110000 && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
};

const decodeText = (text: string): string =>
  text.replace(REFERENCE, (_, ...groups: string[]) => characterOf(...groups.slice(0, 3)) ?? '\uFFFD');

const decodeValue = (value: string): string => {
  let isRaw = value.replace(REFERENCE, '').includes('&');
  const decoded = value.replace(/\r\n|[\r\n\t]/g, ' ').replace(REFERENCE, (_, ...groups: string[]) => {
    const character = characterOf(...groups.slice(0, 3));
    if (character === undefined) isRaw = true;
    return character ?? '';
  });
  return isRaw ? value : decoded;
};
