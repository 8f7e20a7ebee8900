import { BRACE, COMMA, QUOTE, SPACE, specialBytes } from './bytes';
import { Attribute, DIGESTS, DIGEST_BYTES, ELEMENTS, ATTRIBUTE_BYTES, ELEMENT_BYTES, Element, HASH_DIGITS } from './layout';
import { Span } from './layout';
import { isRecordStripped } from './normalize';
import { RESULT, Result, TABLE, TABLE_BYTES, Table, WORK, WORK_BYTES, Work, outputStart } from './layout';

/*
 * Turns canonical JSON into a message, in place.
 *
 *   JSON        {A,"id":"X"B}                       A, B: the members before and after the id; may be empty
 *   message     {"type":"data","id":"X","sha256":"…64 digits…",AB}
 *
 * The hash covers the JSON, so the message can only be assembled afterwards. It is longer than the JSON by its head and
 * shorter by the member `id`. Both lengths are known beforehand, so the JSON is written with this gap before it. Then B
 * and the closing brace stay in place, A moves up to B, and the head is written before A. Nothing else is copied.
 */

/** `{"type":"data","id":"` */
const HEAD_BYTES: usize = 21;
/** `","sha256":"` */
const HASH_KEY_BYTES: usize = 12;
/** Hexadecimal digits of a SHA-256. */
const DIGITS: usize = 64;
/** The bytes of a message's head without the id: the two above, the digits and `",`. */
const HEAD_EXTRA: usize = HEAD_BYTES + HASH_KEY_BYTES + DIGITS + 2;
/** The bytes of the member `id` without the string's content: `,"id":""`. */
export const MEMBER_EXTRA: usize = 8;
/** `,"id":null` */
const NULL_MEMBER_BYTES: usize = 10;

/** A record with a longer id is irregular. */
const MAX_ID_BYTES: usize = 256;

/** Set by {@link findId}: the record's id, a span of the input. A start of 0 means that the id is `unknown`. */
export let idStart: usize = 0;
export let idBytes: usize = 0;
/** Set by {@link findId}: the bytes of the JSON's member `id` with its comma, or 0 without such a member. */
export let memberBytes: usize = 0;
/** Set by {@link findId}: the entry of the child `id` that is added to the record, or 0. */
export let addedChild: usize = 0;
/** Set by {@link findId}: whether the record's child `id` is empty: see {@link cutEmptyId}. */
export let isIdLeftOut: bool = false;

/**
 * Finds the id of the record in ELEMENTS. If a child `id` is to be added, appends an entry for it. Returns whether the
 * ids are plain: printable ASCII that needs no decoding, trimming or escaping.
 */
export function findId(idName: usize, addsId: bool, elementsEnd: usize): bool {
  const record = ELEMENTS;
  idStart = 0;
  idBytes = 0;
  memberBytes = 0;
  addedChild = 0;
  isIdLeftOut = false;

  let child: usize = 0;
  const childrenEnd: usize = load<usize>(record, Element.SUBTREE_END);
  for (let at = record + ELEMENT_BYTES; at < childrenEnd; at = load<usize>(at, Element.SUBTREE_END)) {
    if (load<usize>(at, Element.NAME) != idName) continue;
    if (child != 0) return false;
    child = at;
  }
  if (child != 0) {
    if (load<usize>(child, Element.SUBTREE_END) != child + ELEMENT_BYTES) return false;
    if (load<usize>(child, Element.ATTRIBUTES) != load<usize>(child, Element.ATTRIBUTES_END)) return false;
    const start: usize = load<usize>(child, Element.TEXT + Span.START);
    if (start == 0 || start == load<usize>(child, Element.TEXT + Span.END)) {
      // Another member must take the place of this one.
      if (load<usize>(record, Element.SUBTREE_END) == record + 2 * ELEMENT_BYTES) return false;
      isIdLeftOut = true;
    } else {
      idStart = start;
      idBytes = load<usize>(child, Element.TEXT + Span.END) - start;
      if (!isPlain(idStart, idBytes)) return false;
      memberBytes = MEMBER_EXTRA + idBytes;
    }
  }

  const attributesEnd: usize = load<usize>(record, Element.ATTRIBUTES_END);
  for (let at: usize = load<usize>(record, Element.ATTRIBUTES); at < attributesEnd; at += ATTRIBUTE_BYTES) {
    if (load<usize>(at, Attribute.NAME) != idName) continue;
    // The child is left out, but if its value differs, it is counted: no dump has both.
    if (child != 0) return false;
    idStart = load<usize>(at, Attribute.VALUE + Span.START);
    idBytes = load<usize>(at, Attribute.VALUE + Span.END) - idStart;
    if (!isPlain(idStart, idBytes)) return false;
    // Without its `@`, the attribute is such a member.
    if (isRecordStripped) memberBytes = MEMBER_EXTRA + idBytes;
    if (addsId) {
      // The added `id` is an empty string, but would be written as an empty element, which is `null`.
      if (idBytes == 0) return false;
      memberBytes = MEMBER_EXTRA + idBytes;
      addedChild = elementsEnd;
      store<usize>(addedChild, idName, Element.NAME);
      store<usize>(addedChild, idStart, Element.TEXT + Span.START);
      store<usize>(addedChild, (idStart + idBytes), Element.TEXT + Span.END);
      store<usize>(addedChild, (addedChild + ELEMENT_BYTES), Element.SUBTREE_END);
      store<usize>(addedChild, 0, Element.ATTRIBUTES);
      store<usize>(addedChild, 0, Element.ATTRIBUTES_END);
      store<usize>(addedChild, 0, Element.TEXT + Span.CONTENT);
    }
    break;
  }
  return true;
}

/**
 * Cuts the member `id` out of a record's JSON, which is `null`, and returns the new end. The record must have another
 * child. Few records of few dumps need this, so it is no part of `writeRecord`.
 */
export function cutEmptyId(json: usize, member: usize, jsonEnd: usize): usize {
  const rest = member + NULL_MEMBER_BYTES;
  memory.copy(member, rest, jsonEnd - rest);
  // If the member was the first, the next one begins with a comma.
  store<u8>(json, BRACE);
  return jsonEnd - NULL_MEMBER_BYTES;
}

function isPlain(start: usize, bytes: usize): bool {
  if (bytes > MAX_ID_BYTES) return false;
  const end = start + bytes;
  for (let at = start; at < end; at += 16) {
    const vector = v128.load(at);
    // Compares signed bytes: those up to the space include all that are not ASCII. DEL is the only other byte to
    // exclude.
    const excluded =
      specialBytes(vector) |
      i8x16.bitmask(v128.or(i8x16.le_s(vector, i8x16.splat(SPACE as i8)), i8x16.eq(vector, i8x16.splat(0x7f))));
    if ((excluded & ((1 << min<u32>(end - at, 16)) - 1)) != 0) return false;
  }
  return true;
}

/**
 * The gap before a record's JSON, counted from the start of its line.
 *
 * @param id - the record's id; 0 if it has none
 * @param member - the bytes of the member `id` with its comma
 */
export function jsonGap(id: usize, bytes: usize, member: usize): usize {
  return HEAD_EXTRA + (id == 0 ? PLACEHOLDER_ID_BYTES : bytes) - 1 - member;
}

/** Stores what a message is assembled from. @param entry - in WORK */
export function storeWork(
  entry: usize,
  line: usize,
  json: usize,
  jsonEnd: usize,
  member: usize,
  memberLength: usize,
  id: usize,
  idLength: usize,
): void {
  store<usize>(entry, json, Work.JSON_START);
  store<usize>(entry, jsonEnd, Work.JSON_END);
  store<usize>(entry, member, Work.MEMBER_START);
  store<usize>(entry, memberLength, Work.MEMBER_BYTES);
  store<usize>(entry, id, Work.ID_START);
  store<usize>(entry, idLength, Work.ID_BYTES);
  store<usize>(entry, line, Work.MESSAGE_START);
}

/** The id of a record without one. */
const PLACEHOLDER_ID_BYTES: usize = 7;
const PLACEHOLDER_ID: u64 = 0x006e_776f_6e6b_6e75; // unknown

/** Assembles the messages of all records in WORK with the hashes in DIGESTS, and fills TABLE. */
export function assembleMessages(): void {
  const records: usize = load<usize>(RESULT, Result.RECORDS);
  let work = WORK;
  let table = TABLE;
  let digest = DIGESTS;
  for (
    const end = WORK + records * WORK_BYTES;
    work < end;
    work += WORK_BYTES, table += TABLE_BYTES, digest += DIGEST_BYTES
  ) {
    const start: usize = load<usize>(work, Work.MESSAGE_START);
    const json: usize = load<usize>(work, Work.JSON_START);
    const member: usize = load<usize>(work, Work.MEMBER_START);
    const bytes: usize = load<usize>(work, Work.MEMBER_BYTES);
    const id: usize = load<usize>(work, Work.ID_START);
    const hasMembersBefore = member != json || bytes == 0;
    if (bytes != 0 && hasMembersBefore) moveUp(json + 1, member, bytes);

    writeHead(start);
    const idFrom = start + HEAD_BYTES;
    let at = idFrom;
    if (id != 0) {
      at = copyId(id, load<usize>(work, Work.ID_BYTES), at);
    } else {
      store<u64>(at, PLACEHOLDER_ID);
      at += PLACEHOLDER_ID_BYTES;
    }
    store<usize>(table, idFrom - outputStart, Table.ID_START);
    store<usize>(table, at - outputStart, Table.ID_END);
    writeHashKey(at);
    at += HASH_KEY_BYTES;
    writeHexadecimal(v128.load(digest), at);
    writeHexadecimal(v128.load(digest, 16), at + 32);
    at += DIGITS;
    store<u8>(at, QUOTE);
    if (hasMembersBefore) store<u8>(at, COMMA, 1);

    store<usize>(table, start - outputStart, Table.START);
    store<usize>(table, load<usize>(work, Work.JSON_END) - outputStart, Table.END);
  }
}

/**
 * Moves a span up by `distance`, in whole vectors from the end to the start. The last vector may overwrite bytes before
 * the span, where the head is written afterwards. Spans are short, so a call of `memory.copy` would cost more.
 */
// @ts-ignore: decorator
@inline
function moveUp(start: usize, end: usize, distance: usize): void {
  for (let at = end; at > start; ) {
    at -= 16;
    v128.store(at + distance, v128.load(at));
  }
}

/** Copies an id in whole vectors; the next write overwrites the excess. Returns the end of the copy. */
// @ts-ignore: decorator
@inline
function copyId(id: usize, bytes: usize, to: usize): usize {
  const end = to + bytes;
  do {
    v128.store(to, v128.load(id));
    to += 16;
    id += 16;
  } while (to < end);
  return end;
}

/** `{"type":"data","id":"` */
// @ts-ignore: decorator
@inline
function writeHead(at: usize): void {
  v128.store(at, i8x16(0x7b, 0x22, 0x74, 0x79, 0x70, 0x65, 0x22, 0x3a, 0x22, 0x64, 0x61, 0x74, 0x61, 0x22, 0x2c, 0x22));
  v128.store(at, i8x16(0x69, 0x64, 0x22, 0x3a, 0x22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 16);
}

/** `","sha256":"` */
// @ts-ignore: decorator
@inline
function writeHashKey(at: usize): void {
  v128.store(at, i8x16(0x22, 0x2c, 0x22, 0x73, 0x68, 0x61, 0x32, 0x35, 0x36, 0x22, 0x3a, 0x22, 0, 0, 0, 0));
}

/** Writes the digits of the first `records` hashes in DIGESTS to HASH_DIGITS. */
export function writeHashDigits(records: usize): void {
  let to = HASH_DIGITS;
  for (let digest = DIGESTS; digest < DIGESTS + records * DIGEST_BYTES; digest += 16, to += 32) {
    writeHexadecimal(v128.load(digest), to);
  }
}

/** Writes 16 bytes as 32 lower-case hexadecimal digits. */
// @ts-ignore: decorator
@inline
function writeHexadecimal(bytes: v128, at: usize): void {
  const digits = i8x16(0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66);
  const nibble = i8x16.splat(0x0f);
  const high = i8x16.swizzle(digits, v128.and(i16x8.shr_u(bytes, 4), nibble));
  const low = i8x16.swizzle(digits, v128.and(bytes, nibble));
  v128.store(at, i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  v128.store(at, i8x16.shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
}
