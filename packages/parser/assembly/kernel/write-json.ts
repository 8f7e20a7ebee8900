import { BRACE, BRACE_END, BRACKET, BRACKET_END, COMMA } from './bytes';
import { ATTRIBUTES, ATTRIBUTE_BYTES, ELEMENTS, ELEMENT_BYTES, HISTOGRAM, KEYS } from './layout';
import { Attribute, Content, Element, Span, isPlatformReading } from './layout';
import { KEY_EXTRA, Name } from './interned-names';
import { attributesEnd, elementsEnd } from './scan-record';
import { trimEnd, trimStart, writeNormalizedString, writeString } from './json-strings';

/*
 * Pass 2: writes the canonical JSON of the record whose tree pass 1 left in ELEMENTS and ATTRIBUTES.
 *
 * Every member is written with a comma before it; then the first comma is overwritten with the object's brace. Arrays
 * are written the same way. A sort key is a word: the name's rank in the high 8 bits, the entry's number in the low 24.
 * A list of sort keys ends with END_MARK.
 */

const RANK_SHIFT: usize = 24;
const NUMBER_MASK: usize = (1 << RANK_SHIFT) - 1;
const END_MARK: usize = 0xff << RANK_SHIFT;

/** A longer list is sorted by counting. */
const MAX_INSERTION_SORT: usize = 24;

const TEXT_KEY_BYTES: usize = 9; // ,"#text":
const NULL: usize = 0x6c6c756e; // null

/** Set by {@link writeRecord}: the address of the member `id` (of its comma or brace), or 0 without such a member. */
export let memberStart: usize = 0;

/** An upper bound of the bytes that {@link writeRecord} writes for the current record of `xmlBytes` bytes. */
export function boundJson(xmlBytes: usize): usize {
  // Escaping at most doubles text (`"` becomes `\"`), and names are part of the XML. An element adds a comma, quotes,
  // colon, braces, brackets, `"#text":"",` or `null`; an attribute adds a comma, `@`, quotes and colon. The rest is for
  // an added id.
  const elements = (elementsEnd - ELEMENTS) / ELEMENT_BYTES;
  const attributes = (attributesEnd - ATTRIBUTES) / ATTRIBUTE_BYTES;
  return 2 * xmlBytes + 24 * elements + 8 * attributes + 256;
}

/**
 * Writes the record.
 *
 * @param idRank - the rank of the name `id`
 * @param added - the entry of a child to write in addition to the record's own children, or 0
 */
export function writeRecord(idRank: usize, added: usize, out: usize): usize {
  memberStart = 0;
  const start = out;
  const record = ELEMENTS;
  out = writeText(record, out);
  out = writeAttributes(record, KEYS, out);

  let keysEnd = listChildren(record, KEYS);
  if (added != 0) {
    store<usize>(keysEnd, childKey(added));
    keysEnd += 4;
  }
  sortKeys(KEYS, keysEnd);
  for (let key = KEYS; key < keysEnd; ) {
    if (load<usize>(key) >> RANK_SHIFT == idRank) memberStart = out;
    const length = groupLength(key);
    out = writeGroup(key, length, keysEnd + 4, out);
    key += length << 2;
  }
  store<u8>(start, BRACE);
  store<u8>(out, BRACE_END);
  return out + 1;
}

/** Writes an element's value: a string, `null` or an object. Sort keys can be stored at `keys`. */
// @ts-ignore: decorator
@inline
function writeValue(element: usize, keys: usize, out: usize): usize {
  const attributes = load<usize>(element, Element.ATTRIBUTES_END) - load<usize>(element, Element.ATTRIBUTES);
  const descendants = load<usize>(element, Element.SUBTREE_END) - element - ELEMENT_BYTES;
  return (attributes | descendants) == 0 ? writeLeaf(element, out) : writeObject(element, keys, out);
}

// @ts-ignore: decorator
@inline
function writeLeaf(element: usize, out: usize): usize {
  let start: usize = load<usize>(element, Element.TEXT + Span.START);
  let end: usize = load<usize>(element, Element.TEXT + Span.END);
  if (start != 0) {
    const trimmed = trimStart(start, end);
    if (trimmed < end) {
      if (!isPlatformReading) {
        start = trimmed;
        end = trimEnd(start, end);
      }
      return writeString(start, end, load<usize>(element, Element.TEXT + Span.CONTENT), out);
    }
  }
  store<usize>(out, NULL);
  return out + 4;
}

function writeObject(element: usize, keys: usize, out: usize): usize {
  const start = out;
  out = writeText(element, out);
  out = writeAttributes(element, keys, out);
  if (load<usize>(element, Element.SUBTREE_END) != element + ELEMENT_BYTES) {
    const keysEnd = listChildren(element, keys);
    sortKeys(keys, keysEnd);
    for (let key = keys; key < keysEnd; ) {
      const length = groupLength(key);
      out = writeGroup(key, length, keysEnd + 4, out);
      key += length << 2;
    }
  }
  store<u8>(start, BRACE);
  store<u8>(out, BRACE_END);
  return out + 1;
}

/** Writes `,"#text":"…"` if there is text. */
// @ts-ignore: decorator
@inline
function writeText(element: usize, out: usize): usize {
  let start: usize = load<usize>(element, Element.TEXT + Span.START);
  if (start == 0) return out;
  let end: usize = load<usize>(element, Element.TEXT + Span.END);
  const trimmed = trimStart(start, end);
  if (trimmed >= end) return out;
  if (!isPlatformReading) {
    start = trimmed;
    end = trimEnd(start, end);
  }
  store<u64>(out, 0x22747865_7423222c); // ,"#text"
  store<u8>(out, 0x3a, 8);
  return writeString(start, end, load<usize>(element, Element.TEXT + Span.CONTENT), out + TEXT_KEY_BYTES);
}

function writeAttributes(element: usize, keys: usize, out: usize): usize {
  const first: usize = load<usize>(element, Element.ATTRIBUTES);
  const end: usize = load<usize>(element, Element.ATTRIBUTES_END);
  if (first == end) return out;
  if (end - first == ATTRIBUTE_BYTES) return writeAttribute(first, out);

  let keysEnd = keys;
  let number = ((first - ATTRIBUTES) / ATTRIBUTE_BYTES);
  for (let attribute = first; attribute < end; attribute += ATTRIBUTE_BYTES, number++) {
    store<usize>(keysEnd, (load<usize>(load<usize>(attribute, Attribute.NAME), Name.RANK) << RANK_SHIFT) | number);
    keysEnd += 4;
  }
  sortKeys(keys, keysEnd);
  for (let key = keys; key < keysEnd; key += 4) {
    out = writeAttribute(ATTRIBUTES + (load<usize>(key) & NUMBER_MASK) * ATTRIBUTE_BYTES, out);
  }
  return out;
}

// @ts-ignore: decorator
@inline
function writeAttribute(attribute: usize, out: usize): usize {
  const name: usize = load<usize>(attribute, Attribute.NAME);
  out = writeKey(name + Name.ATTRIBUTE_KEY, load<usize>(name, Name.BYTES) + KEY_EXTRA + 1, out);
  const start = load<usize>(attribute, Attribute.VALUE + Span.START);
  const end = load<usize>(attribute, Attribute.VALUE + Span.END);
  const content = load<usize>(attribute, Attribute.VALUE + Span.CONTENT);
  if (isPlatformReading && (content & Content.ESCAPES) != 0) return writeNormalizedString(start, end, out);
  return writeString(start, end, content, out);
}

// @ts-ignore: decorator
@inline
function writeKey(key: usize, bytes: usize, out: usize): usize {
  v128.store(out, v128.load(key));
  if (bytes > 16) {
    v128.store(out, v128.load(key, 16), 16);
    if (bytes > 32) {
      v128.store(out, v128.load(key, 32), 32);
      v128.store(out, v128.load(key, 48), 48);
    }
  }
  return out + bytes;
}

// @ts-ignore: decorator
@inline
function childKey(child: usize): usize {
  const number = ((child - ELEMENTS) / ELEMENT_BYTES);
  return (load<usize>(load<usize>(child, Element.NAME), Name.RANK) << RANK_SHIFT) | number;
}

/** Lists the sort keys of an element's children. Returns the end of the list. */
// @ts-ignore: decorator
@inline
function listChildren(element: usize, keys: usize): usize {
  const end: usize = load<usize>(element, Element.SUBTREE_END);
  for (let child = element + ELEMENT_BYTES; child < end; child = load<usize>(child, Element.SUBTREE_END)) {
    store<usize>(keys, childKey(child));
    keys += 4;
  }
  return keys;
}

/** The number of children at the start of a list that have the same name. */
// @ts-ignore: decorator
@inline
function groupLength(key: usize): usize {
  const first: usize = load<usize>(key);
  let next = key + 4;
  while ((load<usize>(next) ^ first) >>> RANK_SHIFT == 0) next += 4;
  return (next - key) >> 2;
}

/** Writes the member for the children of one name: a value for one child, an array for several. */
// @ts-ignore: decorator
@inline
function writeGroup(key: usize, length: usize, freeKeys: usize, out: usize): usize {
  let child = elementOf(load<usize>(key));
  const name: usize = load<usize>(child, Element.NAME);
  out = writeKey(name + Name.ELEMENT_KEY, load<usize>(name, Name.BYTES) + KEY_EXTRA, out);
  // In an array, a comma precedes each element, and the first comma is overwritten with the bracket. A single value
  // overwrites the comma.
  const start = out;
  const end = key + (length << 2);
  const isArray: usize = length > 1 ? 1 : 0;
  for (;;) {
    store<u8>(out, COMMA);
    out = writeValue(child, freeKeys, out + isArray);
    key += 4;
    if (key == end) break;
    child = elementOf(load<usize>(key));
  }
  if (isArray) {
    store<u8>(start, BRACKET);
    store<u8>(out, BRACKET_END);
  }
  return out + isArray;
}

// @ts-ignore: decorator
@inline
function elementOf(key: usize): usize {
  return ELEMENTS + (key & NUMBER_MASK) * ELEMENT_BYTES;
}

/** Sorts a list of keys and appends END_MARK. All keys are different, and they are nearly sorted already. */
// @ts-ignore: decorator
@inline
function sortKeys(keys: usize, end: usize): void {
  store<usize>(end, END_MARK);
  if (end - keys <= MAX_INSERTION_SORT << 2) sortByInsertion(keys, end);
  else sortByCounting(keys, end);
}

function sortByInsertion(keys: usize, end: usize): void {
  for (let next = keys + 4; next < end; next += 4) {
    const key: usize = load<usize>(next);
    let hole = next;
    while (hole > keys && load<usize>(hole - 4) > key) {
      store<usize>(hole, load<usize>(hole - 4));
      hole -= 4;
    }
    store<usize>(hole, key);
  }
}

/** Distributes keys by rank, which is enough since numbers are in order. Linear for any input. */
function sortByCounting(keys: usize, end: usize): void {
  memory.fill(HISTOGRAM, 0, 4 * 256);
  for (let at = keys; at < end; at += 4) {
    const counter = HISTOGRAM + ((load<usize>(at) >>> RANK_SHIFT) << 2);
    store<usize>(counter, load<usize>(counter) + 4);
  }
  const scratch = end + 4;
  let place = scratch;
  for (let counter = HISTOGRAM; counter < HISTOGRAM + 4 * 256; counter += 4) {
    const bytes: usize = load<usize>(counter);
    store<usize>(counter, place);
    place += bytes;
  }
  for (let at = keys; at < end; at += 4) {
    const key: usize = load<usize>(at);
    const counter = HISTOGRAM + ((key >>> RANK_SHIFT) << 2);
    const to: usize = load<usize>(counter);
    store<usize>(to, key);
    store<usize>(counter, to + 4);
  }
  memory.copy(keys, scratch, end - keys);
}
