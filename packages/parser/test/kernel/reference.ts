import { createHash } from 'node:crypto';
import type { DataType } from '../../src/data-type.js';
import type { Reading } from '../../src/reading.js';

/**
 * A simple reference for the kernel that shares none of its methods: regular expressions over a string with one byte
 * per character, a tree of maps, and `JSON.stringify`.
 */
export interface ExpectedRecord {
  readonly json: string;
  readonly message: string;
  readonly id: string;
  readonly xml: string;
}

export interface ExpectedRun {
  readonly records: ExpectedRecord[];
  /** The offset of the first record that is irregular or incomplete; the block's length if there is none. */
  readonly offset: number;
}

type Value = string | null | Members;
type Members = Map<string, Value | Value[]>;

class NotRegular extends Error {}

const NAME = /[A-Za-z_][A-Za-z0-9_:.-]{0,58}(?![A-Za-z0-9_:.-])/y;
const ATTRIBUTE = /[ \t\r\n]+([A-Za-z_][A-Za-z0-9_:.-]{0,58})=(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /[ \t\r\n]*(\/?)>/y;
const TEXT = /[^<]*/y;
const END_TAG = /<\/([^ \t\r\n>]*)[ \t\r\n]*>/y;
const REFERENCE = /&(?:#x([0-9a-fA-F]{1,8})|#([0-9]{1,8})|(lt|gt|amp|quot|apos));/g;
const ENTITIES = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);
const MAX_DEPTH = 256;
const WHITE_SPACE =
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';

/** Reads a block as the kernel must. */
export function readReference(block: Uint8Array, dataType: DataType, reading: Reading = 'xmltodict'): ExpectedRun {
  const xml = Buffer.from(block).toString('latin1');
  const records: ExpectedRecord[] = [];
  let at = 0;
  for (;;) {
    while (' \t\r\n'.includes(xml[at] ?? 'x')) at++;
    if (at >= xml.length) return { records, offset: at };
    try {
      const reader = new Reader(xml, at, reading);
      const [name, value] = reader.readElement(1);
      if (`${name}s` !== dataType || !(value instanceof Map)) throw new NotRegular();
      new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(xml.slice(at, reader.at), 'latin1'));
      const xmlBytes = Buffer.from(xml.slice(at, reader.at), 'latin1').toString();
      records.push({ ...finish(value, dataType, reader), xml: xmlBytes });
      at = reader.at;
    } catch (error) {
      if (error instanceof NotRegular || error instanceof TypeError) return { records, offset: at };
      throw error;
    }
  }
}

class Reader {
  /** The record's ids, neither decoded nor trimmed. */
  readonly rawIds: string[] = [];

  constructor(
    readonly xml: string,
    public at: number,
    readonly reading: Reading,
  ) {}

  readElement(depth: number): [string, Value] {
    if (depth > MAX_DEPTH) throw new NotRegular();
    if (this.xml[this.at] !== '<') throw new NotRegular();
    this.at++;
    const [name] = this.take(NAME);
    const members: Members = new Map();
    for (;;) {
      const attribute = this.tryTake(ATTRIBUTE);
      if (!attribute) break;
      const key = `@${attribute[1]}`;
      if (members.has(key)) throw new NotRegular();
      const value = attribute[2] ?? attribute[3] ?? '';
      if (depth === 1 && key === '@id') this.rawIds.push(value);
      members.set(key, decode(this.reading === 'platform' ? value.replace(/\r\n|[\r\n\t]/g, ' ') : value));
    }
    if (this.take(TAG_END)[1]) return [name, members.size > 0 ? members : null];

    const pieces: string[] = [];
    const children = new Map<string, Value[]>();
    for (;;) {
      pieces.push(this.take(TEXT)[0]);
      const end = this.tryTake(END_TAG);
      if (end) {
        if (end[1] !== name) throw new NotRegular();
        break;
      }
      const [childName, child] = this.readElement(depth + 1);
      children.set(childName, [...(children.get(childName) ?? []), child]);
    }
    // Text in several pieces is left to the strict engine.
    const isBlank = (piece: string): boolean => !/[^ \t\r\n]/.test(piece);
    const parts = pieces.filter((piece) => (this.reading === 'platform' ? piece !== '' : !isBlank(piece)));
    if (parts.length > 1 && !parts.every(isBlank)) throw new NotRegular();
    if (depth === 2 && name === 'id') this.rawIds.push(...pieces);
    const whole = pieces.map(decode).join('');
    const trimmed = trim(whole);
    const text = this.reading === 'platform' && trimmed !== '' ? whole : trimmed;
    for (const [key, values] of children) members.set(key, values.length === 1 ? values[0]! : values);
    if (members.size === 0) return [name, text === '' ? null : text];
    if (text !== '') members.set('#text', text);
    return [name, members];
  }

  take(pattern: RegExp): RegExpExecArray {
    const found = this.tryTake(pattern);
    if (!found) throw new NotRegular();
    return found;
  }

  tryTake(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.xml);
    if (found) this.at = pattern.lastIndex;
    return found;
  }
}

/** Decodes bytes and references; throws if one is not regular. `readReference` detects invalid UTF-8. */
function decode(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are searched for
  if (/[\0-\x08\x0b\x0c\x0e-\x1f]/.test(raw)) throw new NotRegular();
  if (raw.replace(REFERENCE, '').includes('&')) throw new NotRegular();
  return Buffer.from(raw, 'latin1')
    .toString()
    .replace(REFERENCE, (_, hex, decimal, name) => {
      if (name) return ENTITIES.get(name)!;
      const codePoint = hex ? Number.parseInt(hex, 16) : Number.parseInt(decimal, 10);
      const isCharacter =
        [9, 10, 13].includes(codePoint) ||
        (codePoint >= 0x20 && codePoint < 0xd800) ||
        (codePoint >= 0xe000 && codePoint <= 0xfffd) ||
        (codePoint >= 0x10000 && codePoint <= 0x10ffff);
      if (!isCharacter) throw new NotRegular();
      return String.fromCodePoint(codePoint);
    });
}

function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && WHITE_SPACE.includes(text[start]!)) start++;
  while (end > start && WHITE_SPACE.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function finish(record: Members, dataType: DataType, { reading, rawIds }: Reader): Omit<ExpectedRecord, 'xml'> {
  const own = record.get('@id');
  const child = record.get('id');
  const addsId = reading === 'xmltodict' && (dataType === 'releases' || dataType === 'masters') && own !== undefined;
  // Unusual ids are left to the strict engine.
  if (rawIds.some((id) => !/^[!-~]{0,256}$/.test(id) || /[&"\\]/.test(id))) throw new NotRegular();
  if (child instanceof Map || Array.isArray(child)) throw new NotRegular();
  if (own !== undefined && child !== undefined) throw new NotRegular();
  if (child === null) {
    record.delete('id');
    if ([...record.keys()].every((key) => /^[@#]/.test(key))) throw new NotRegular();
  }
  if (addsId && own === '') throw new NotRegular();
  if (addsId) record.set('id', own);
  const json = stringify(record);
  const id = [own, child].find((candidate) => typeof candidate === 'string') ?? 'unknown';
  const sha256 = createHash('sha256').update(json).digest('hex');
  record.delete('id');
  const members = stringify(record).slice(1);
  const message = `{"type":"data","id":${JSON.stringify(id)},"sha256":"${sha256}"${members === '}' ? '' : ','}${members}`;
  return { json, message, id: id as string };
}

function stringify(value: Value | Value[]): string {
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  const keys = [...value.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${stringify(value.get(key)!)}`).join(',')}}`;
}
