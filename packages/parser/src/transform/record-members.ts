import type { CanonicalBytes } from '../record/canonical-buffer.js';
import { UNKNOWN } from '../record/record-id.js';
import type { XmlObject } from '../record/types.js';

/** A name of members, seen before. */
interface Name {
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Whether a transform needs such members. */
  readonly isField: boolean;
  readonly isAttributeId: boolean;
  readonly isId: boolean;
}

/** More names than all records have together; a dump of anything else keeps no more. */
const MAX_NAMES = 1024;
const TABLE_MASK = 4 * MAX_NAMES - 1;

const UNKNOWN_JSON = JSON.stringify(UNKNOWN);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const NULL_BYTES = 4;
/** The quotes and the colon of a name. */
const NAME_EXTRA_BYTES = 3;

/**
 * The members of one record after the other, found in its canonical JSON without parsing it. Every name is free of
 * escapes, since XML names are.
 */
export class RecordMembers implements CanonicalBytes {
  /** The record's JSON. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  idStart = 0;
  idEnd = 0;
  /** The record's id, as JSON. */
  idJson = '';
  /** How many there are. Of each: its name, whether a transform needs it, where it begins (at its name) and ends. */
  count = 0;
  readonly names: string[] = [];
  readonly isField: boolean[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** How many of them a transform needs. */
  fields = 0;
  readonly #isFieldName: (name: string) => boolean;
  readonly #table: (Name | undefined)[] = new Array(TABLE_MASK + 1).fill(undefined);
  #known = 0;

  constructor(isFieldName: (name: string) => boolean) {
    this.#isFieldName = isFieldName;
  }

  /** Finds the members of the record whose JSON is `bytes` from `start` to `end`. */
  scan(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.idStart = 0;
    this.idEnd = 0;
    let attributeId = -1;
    let count = 0;
    let fields = 0;
    let at = start + 1;
    while (at < end && bytes[at] === QUOTE) {
      const nameStart = at + 1;
      let hash = 0;
      at = nameStart;
      for (let byte = bytes[at]!; byte !== QUOTE; byte = bytes[++at]!) hash = (Math.imul(hash, 31) + byte) | 0;
      const name = this.#nameOf(bytes, nameStart, at, hash);
      const memberEnd = endOfValue(bytes, at + 2);
      this.names[count] = name.text;
      this.isField[count] = name.isField;
      this.starts[count] = nameStart - 1;
      this.ends[count] = memberEnd;
      if (name.isField) fields++;
      if (name.isAttributeId) attributeId = count;
      if (name.isId) {
        this.idStart = nameStart - 1;
        this.idEnd = memberEnd;
      }
      count++;
      at = memberEnd + 1;
    }
    this.count = count;
    this.fields = fields;
    if (attributeId !== -1) this.idJson = this.#idIn(this.starts[attributeId]!, this.ends[attributeId]!, '@id');
    else this.idJson = this.idEnd === 0 ? UNKNOWN_JSON : this.#idIn(this.idStart, this.idEnd, 'id');
  }

  /** The record's id, as `recordIdOf` returns it. */
  get id(): string {
    return this.idJson.includes('\\') ? (JSON.parse(this.idJson) as string) : this.idJson.slice(1, -1);
  }

  /** Those that a transform needs, parsed. */
  parseFields(): XmlObject {
    if (this.fields === 0) return {};
    const { bytes } = this;
    let members = '';
    for (let index = 0; index < this.count; index++) {
      if (!this.isField[index]) continue;
      const start = this.starts[index];
      while (this.isField[index + 1] && index + 1 < this.count) index++;
      const text = bytes.toString('utf8', start, this.ends[index]);
      members = members === '' ? text : `${members},${text}`;
    }
    return JSON.parse(`{${members}}`) as XmlObject;
  }

  #idIn(start: number, end: number, name: string): string {
    const value = start + name.length + NAME_EXTRA_BYTES;
    return this.bytes[value] === QUOTE ? this.bytes.toString('utf8', value, end) : UNKNOWN_JSON;
  }

  #nameOf(bytes: Buffer, start: number, end: number, hash: number): Name {
    for (let slot = hash & TABLE_MASK; ; slot = (slot + 1) & TABLE_MASK) {
      const known = this.#table[slot];
      if (known === undefined) return this.#addName(bytes, start, end, slot);
      if (isSame(known.bytes, bytes, start, end)) return known;
    }
  }

  #addName(bytes: Buffer, start: number, end: number, slot: number): Name {
    const text = bytes.toString('utf8', start, end);
    const name: Name = {
      text,
      bytes: new Uint8Array(bytes.subarray(start, end)),
      isField: this.#isFieldName(text),
      isAttributeId: text === '@id',
      isId: text === 'id',
    };
    if (this.#known < MAX_NAMES) {
      this.#known++;
      this.#table[slot] = name;
    }
    return name;
  }
}

const isSame = (known: Uint8Array, bytes: Buffer, start: number, end: number): boolean => {
  const { length } = known;
  if (length !== end - start) return false;
  for (let index = 0; index < length; index++) if (known[index] !== bytes[start + index]) return false;
  return true;
};

/** The position after the value that begins at `start`: a string, `null`, an object or an array. */
const endOfValue = (bytes: Buffer, start: number): number => {
  const first = bytes[start]!;
  if (first === QUOTE) return endOfString(bytes, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return start + NULL_BYTES;
  let depth = 0;
  for (let at = start; ; ) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
      continue;
    }
    at++;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return at;
    }
  }
};

const endOfString = (bytes: Buffer, start: number): number => {
  let at = start + 1;
  for (;;) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
};
