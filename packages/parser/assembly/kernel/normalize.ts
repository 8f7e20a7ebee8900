import { AT, BACKSLASH, BRACE, BRACE_END, BRACKET, BRACKET_END, COMMA, HASH, QUOTE } from './bytes';
import { FIELD_BYTES, FORM, Field, Change, KEYS, KEYS_END } from './layout';
import { copy, endOfContainer, endOfString, endOfValue, isId, isSame, nextQuoteOrEscape } from './scan-json';

/*
 * Gives records the form that the consumers of the Discogsography platform expect (CONVERSION.md, section 8): canonical
 * JSON in, canonical JSON out. FORM says what becomes of a record's fields; `src/platform/normalize.ts` does the same
 * with objects.
 *
 * The JSON is well-formed, so every scan ends. Every member is written with a comma before it; then the first comma is
 * overwritten with the object's brace. A record is refused if the order of its names is not that of their bytes in JSON,
 * which are escaped: no name in XML is.
 */

/** Whether records are normalised. */
export let isNormalized: bool = false;
/** Whether the record's own attributes become members. */
export let isRecordStripped: bool = false;
let fieldsEnd: usize = FORM;

/** Set by {@link normalizeRecord}: where the member `id` begins (at its comma or brace) and ends; 0 if there is none. */
export let normalizedIdStart: usize = 0;
export let normalizedIdEnd: usize = 0;

let isRefused: bool = false;
/** Set by {@link writeStripped}: the end of the object in the source. */
let strippedEnd: usize = 0;
/** Where the members of the next object can be noted: those of the record are still needed while a field is written. */
let freeMembers: usize = KEYS;

/** Names with the quote after them, and the masks of these bytes. */
const TEXT_NAME: u64 = 0x22_7478_6574_23;
const TEXT_NAME_MASK: u64 = 0xffff_ffff_ffff;
const NAME_NAME: u64 = 0x22_656d_616e;
const NAME_NAME_MASK: u64 = 0xff_ffff_ffff;

/** `,"name"` */
const NAME_KEY: u64 = 0x22_656d_616e_222c;
const NAME_KEY_BYTES: usize = 7;
/** `{"id":` */
const ID_ITEM: u64 = 0x3a22_6469_227b;
const ID_ITEM_BYTES: usize = 6;
/** `[]` */
const EMPTY_ARRAY: u32 = 0x5d5b;
/** The first byte of `null`. */
const NULL_FIRST: u32 = 0x6e;

/** A member of an object that is stripped. All are addresses in the source. */
namespace Member {
  /** After the quote, and at the quote after the name. */
  export const NAME: usize = 0;
  export const NAME_END: usize = 4;
  export const VALUE_END: usize = 8;
}
const MEMBER_BYTES: usize = 12;

export function setNormalized(normalizes: bool, stripsRecord: bool, fields: usize): void {
  isNormalized = normalizes;
  isRecordStripped = normalizes && stripsRecord;
  fieldsEnd = FORM + fields * FIELD_BYTES;
}

/**
 * Normalises the record whose JSON is at `json` and writes it to `out`. Returns the end, or 0 if the record is refused.
 */
export function normalizeRecord(json: usize, jsonEnd: usize, out: usize): usize {
  // No other member begins after the last one.
  store<u8>(jsonEnd, 0);
  normalizedIdStart = 0;
  normalizedIdEnd = 0;
  isRefused = false;
  freeMembers = KEYS;
  const end = isRecordStripped && isMarked(json + 1) ? writeMerged(json, true, out) : writeMembers(json, out);
  return isRefused ? 0 : end;
}

/** Writes the record whose own names stay as they are. */
function writeMembers(json: usize, out: usize): usize {
  const start = out;
  let at = json + 1;
  /** Members that are copied together, from the comma or brace before them. */
  let run = json;
  while (load<u8>(at) == QUOTE) {
    const name = at + 1;
    const nameEnd = endOfString(name) - 1;
    const end = endOfValue(nameEnd + 2);
    const field = fieldOf(name, nameEnd);
    if (field != 0) {
      out = copy(run, at - 1, out);
      out = writeField(field, name, nameEnd, end, out);
      run = end;
    } else if (isId(name)) {
      out = copy(run, at - 1, out);
      run = at - 1;
      normalizedIdStart = out;
      normalizedIdEnd = out + (end - run);
    }
    at = end + 1;
  }
  // An empty object ends where its first member would begin.
  return writeBraces(start, copy(run, max(at - 1, json + 1), out));
}

/** Makes what was written an object, and returns its end. */
// @ts-ignore: decorator
@inline
function writeBraces(start: usize, end: usize): usize {
  store<u8>(start, BRACE);
  const close = max(end, start + 1);
  store<u8>(close, BRACE_END);
  return close + 1;
}

/** Writes an object with its attributes as ordinary members, and sets {@link strippedEnd}. */
function writeStripped(object: usize, out: usize): usize {
  if (isMarked(object + 1)) return writeMerged(object, false, out);
  strippedEnd = endOfContainer(object);
  return copy(object, strippedEnd, out);
}

/**
 * Whether an object has an attribute or `#text`. They sort before all names that begin with a byte above `@`.
 *
 * @param at - the first member
 */
function isMarked(at: usize): bool {
  while (load<u8>(at) == QUOTE) {
    const name = at + 1;
    const first: u32 = load<u8>(name);
    if (first == AT || isText(name)) return true;
    if (first > AT) {
      if (first == BACKSLASH) isRefused = true;
      return false;
    }
    at = endOfValue(endOfString(name) + 1) + 1;
  }
  return false;
}

/**
 * Writes an object of which some names are marked. There are two lists in the order of names, merged: names without a
 * mark, and attributes without their `@`, which replace members of the same name. `#text` becomes `name` unless there is
 * a `name`.
 */
function writeMerged(object: usize, isRecord: bool, out: usize): usize {
  const table = freeMembers;
  let attributes: usize = 0;
  let attributesEnd: usize = 0;
  let text: usize = 0;
  let hasName = false;
  let end = table;
  let at = object + 1;
  while (load<u8>(at) == QUOTE) {
    if (end + MEMBER_BYTES > KEYS_END) {
      isRefused = true;
      return 0;
    }
    const name = at + 1;
    const nameEnd = endOfName(name);
    if (load<u8>(name) == AT) {
      if (attributes == 0) attributes = end;
      attributesEnd = end + MEMBER_BYTES;
      if (isText(name + 1)) isRefused = true;
      if (isName(name + 1)) hasName = true;
    } else if (isText(name)) text = end;
    else if (isName(name)) hasName = true;
    at = endOfValue(nameEnd + 2);
    store<usize>(end, name, Member.NAME);
    store<usize>(end, nameEnd, Member.NAME_END);
    store<usize>(end, at, Member.VALUE_END);
    end += MEMBER_BYTES;
    at++;
  }
  strippedEnd = at;
  if (isRefused) return 0;
  if (hasName) text = 0;
  if (isRecord) freeMembers = end;

  const start = out;
  let attribute = attributes;
  let plain = table;
  for (;;) {
    if (plain == text) plain += MEMBER_BYTES;
    if (plain == attributes) plain = attributesEnd;
    if (plain == text) plain += MEMBER_BYTES;
    // The least of three names: the next one without a mark, the next attribute, and the name of the text.
    let member: usize = 0;
    let name: usize = 0;
    let nameEnd: usize = 0;
    let isAttribute = false;
    if (plain < end) {
      member = plain;
      name = load<usize>(plain, Member.NAME);
      nameEnd = load<usize>(plain, Member.NAME_END);
    }
    if (attribute < attributesEnd) {
      const ownName: usize = load<usize>(attribute, Member.NAME) + 1;
      const ownEnd: usize = load<usize>(attribute, Member.NAME_END);
      const order = member == 0 ? -1 : compareNames(ownName, ownEnd, name, nameEnd);
      if (order <= 0) {
        if (order == 0) plain += MEMBER_BYTES;
        isAttribute = true;
        member = attribute;
        name = ownName;
        nameEnd = ownEnd;
      }
    }
    if (text != 0 && (member == 0 || sortsAfterName(name, nameEnd))) {
      store<u64>(out, NAME_KEY);
      out = copy(load<usize>(text, Member.NAME_END) + 1, load<usize>(text, Member.VALUE_END), out + NAME_KEY_BYTES);
      text = 0;
      // It is left out of the names without a mark, where it was.
      continue;
    }
    if (member == 0) break;
    if (isAttribute) attribute += MEMBER_BYTES;
    else plain += MEMBER_BYTES;
    const valueEnd: usize = load<usize>(member, Member.VALUE_END);
    if (isRecord) {
      const field = fieldOf(name, nameEnd);
      if (field != 0) {
        out = writeField(field, name, nameEnd, valueEnd, out);
        continue;
      }
      if (isId(name)) normalizedIdStart = out;
    }
    out = copy(name, valueEnd, openName(out));
    if (isRecord && isId(name)) normalizedIdEnd = out;
  }
  return writeBraces(start, out);
}

/** Writes a comma and a quote. */
// @ts-ignore: decorator
@inline
function openName(out: usize): usize {
  store<u8>(out, COMMA);
  store<u8>(out, QUOTE, 1);
  return out + 2;
}

/**
 * Writes what becomes of a field; nothing if that is an empty list.
 *
 * @param name - after the quote; the name ends at the quote at `nameEnd`
 */
function writeField(field: usize, name: usize, nameEnd: usize, valueEnd: usize, out: usize): usize {
  const value = nameEnd + 2;
  const written = copy(name, value, openName(out));
  const end = writeChanged(field, value, valueEnd, written);
  return end == written || (end == written + 2 && load<u16>(written) == EMPTY_ARRAY) ? out : end;
}

function writeChanged(field: usize, value: usize, valueEnd: usize, out: usize): usize {
  const change = load<u32>(field, Field.CHANGE);
  const isObject = load<u8>(value) == BRACE;
  if (change == Change.STRIP) return isObject ? writeStripped(value, out) : copy(value, valueEnd, out);
  if (change == Change.REFERENCE) {
    const id = isObject ? referencedId(value) : 0;
    return id == 0 ? copy(value, valueEnd, out) : copy(id, endOfValue(id), out);
  }
  let from = value;
  if (isObject) {
    from = findMember(value, field + Field.CHILD, load<usize>(field, Field.CHILD_BYTES));
    if (from == 0) return out;
  }
  const first: u32 = load<u8>(from);
  if (first == NULL_FIRST) return out;
  if (first == BRACKET) {
    return change == Change.LIST ? copy(from, endOfContainer(from), out) : writeItems(change, from, out);
  }
  store<u8>(out, BRACKET);
  out = writeItem(change, from, out + 1);
  store<u8>(out, BRACKET_END);
  return out + 1;
}

/** Writes an array with its items changed. */
function writeItems(change: u32, array: usize, out: usize): usize {
  if (load<u8>(array, 1) == BRACKET_END) return out;
  // Each item has a comma before it, or the bracket, and the last one the other bracket after it.
  let at = array;
  do {
    store<u8>(out, load<u8>(at));
    out = writeItem(change, at + 1, out + 1);
    at = itemEnd;
  } while (load<u8>(at) == COMMA);
  store<u8>(out, BRACKET_END);
  return out + 1;
}

/** Set by {@link writeItem}: the end of the item in the source. */
let itemEnd: usize = 0;

function writeItem(change: u32, item: usize, out: usize): usize {
  const first: u32 = load<u8>(item);
  if (first == BRACE && change != Change.LIST) {
    out = writeStripped(item, out);
    itemEnd = strippedEnd;
    return out;
  }
  itemEnd = endOfValue(item);
  if (first != QUOTE || change != Change.ITEMS) return copy(item, itemEnd, out);
  store<u64>(out, ID_ITEM);
  out = copy(item, itemEnd, out + ID_ITEM_BYTES);
  store<u8>(out, BRACE_END);
  return out + 1;
}

/** The value that stands for a reference: the text of an object, else its `id`; 0 if it has neither. */
function referencedId(object: usize): usize {
  let id: usize = 0;
  let at = object + 1;
  while (load<u8>(at) == QUOTE) {
    const name = at + 1;
    const value = endOfString(name) + 1;
    if (load<u8>(value) != NULL_FIRST) {
      if (isText(name)) return value;
      if (isId(name)) id = value;
    }
    at = endOfValue(value) + 1;
  }
  return id;
}

/** The value of an object's member, or 0 if there is none. */
function findMember(object: usize, wanted: usize, bytes: usize): usize {
  let at = object + 1;
  while (load<u8>(at) == QUOTE) {
    const name = at + 1;
    const value = endOfString(name) + 1;
    if (value - 2 - name == bytes && isSame(name, wanted, bytes)) return value;
    at = endOfValue(value) + 1;
  }
  return 0;
}

/** The entry of FORM with this name, or 0. */
// @ts-ignore: decorator
@inline
function fieldOf(name: usize, nameEnd: usize): usize {
  const bytes = nameEnd - name;
  for (let field = FORM; field < fieldsEnd; field += FIELD_BYTES) {
    if (load<usize>(field, Field.NAME_BYTES) == bytes && isSame(name, field + Field.NAME, bytes)) return field;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function isText(name: usize): bool {
  return load<u8>(name) == HASH && (load<u64>(name) & TEXT_NAME_MASK) == TEXT_NAME;
}

// @ts-ignore: decorator
@inline
function isName(name: usize): bool {
  return (load<u64>(name) & NAME_NAME_MASK) == NAME_NAME;
}

function compareNames(a: usize, aEnd: usize, b: usize, bEnd: usize): i32 {
  const aBytes = aEnd - a;
  const bBytes = bEnd - b;
  const order = memory.compare(a, b, min(aBytes, bBytes));
  return order != 0 ? order : (aBytes as i32) - (bBytes as i32);
}

/** Whether a name sorts after `name`. It is another one. */
function sortsAfterName(name: usize, nameEnd: usize): bool {
  // n, a, m, e
  for (let at = name, rest: u32 = 0x656d_616e; rest != 0; at++, rest >>= 8) {
    if (at == nameEnd) return false;
    const byte: u32 = load<u8>(at);
    if (byte != (rest & 0xff)) return byte > (rest & 0xff);
  }
  return true;
}

/** The end of a name, at the quote. A record with an escape in it is refused. */
// @ts-ignore: decorator
@inline
function endOfName(at: usize): usize {
  at = nextQuoteOrEscape(at);
  while (load<u8>(at) != QUOTE) {
    isRefused = true;
    at = nextQuoteOrEscape(at + 2);
  }
  return at;
}
