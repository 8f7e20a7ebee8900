import { BACKSLASH, BRACE, BRACE_END, BRACKET, BRACKET_END, COMMA, LINE_FEED, QUOTE, differ } from '../kernel/bytes';
import { ASCII, FIELD_KEYS, FIELD_KEYS_BYTES, INPUT, INPUT_BYTES, MAX_SELECTED, MAX_SHAPES, MAX_VALUES } from './layout';
import { MEMORY_END, PREFIX_MASK, RESULT, Result, SELECTED_BYTES, SELECTION, SHAPES, SHAPE_BYTES } from './layout';
import { SHAPE_INDEX, SHAPE_INDEX_BITS, SHAPE_KEYS, SHAPE_KEYS_BYTES, SHORT, SHORT_LENGTHS, STEPS } from './layout';
import { Selected, Shape, Step } from './layout';
import { VALUES, VALUE_BYTES, VALUE_INDEX, VALUE_INDEX_BITS, Value, WIDE } from './layout';

/*
 * Packs canonical JSON, one record per line, into what an engine of JavaScript makes objects of fastest: each distinct
 * text once, and steps that say how to build the records from these. `layout.ts` explains the tables. The lines have to
 * be valid JSON without white space.
 *
 * With a selection, members that it does not name are left out, and the record's id is a value of its own.
 */

/** The addresses and sizes that JavaScript uses. */
export const inputAddress: usize = INPUT;
export const inputBytes: usize = INPUT_BYTES;
export const resultAddress: usize = RESULT;
export const selectionAddress: usize = SELECTION;
export const maxSelected: usize = MAX_SELECTED;
export const fieldKeysAddress: usize = FIELD_KEYS;
export const fieldKeysBytes: usize = FIELD_KEYS_BYTES;
export const shapesAddress: usize = SHAPES;
export const shortAddress: usize = SHORT;
export const shortLengthsAddress: usize = SHORT_LENGTHS;
export const asciiAddress: usize = ASCII;
export const wideAddress: usize = WIDE;
export const stepsAddress: usize = STEPS;
export const memoryBytes: usize = MEMORY_END;

/** Deeper records are left to `JSON.parse`. The depth of recursion here. */
const MAX_DEPTH: u32 = 1000;

/** Longer texts hardly ever repeat. */
const MAX_REPEATED_BYTES: usize = 200;

/**
 * The maximum length of a short string. JavaScript cuts these from a longer one, several times as fast as `JSON.parse`
 * makes them; V8 would keep the longer one alive for a part of more than 12 characters.
 */
const MAX_SHORT_BYTES: usize = 12;

/** Selects everything. */
const ALL: usize = 0xffff_ffff;

/** `"@id":` and `"id":` */
const ATTRIBUTE_ID: u64 = 0x3a_2264_6940_22;
const ATTRIBUTE_ID_MASK: u64 = 0xffff_ffff_ffff;
const CHILD_ID: u64 = 0x3a22_6469_22;
const CHILD_ID_MASK: u64 = 0xff_ffff_ffff;

let at: usize = 0;
let step: usize = 0;
let shortEnd: usize = 0;
let shortLengthsEnd: usize = 0;
let asciiEnd: usize = 0;
let wideEnd: usize = 0;
let asciiCount: usize = 0;
let wideCount: usize = 0;
let valueCount: usize = 0;
let shapeCount: usize = 1;
let shapeKeysEnd: usize = SHAPE_KEYS;
let depth: u32 = 0;
/** Whether the record has to become one value. */
let failed: bool = false;
/** Set by {@link findStringEnd}: whether the string is not ASCII. */
let isWide: bool = false;
/** The address of the record's id as a JSON string; 0 if it has none. */
let idAt: usize = 0;
let hasSelection: bool = false;

/** Forgets the shapes. @param selects - whether SELECTION is to be used */
export function begin(selects: bool): void {
  v128.store(PREFIX_MASK, i8x16.splat(-1));
  v128.store(PREFIX_MASK, i8x16.splat(0), 16);
  memory.fill(SHAPE_INDEX, 0, 4 << SHAPE_INDEX_BITS);
  memory.fill(SHAPES, 0, SHAPE_BYTES);
  shapeCount = 1;
  shapeKeysEnd = SHAPE_KEYS;
  hasSelection = selects;
}

/** Packs `bytes` bytes of whole lines. */
export function pack(bytes: usize): void {
  memory.fill(VALUE_INDEX, 0, 4 << VALUE_INDEX_BITS);
  at = INPUT;
  step = STEPS;
  shortEnd = SHORT;
  shortLengthsEnd = SHORT_LENGTHS;
  asciiEnd = ASCII;
  wideEnd = WIDE;
  asciiCount = 0;
  wideCount = 0;
  valueCount = 0;
  let records: usize = 0;
  for (const end = INPUT + bytes; at < end; at++) {
    packRecord();
    records++;
  }
  store<usize>(RESULT, records, Result.RECORDS);
  store<usize>(RESULT, closeArray(ASCII, asciiEnd), Result.ASCII_END);
  store<usize>(RESULT, closeArray(WIDE, wideEnd), Result.WIDE_END);
  store<usize>(RESULT, step, Result.STEPS_END);
  store<usize>(RESULT, shapeCount, Result.SHAPES);
  store<usize>(RESULT, shortEnd, Result.SHORT_END);
  store<usize>(RESULT, shortLengthsEnd, Result.SHORT_LENGTHS_END);
}

/** Each item begins with a comma, in place of which the first one has the bracket. */
function closeArray(start: usize, end: usize): usize {
  if (end == start) return end;
  store<u8>(start, BRACKET);
  store<u8>(end, BRACKET_END);
  return end + 1;
}

/** Ends at the line feed. */
function packRecord(): void {
  const line = at;
  const steps = step;
  depth = 0;
  failed = false;
  idAt = 0;
  packValue(hasSelection ? 0 : ALL);
  if (failed) {
    at = line;
    step = steps;
    while (load<u8>(at) != LINE_FEED) at++;
    // Which of the two arrays it is in does not matter for its value, but only the other one is read as UTF-8.
    addStep(Step.WIDE, addWide(line, at - line));
  }
  if (hasSelection) {
    if (idAt == 0) {
      addStep(Step.NULL, 0);
    } else {
      const lineEnd = at;
      at = idAt;
      packString();
      at = lineEnd;
    }
  }
  addStep(Step.END, failed as usize);
}

// @ts-ignore: decorator
@inline
function addStep(kind: usize, number: usize): void {
  store<usize>(step, (number << 3) | kind);
  step += 4;
}

function packValue(selected: usize): void {
  const first: u32 = load<u8>(at);
  if (first == QUOTE) {
    packString();
  } else if (first == BRACE) {
    packObject(selected);
  } else if (first == BRACKET) {
    packArray(selected);
  } else if (first == 0x6e) {
    // null
    at += 4;
    addStep(Step.NULL, 0);
  } else {
    const from = at;
    skipScalar();
    addStep(Step.ASCII, addAscii(from, at - from));
  }
}

/** Most strings are short: their end is found by the load that their text is compared with. */
function packString(): void {
  const from = at;
  const text = v128.load(from + 1);
  const quotes = i8x16.eq(text, i8x16.splat(QUOTE as i8));
  const escapes = i8x16.eq(text, i8x16.splat(BACKSLASH as i8));
  // Bytes that are not ASCII are negative.
  const length: usize = ctz<u32>(i8x16.bitmask(v128.or(v128.or(quotes, escapes), text)) | 0x10000);
  if (length <= MAX_SHORT_BYTES && load<u8>(from + 1 + length) == QUOTE) {
    at = from + length + 2;
    addShortText(from, length, v128.and(text, v128.load(PREFIX_MASK + 16 - length)));
    return;
  }
  at = findStringEnd(from + 1) + 1;
  addText(from, at);
}

function packArray(selected: usize): void {
  if (++depth > MAX_DEPTH) failed = true;
  if (failed) return;
  let count: usize = 0;
  at++;
  if (load<u8>(at) == BRACKET_END) {
    at++;
  } else {
    for (;;) {
      packValue(selected);
      if (failed) return;
      count++;
      if (load<u8>(at++) == BRACKET_END) break;
    }
  }
  addStep(Step.ARRAY, count);
  depth--;
}

function packObject(selected: usize): void {
  if (++depth > MAX_DEPTH) failed = true;
  if (failed) return;
  const isRecord = hasSelection && depth == 1;
  let shape: usize = 0;
  at++;
  if (load<u8>(at) == BRACE_END) {
    at++;
  } else {
    for (;;) {
      let inside = ALL;
      let isKept = true;
      if (selected != ALL) {
        if (isRecord) findId();
        inside = findSelected(selected);
        isKept = inside != 0;
        if (isKept && load<usize>(SELECTION + inside * SELECTED_BYTES, Selected.FIRST) == 0) inside = ALL;
      }
      if (isKept) {
        shape = findShape(shape);
        if (failed) return;
        packValue(inside);
        if (failed) return;
      } else {
        at = findStringEnd(at + 1) + 2;
        skipValue();
      }
      if (load<u8>(at++) == BRACE_END) break;
    }
  }
  addStep(Step.OBJECT, shape);
  depth--;
}

/** If the member here is the record's id as a string, remembers it. `@id` comes before `id`, and takes precedence. */
function findId(): void {
  if (idAt != 0) return;
  const key = load<u64>(at);
  if ((key & ATTRIBUTE_ID_MASK) == ATTRIBUTE_ID && load<u8>(at + 6) == QUOTE) idAt = at + 6;
  else if ((key & CHILD_ID_MASK) == CHILD_ID && load<u8>(at + 5) == QUOTE) idAt = at + 5;
}

/** Returns the entry of SELECTION for the key here, or 0 if it is not selected. */
function findSelected(parent: usize): usize {
  let child = load<usize>(SELECTION + parent * SELECTED_BYTES, Selected.FIRST);
  while (child != 0) {
    const entry = SELECTION + child * SELECTED_BYTES;
    if (isSame(FIELD_KEYS + load<usize>(entry, Selected.KEY), at, load<usize>(entry, Selected.KEY_BYTES))) break;
    child = load<usize>(entry, Selected.NEXT);
  }
  return child;
}

/** Returns the shape that the key here makes of a shape, and moves past the key. */
function findShape(parent: usize): usize {
  const parentEntry = SHAPES + parent * SHAPE_BYTES;
  const last = load<usize>(parentEntry, Shape.LAST_CHILD);
  if (last != 0) {
    if (skipKeyOf(last)) return last;
    const other = load<usize>(parentEntry, Shape.OTHER_CHILD);
    store<usize>(parentEntry, last, Shape.OTHER_CHILD);
    if (other != 0 && skipKeyOf(other)) {
      store<usize>(parentEntry, other, Shape.LAST_CHILD);
      return other;
    }
  }
  const from = at;
  const bytes = findStringEnd(at + 1) + 2 - from;
  at += bytes;
  const hash: u32 = hashOf(from, bytes) + (parent as u32) * 0x9e37_79b1;
  let index = hash >> (32 - SHAPE_INDEX_BITS);
  for (;;) {
    const shape = load<usize>(SHAPE_INDEX + (index << 2));
    if (shape == 0) break;
    const entry = SHAPES + shape * SHAPE_BYTES;
    if (
      load<u32>(entry, Shape.HASH) == hash &&
      load<usize>(entry, Shape.PARENT) == parent &&
      load<usize>(entry, Shape.KEY_BYTES) == bytes &&
      isSame(load<usize>(entry, Shape.KEY), from, bytes)
    ) {
      store<usize>(parentEntry, shape, Shape.LAST_CHILD);
      return shape;
    }
    index = (index + 1) & ((1 << SHAPE_INDEX_BITS) - 1);
  }
  if (shapeCount == MAX_SHAPES || shapeKeysEnd + bytes > SHAPE_KEYS + SHAPE_KEYS_BYTES) {
    failed = true;
    return 0;
  }
  const shape = shapeCount++;
  const entry = SHAPES + shape * SHAPE_BYTES;
  memory.copy(shapeKeysEnd, from, bytes);
  store<usize>(entry, parent, Shape.PARENT);
  store<usize>(entry, shapeKeysEnd, Shape.KEY);
  store<usize>(entry, bytes, Shape.KEY_BYTES);
  store<u32>(entry, hash, Shape.HASH);
  store<usize>(entry, 0, Shape.LAST_CHILD);
  store<usize>(entry, 0, Shape.OTHER_CHILD);
  shapeKeysEnd += bytes;
  store<usize>(SHAPE_INDEX + (index << 2), shape);
  store<usize>(parentEntry, shape, Shape.LAST_CHILD);
  return shape;
}

/** If the key here is a shape's last one, moves past it. */
// @ts-ignore: decorator
@inline
function skipKeyOf(shape: usize): bool {
  const entry = SHAPES + shape * SHAPE_BYTES;
  const bytes = load<usize>(entry, Shape.KEY_BYTES);
  // A key ends with the quote and the colon, so a key that begins like another is not mistaken for it.
  if (!isSame(load<usize>(entry, Shape.KEY), at, bytes)) return false;
  at += bytes;
  return true;
}

/** Adds the step for a string that is not short, whose text is added if the batch does not have it yet. */
function addText(from: usize, to: usize): void {
  const bytes = to - from;
  if (bytes > MAX_REPEATED_BYTES || valueCount == MAX_VALUES) {
    addLongText(from, bytes);
    return;
  }
  const hash = hashOf(from, bytes);
  let index = hash >> (32 - VALUE_INDEX_BITS);
  for (;;) {
    const number = load<usize>(VALUE_INDEX + (index << 2));
    if (number == 0) break;
    const entry = VALUES + (number - 1) * VALUE_BYTES;
    if (
      load<u32>(entry, Value.HASH) == hash &&
      load<usize>(entry, Value.BYTES) == bytes &&
      isSame(load<usize>(entry, Value.TEXT), from, bytes)
    ) {
      repeatStep(entry);
      return;
    }
    index = (index + 1) & ((1 << VALUE_INDEX_BITS) - 1);
  }
  addLongText(from, bytes);
  addValue(index, hash, from, bytes, i8x16.splat(-1));
}

/** @param text - the string's text, and zeros after it: no text contains any */
// @ts-ignore: decorator
@inline
function addShortText(from: usize, length: usize, text: v128): void {
  const hash = mixed(text, length);
  let index = hash >> (32 - VALUE_INDEX_BITS);
  for (;;) {
    const number = load<usize>(VALUE_INDEX + (index << 2));
    if (number == 0) break;
    const entry = VALUES + (number - 1) * VALUE_BYTES;
    if (!differ(v128.load(entry, Value.SHORT), text)) {
      repeatStep(entry);
      return;
    }
    index = (index + 1) & ((1 << VALUE_INDEX_BITS) - 1);
  }
  addStep(Step.SHORT, shortLengthsEnd - SHORT_LENGTHS);
  v128.store(shortEnd, v128.load(from + 1));
  shortEnd += length;
  store<u8>(shortLengthsEnd++, length);
  if (valueCount < MAX_VALUES) addValue(index, hash, from, 0, text);
}

// @ts-ignore: decorator
@inline
function repeatStep(entry: usize): void {
  store<usize>(step, load<usize>(entry, Value.STEP));
  step += 4;
}

function addLongText(from: usize, bytes: usize): void {
  if (isWide) addStep(Step.WIDE, addWide(from, bytes));
  else addStep(Step.ASCII, addAscii(from, bytes));
}

/** Remembers the text whose step was added last. */
// @ts-ignore: decorator
@inline
function addValue(index: u32, hash: u32, from: usize, bytes: usize, short: v128): void {
  const entry = VALUES + valueCount * VALUE_BYTES;
  store<u32>(entry, hash, Value.HASH);
  store<usize>(entry, from, Value.TEXT);
  store<usize>(entry, bytes, Value.BYTES);
  store<usize>(entry, load<usize>(step - 4), Value.STEP);
  v128.store(entry, short, Value.SHORT);
  valueCount++;
  store<usize>(VALUE_INDEX + (index << 2), valueCount);
}

function addAscii(from: usize, bytes: usize): usize {
  asciiEnd = addItem(asciiEnd, from, bytes);
  return asciiCount++;
}

function addWide(from: usize, bytes: usize): usize {
  wideEnd = addItem(wideEnd, from, bytes);
  return wideCount++;
}

function addItem(to: usize, from: usize, bytes: usize): usize {
  store<u8>(to, COMMA);
  const start = to + 1;
  if (bytes > 64) memory.copy(start, from, bytes);
  else for (let offset: usize = 0; offset < bytes; offset += 16) v128.store(start + offset, v128.load(from + offset));
  return start + bytes;
}

/** Whether the bytes at two addresses are the same. */
// @ts-ignore: decorator
@inline
function isSame(one: usize, other: usize, bytes: usize): bool {
  let left = bytes;
  while (left > 16) {
    if (differ(v128.load(one), v128.load(other))) return false;
    one += 16;
    other += 16;
    left -= 16;
  }
  const mask = v128.load(PREFIX_MASK + 16 - left);
  return !v128.any_true(v128.and(v128.xor(v128.load(one), v128.load(other)), mask));
}

/** Of the first 16 bytes, the last 16 and the length. */
// @ts-ignore: decorator
@inline
function hashOf(from: usize, bytes: usize): u32 {
  if (bytes <= 16) return mixed(v128.and(v128.load(from), v128.load(PREFIX_MASK + 16 - bytes)), bytes);
  const first = i64x2.mul(v128.load(from), i64x2.splat(0x9e37_79b9_7f4a_7c15));
  return mixed(i64x2.add(first, v128.load(from + bytes - 16)), bytes);
}

// @ts-ignore: decorator
@inline
function mixed(text: v128, bytes: usize): u32 {
  let hash: u64 = i64x2.extract_lane(text, 0) as u64;
  hash = (hash ^ (hash >> 29)) * 0xbf58_476d_1ce4_e5b9 + ((i64x2.extract_lane(text, 1) as u64) + bytes);
  hash = (hash ^ (hash >> 32)) * 0x94d0_49bb_1331_11eb;
  return (hash >> 32) as u32;
}

/** Returns the address of a string's closing quote. */
function findStringEnd(from: usize): usize {
  isWide = false;
  let at = from;
  while (true) {
    const bytes = v128.load(at);
    const stops = i8x16.bitmask(
      v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE as i8)), i8x16.eq(bytes, i8x16.splat(BACKSLASH as i8))),
    );
    const count: u32 = ctz<u32>(stops | 0x10000);
    if ((i8x16.bitmask(bytes) & ((1 << count) - 1)) != 0) isWide = true;
    at += count;
    if (count == 16) continue;
    if (load<u8>(at) == QUOTE) break;
    at += 2;
  }
  return at;
}

function skipScalar(): void {
  for (;;) {
    const byte: u32 = load<u8>(at);
    if (byte == COMMA || byte == BRACE_END || byte == BRACKET_END) return;
    at++;
  }
}

function skipValue(): void {
  const first: u32 = load<u8>(at);
  if (first == QUOTE) {
    at = findStringEnd(at + 1) + 1;
    return;
  }
  if (first != BRACE && first != BRACKET) {
    skipScalar();
    return;
  }
  let open: u32 = 0;
  for (;;) {
    const byte: u32 = load<u8>(at);
    if (byte == QUOTE) {
      at = findStringEnd(at + 1) + 1;
      continue;
    }
    at++;
    if (byte == BRACE || byte == BRACKET) open++;
    else if (byte == BRACE_END || byte == BRACKET_END) {
      open--;
      if (open == 0) return;
    }
  }
}
