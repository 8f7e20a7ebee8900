import { AMPERSAND, APOSTROPHE, BACKSLASH, CARRIAGE_RETURN, EQUALS, GREATER, LESS, LINE_FEED } from './bytes';
import { QUOTE, SLASH, SPACE, TAB, bytesEqual, differ, isSpace, specialBytes } from './bytes';
import { ATTRIBUTES, ATTRIBUTES_END, ATTRIBUTE_BYTES, ELEMENTS, ELEMENTS_END, ELEMENT_BYTES } from './layout';
import { Attribute, Content, Element, SPARE_SPAN, Span, isPlatformReading } from './layout';
import { Name, countNameBytes, internName, nameFailedAt } from './interned-names';
import { checkReference, referenceFailedAt } from './character-references';
import { trimStart } from './json-strings';
import { FRAMES, FRAME_SHIFT, addAttribute, addLeaf, addLeafWithAttributes, beginAttributes } from './shape-sums';
import { beginElement, beginShapes, endElement } from './shape-sums';

/*
 * Pass 1: walks over a record once, from its first `<` to its last `>`. It proves that the record is regular, except
 * for valid UTF-8, and leaves the record's tree in ELEMENTS and ATTRIBUTES. For an inventory, it also computes the sums
 * of the elements' shapes (shape-sums.ts).
 */

/** Where the last scan failed. Before the end of the input, the record is irregular; at or past it, incomplete. */
export let failedAt: usize = 0;
/** The addresses after the last record's entries of ELEMENTS and ATTRIBUTES. */
export let elementsEnd: usize = 0;
export let attributesEnd: usize = 0;

let maxDepth: u32 = 0;

export function setMaxDepth(depth: u32): void {
  maxDepth = depth;
}

// @ts-ignore: decorator
@inline
function failAt(at: usize): usize {
  failedAt = at;
  return 0;
}

/**
 * Scans the record at `start`. Returns the address after it, or 0 if it fails (see `failedAt`).
 *
 * @param hasShapes - whether an inventory is taken
 */
export function scanRecord(start: usize, hasShapes: bool): usize {
  return hasShapes ? scan(start, true) : scan(start, false);
}

// @ts-ignore: decorator
@inline
function scan(start: usize, hasShapes: bool): usize {
  if (load<u8>(start) != LESS) return failAt(start);
  if (load<u8>(start, 1) == SLASH) return failAt(start + 1);
  let at = start;
  let element = ELEMENTS;
  let attribute = ATTRIBUTES;
  let open: usize = 0;
  let depth: u32 = 0;
  if (hasShapes) beginShapes();

  // Each iteration starts at a `<` and takes a tag and the text after it.
  for (;;) {
    if (load<u8>(at, 1) == SLASH) {
      const name = load<usize>(open, Element.NAME);
      at = isEndTag(at + 1, name) ? at + 3 + load<usize>(name, Name.BYTES) : readUnusualEndTag(at + 2, name);
      if (at == 0) return 0;
      if (hasShapes) {
        endElement(FRAMES + (depth << FRAME_SHIFT), name, hasText(open));
      }
      store<usize>(open, element, Element.SUBTREE_END);
      open = load<usize>(open, Element.PARENT);
      depth--;
    } else {
      const nameBytes = countNameBytes(at + 1);
      const name = internName(at + 1, nameBytes);
      if (name == 0) return failAt(nameFailedAt);
      if (depth == maxDepth || element == ELEMENTS_END) return failAt(start);
      const entry = element;
      element += ELEMENT_BYTES;
      store<usize>(entry, name, Element.NAME);
      store<usize>(entry, open, Element.PARENT);
      store<usize>(entry, 0, Element.TEXT + Span.START);
      store<usize>(entry, attribute, Element.ATTRIBUTES);
      // Everything below depends on `at`, so this avoids a load from the slot if possible.
      at += 1 + (nameBytes < 16 ? nameBytes : load<usize>(name, Name.BYTES));

      let mark: u32 = load<u8>(at);
      if (mark != GREATER) {
        const firstAttribute = attribute;
        if (hasShapes) beginAttributes();
        while (isSpace(mark)) {
          do at++;
          while (isSpace((mark = load<u8>(at))));
          if (mark == SLASH || mark == GREATER) break;

          const keyBytes = countNameBytes(at);
          const key = internName(at, keyBytes);
          if (key == 0) return failAt(nameFailedAt);
          at += keyBytes < 16 ? keyBytes : load<usize>(key, Name.BYTES);
          if (load<u8>(at) != EQUALS) return failAt(at);
          const quote: u32 = load<u8>(at, 1);
          if (quote != QUOTE && quote != APOSTROPHE) return failAt(at + 1);

          // The `=` shows that the name is complete. The last attribute with this name counts only if it is in this
          // tag, and its entry still has the name: entries are reused.
          const last = load<usize>(key, Name.LAST_ATTRIBUTE);
          if (last >= firstAttribute && last < attribute && load<usize>(last, Attribute.NAME) == key) {
            return failAt(start);
          }
          if (attribute == ATTRIBUTES_END) return failAt(start);
          store<usize>(key, attribute, Name.LAST_ATTRIBUTE);
          store<usize>(attribute, key, Attribute.NAME);
          const value = at + 2;
          at = scanSpan(value, quote, true, attribute + Attribute.VALUE);
          if (at == 0) return 0;
          if (hasShapes) addAttribute(key, at != value);
          attribute += ATTRIBUTE_BYTES;
          at++;
          mark = load<u8>(at);
        }
      }
      store<usize>(entry, attribute, Element.ATTRIBUTES_END);

      if (mark == GREATER) {
        at++;
        // Most elements contain a short plain text and nothing else, so their end tag is within these 16 bytes.
        const bytes = v128.load(at);
        const ends = bytesEqual(bytes, LESS);
        const textEnd = at + ctz(ends);
        const below = bitsBelow(ends);
        // For an inventory, text has to be certain not to be white space.
        const isSimple = ends != 0 && (specialBytes(bytes) & below) == 0 && isEndTag(textEnd + 1, name);
        if (isSimple && (!hasShapes || (visibleBytes(bytes) & below) != 0)) {
          store<usize>(entry, at, Element.TEXT + Span.START);
          store<usize>(entry, textEnd, Element.TEXT + Span.END);
          store<usize>(entry, 0, Element.TEXT + Span.CONTENT);
          store<usize>(entry, element, Element.SUBTREE_END);
          if (hasShapes) {
            const frame = FRAMES + (depth << FRAME_SHIFT);
            if (load<usize>(entry, Element.ATTRIBUTES) == attribute) addLeaf(frame, name, true);
            else addLeafWithAttributes(frame, name, true);
          }
          at = textEnd + 3 + nameBytes;
        } else {
          if (hasShapes) {
            beginElement(FRAMES + (depth << FRAME_SHIFT), name, load<usize>(entry, Element.ATTRIBUTES) != attribute);
          }
          open = entry;
          depth++;
        }
      } else {
        if (mark != SLASH) return failAt(at);
        if (load<u8>(at, 1) != GREATER) return failAt(at + 1);
        at += 2;
        store<usize>(entry, element, Element.SUBTREE_END);
        if (hasShapes) {
          const frame = FRAMES + (depth << FRAME_SHIFT);
          if (load<usize>(entry, Element.ATTRIBUTES) == attribute) addLeaf(frame, name, false);
          else addLeafWithAttributes(frame, name, false);
        }
      }
    }
    if (open == 0) break;

    if (load<u8>(at) == LESS) continue;
    if (load<usize>(open, Element.TEXT + Span.START) == 0) {
      at = scanSpan(at, LESS, false, open + Element.TEXT);
      if (at == 0) return 0;
    } else {
      const textStart = at;
      at = scanSpan(at, LESS, false, SPARE_SPAN);
      if (at == 0) return 0;
      // White space between children has no effect if there is nothing else. Text in several pieces, which no dump
      // contains, is irregular, and for the platform, so is text in one piece with white space in others: it is a part
      // of the text.
      const blank = isBlank(textStart, at);
      if (blank && !isPlatformReading) continue;
      if (!isBlank(load<usize>(open, Element.TEXT + Span.START), load<usize>(open, Element.TEXT + Span.END))) {
        return failAt(start);
      }
      if (!blank && isPlatformReading) return failAt(start);
      store<u64>(open, load<u64>(SPARE_SPAN), Element.TEXT);
      store<usize>(open, load<usize>(SPARE_SPAN, Span.CONTENT), Element.TEXT + Span.CONTENT);
    }
  }

  elementsEnd = element;
  attributesEnd = attribute;
  return at;
}

/** Whether an element has text other than white space. */
// @ts-ignore: decorator
@inline
export function hasText(element: usize): bool {
  const start: usize = load<usize>(element, Element.TEXT + Span.START);
  if (start == 0) return false;
  const end: usize = load<usize>(element, Element.TEXT + Span.END);
  return start < end && trimStart(start, end) < end;
}

/** Whether `at`, the address after a `<`, has the end tag of a name of up to 14 bytes, without white space. */
// @ts-ignore: decorator
@inline
function isEndTag(at: usize, name: usize): bool {
  return !differ(v128.and(v128.load(at), v128.load(name, Name.CLOSE_MASK)), v128.load(name, Name.CLOSE));
}

/** A bit for each of the 16 bytes that is ASCII, and neither white space nor a control character. */
// @ts-ignore: decorator
@inline
function visibleBytes(bytes: v128): u32 {
  return i8x16.bitmask(i8x16.gt_s(bytes, i8x16.splat(SPACE as i8)));
}

/** The bits below the lowest bit that is set; all bits if none is set. */
// @ts-ignore: decorator
@inline
function bitsBelow(bits: u32): u32 {
  return (bits & -bits) - 1;
}

/** Stores text up to `<`, or a value up to its quote, in a span. Returns the end, or 0 if it fails (see `failedAt`). */
// @ts-ignore: decorator
@inline
function scanSpan(at: usize, end: u32, isValue: bool, span: usize): usize {
  store<usize>(span, at, Span.START);
  let content: usize = 0;
  for (;;) {
    const bytes = v128.load(at);
    const ends = bytesEqual(bytes, end);
    // A `"` is special, but not if it is the quote that ends the value: the mask keeps the bits below `ends` alone.
    let special = specialBytes(bytes);
    if (isValue) special |= bytesEqual(bytes, LESS);
    special &= bitsBelow(ends);
    if (special != 0) {
      const found = classifySpecial(at, special);
      if (found < 0) return 0;
      content |= found as usize;
    }
    if (ends != 0) {
      at += ctz(ends);
      break;
    }
    at += 16;
  }
  store<usize>(span, at, Span.END);
  store<usize>(span, content, Span.CONTENT);
  return at;
}

/** Reads an end tag that contains white space, or whose name has more than 14 bytes. `at` is the address after `</`. */
function readUnusualEndTag(at: usize, name: usize): usize {
  const bytes: usize = load<usize>(name, Name.BYTES);
  const expected = name + Name.ELEMENT_KEY + 2;
  for (let i: usize = 0; i < bytes; i++) {
    if (load<u8>(at + i) != load<u8>(expected + i)) return failAt(at + i);
  }
  at += bytes;
  while (isSpace(load<u8>(at))) at++;
  return load<u8>(at) == GREATER ? at + 1 : failAt(at);
}

/** Classifies the bytes marked in `special`. Returns the bits of Content, or -1 if a byte is not regular. */
function classifySpecial(at: usize, special: u32): isize {
  let content: usize = 0;
  do {
    const here = at + ctz(special);
    const byte: u32 = load<u8>(here);
    if (byte == AMPERSAND) {
      if (!checkReference(here)) {
        failedAt = referenceFailedAt;
        return -1;
      }
      content |= Content.REFERENCES;
    } else if (byte == QUOTE || byte == BACKSLASH || byte == LINE_FEED || byte == CARRIAGE_RETURN || byte == TAB) {
      content |= Content.ESCAPES;
    } else {
      failedAt = here;
      return -1;
    }
    special &= special - 1;
  } while (special != 0);
  return content as isize;
}

/** Whether checked text consists of ASCII white space alone. */
function isBlank(start: usize, end: usize): bool {
  for (let at = start; at < end; at++) {
    if (load<u8>(at) > SPACE) return false;
  }
  return true;
}
