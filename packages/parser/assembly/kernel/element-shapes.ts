import { ATTRIBUTE_BYTES, ELEMENTS, ELEMENT_BYTES, MAX_SHAPES, PARTS, PARTS_END, PART_BYTES } from './layout';
import { RECORD_PATHS, RECORD_PATHS_BYTES, SEED, SHAPES, SHAPES_USED, SHAPE_BITS, SHAPE_BYTES, UNIT_BYTES } from './layout';
import { Attribute, Element, Part, PathNode, Shape, Span } from './layout';
import { Name } from './interned-names';
import { ATTRIBUTE_COLUMNS, addExample, addOccurrences, addRepeats, nodeAt, nodeOf, reserveMarks, rowAt } from './path-nodes';
import { hasText } from './scan-record';
import { TEXT_SUM, UNITS, attributeSum, childSum, leafSum, nextPathSum, unitsEnd } from './shape-sums';

/*
 * Counts the elements of records by their shapes (shape-sums.ts), because there are few: a dump of releases has some
 * hundreds. Pass 1 computes a sum for each element that is not a bare leaf, and here the counter with this sum is
 * increased. What a shape consists of is noted in PARTS when it is seen for the first time, and evaluated when the
 * inventory is finished: how often each path occurs and repeats.
 *
 * Only how many records have a path does not follow from the counters. For this, a shape has a bit for each of its
 * paths. A record's paths are all these bits together, and RECORD_PATHS adds them up.
 */

/** Of Part: what there is. */
namespace Kind {
  export const EMPTY: u32 = 0;
  export const TEXT: u32 = 1;
  /** A child that has a shape of its own. */
  export const CHILD: u32 = 2;
  /** Added to EMPTY or TEXT. */
  export const ATTRIBUTE: u32 = 4;
  /** Text of the element itself. */
  export const OWN_TEXT: u32 = 8;
}

/** A shape with more different parts is not noted. */
const MAX_SHAPE_PARTS: usize = 64;
/** Paths with higher numbers have no bit. */
const MAX_PATH_BITS: usize = 256;
/** When there are so many shapes, or parts, all are forgotten. */
const MANY_SHAPES: usize = MAX_SHAPES - (MAX_SHAPES >> 2);
const MANY_PARTS_END: usize = PARTS_END - ((PARTS_END - PARTS) >> 2);
/** Shapes beyond these are not noted: the search for a free entry has to be short. */
const MAX_NOTED_SHAPES: usize = MAX_SHAPES - (MAX_SHAPES >> 4);

/** A digit of RECORD_PATHS: a bit for each path, and one that is pending. */
const PENDING: usize = MAX_PATH_BITS >> 3;
const DIGIT_BYTES: usize = 2 * PENDING;
const MAX_COUNTED: u32 = (1 << ((RECORD_PATHS_BYTES / DIGIT_BYTES) as u32)) - 1;

/** The bits of an index into PathNode.COUNTS. */
export const HOLDS_TEXT: usize = 1;
export const HOLDS_CHILDREN: usize = 2;

/** The number of entries of SHAPES, and the end of those of PARTS and SHAPES_USED. */
let shapes: usize = 0;
let partsEnd: usize = PARTS;
let usedEnd: usize = SHAPES_USED;
/** The number of records in RECORD_PATHS. */
let counted: u32 = 0;

/** To be called when paths are forgotten. */
export function forgetShapes(): void {
  memory.fill(SHAPES, 0, MAX_SHAPES * SHAPE_BYTES);
  memory.fill(RECORD_PATHS, 0, RECORD_PATHS_BYTES);
  shapes = 0;
  partsEnd = PARTS;
  usedEnd = SHAPES_USED;
  counted = 0;
}

/** Adds the record that was read last. Returns false if it has shapes that cannot be noted. */
export function addShapes(record: usize): bool {
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  for (let unit = UNITS; unit < unitsEnd; unit += UNIT_BYTES) {
    const sum = load<u64>(unit);
    let shape = placeOf(sum);
    if (load<u64>(shape) != sum) {
      shape = findOrNote(shape, sum);
      if (shape == 0) {
        subtractShapes(unit);
        return false;
      }
    }
    const count = load<u32>(shape, Shape.COUNT);
    store<u32>(shape, count + 1, Shape.COUNT);
    if (count == 0) useShape(shape, record);
    low = v128.or(low, v128.load(shape, Shape.PATHS));
    high = v128.or(high, v128.load(shape, Shape.PATHS + 16));
  }

  // Each digit takes in two numbers at a time, so a record that comes first only leaves its bits pending.
  let digit = RECORD_PATHS;
  for (let before = counted; before & 1; before >>= 1) {
    low = addDigits(digit, low);
    high = addDigits(digit + 16, high);
    digit += DIGIT_BYTES;
  }
  v128.store(digit, low, PENDING);
  v128.store(digit + 16, high, PENDING);
  counted++;
  if (counted == MAX_COUNTED) flushRecords();

  if (shapes > MANY_SHAPES || partsEnd > MANY_PARTS_END) {
    finishShapes();
    forgetShapes();
  }
  return true;
}

/** Adds bits to a digit and to what is pending there. Returns the carry. */
// @ts-ignore: decorator
@inline
function addDigits(digit: usize, added: v128): v128 {
  const one = v128.load(digit);
  const other = v128.load(digit, PENDING);
  const differing = v128.xor(one, other);
  v128.store(digit, v128.xor(differing, added));
  return v128.or(v128.and(one, other), v128.and(differing, added));
}

/** Takes back what was added for the current record up to an entry of UNITS. */
function subtractShapes(end: usize): void {
  for (let unit = UNITS; unit < end; unit += UNIT_BYTES) {
    const sum = load<u64>(unit);
    const shape = findShape(placeOf(sum), sum);
    store<u32>(shape, load<u32>(shape, Shape.COUNT) - 1, Shape.COUNT);
  }
}

function useShape(shape: usize, record: usize): void {
  store<u32>(shape, record as u32, Shape.FIRST);
  addExample(record);
  if (load<u32>(shape, Shape.IS_USED)) return;
  store<u32>(shape, 1, Shape.IS_USED);
  store<usize>(usedEnd, shape);
  usedEnd += 4;
}

// @ts-ignore: decorator
@inline
function placeOf(sum: u64): usize {
  return SHAPES + ((sum >> (64 - SHAPE_BITS)) as usize) * SHAPE_BYTES;
}

/** The shape with a sum, or a free entry. @param shape - where to begin */
function findShape(shape: usize, sum: u64): usize {
  while (load<u64>(shape) != sum && load<u64>(shape) != 0) {
    shape = shape + SHAPE_BYTES == SHAPES + MAX_SHAPES * SHAPE_BYTES ? SHAPES : shape + SHAPE_BYTES;
  }
  return shape;
}

/** The shape with a sum, which is one of the current record. Returns 0 if it cannot be noted. */
function findOrNote(shape: usize, sum: u64): usize {
  shape = findShape(shape, sum);
  if (load<u64>(shape) != 0) return shape;
  if (!noteShapes(ELEMENTS, 0, load<u64>(SEED))) return 0;
  shape = findShape(shape, sum);
  return load<u64>(shape) != 0 ? shape : 0;
}

/** Notes the shapes of an element and of those within it. Returns false if one cannot be noted. */
function noteShapes(element: usize, parentPath: usize, parentSum: u64): bool {
  const name: usize = load<usize>(element, Element.NAME);
  const path = nodeOf(rowAt(parentPath), load<usize>(name, Name.COLUMN), name);
  const start = nextPathSum(parentSum, name);
  let sum = start;
  const attributesEnd: usize = load<usize>(element, Element.ATTRIBUTES_END);
  for (let at: usize = load<usize>(element, Element.ATTRIBUTES); at < attributesEnd; at += ATTRIBUTE_BYTES) {
    sum += attributeSum(load<usize>(at, Attribute.NAME), hasValue(at));
  }
  const end: usize = load<usize>(element, Element.SUBTREE_END);
  for (let child = element + ELEMENT_BYTES; child < end; child = load<usize>(child, Element.SUBTREE_END)) {
    const childName: usize = load<usize>(child, Element.NAME);
    if (isLeaf(child)) sum += leafSum(childName, hasText(child));
    else {
      if (!noteShapes(child, path, start)) return false;
      sum += childSum(childName);
    }
  }
  if (hasText(element)) sum += TEXT_SUM;
  const shape = findShape(placeOf(sum), sum);
  return load<u64>(shape) != 0 || noteShape(shape, element, path, sum);
}

function noteShape(shape: usize, element: usize, path: usize, sum: u64): bool {
  if (shapes == MAX_NOTED_SHAPES || partsEnd + MAX_SHAPE_PARTS * PART_BYTES > PARTS_END) return false;
  store<u32>(shape, path, Shape.PATH);
  store<usize>(shape, partsEnd, Shape.PARTS);
  let canBeNoted = addBit(shape, path);
  const row = rowAt(path);
  const attributesEnd: usize = load<usize>(element, Element.ATTRIBUTES_END);
  for (let at: usize = load<usize>(element, Element.ATTRIBUTES); at < attributesEnd; at += ATTRIBUTE_BYTES) {
    const name: usize = load<usize>(at, Attribute.NAME);
    const node = nodeOf(row, ATTRIBUTE_COLUMNS + load<usize>(name, Name.COLUMN), name);
    canBeNoted = addPart(shape, node, Kind.ATTRIBUTE | (hasValue(at) as u32)) && canBeNoted;
  }
  const end: usize = load<usize>(element, Element.SUBTREE_END);
  for (let child = element + ELEMENT_BYTES; child < end; child = load<usize>(child, Element.SUBTREE_END)) {
    const name: usize = load<usize>(child, Element.NAME);
    const node = nodeOf(row, load<usize>(name, Name.COLUMN), name);
    canBeNoted = addPart(shape, node, isLeaf(child) ? (hasText(child) as u32) : Kind.CHILD) && canBeNoted;
  }
  if (hasText(element)) canBeNoted = addPart(shape, path, Kind.OWN_TEXT) && canBeNoted;
  if (!canBeNoted) {
    partsEnd = load<usize>(shape, Shape.PARTS);
    memory.fill(shape, 0, SHAPE_BYTES);
    return false;
  }
  store<usize>(shape, partsEnd, Shape.PARTS_END);
  store<u64>(shape, sum);
  shapes++;
  return true;
}

// @ts-ignore: decorator
@inline
function hasValue(attribute: usize): bool {
  return load<usize>(attribute, Attribute.VALUE + Span.START) != load<usize>(attribute, Attribute.VALUE + Span.END);
}

/** Whether an element has neither attributes nor children. */
// @ts-ignore: decorator
@inline
function isLeaf(element: usize): bool {
  return (
    load<usize>(element, Element.SUBTREE_END) == element + ELEMENT_BYTES &&
    load<usize>(element, Element.ATTRIBUTES) == load<usize>(element, Element.ATTRIBUTES_END)
  );
}

/** Adds a part to a shape. Returns false if that is not possible. */
function addPart(shape: usize, path: usize, kind: u32): bool {
  if (!addBit(shape, path)) return false;
  let part: usize = load<usize>(shape, Shape.PARTS);
  for (; part < partsEnd; part += PART_BYTES) {
    if (load<u16>(part, Part.PATH) == path && load<u16>(part, Part.KIND) == kind) break;
  }
  if (part == partsEnd) {
    if (part - load<usize>(shape, Shape.PARTS) == MAX_SHAPE_PARTS * PART_BYTES) return false;
    store<u16>(part, path as u16, Part.PATH);
    store<u16>(part, kind as u16, Part.KIND);
    store<u32>(part, 0, Part.COUNT);
    partsEnd += PART_BYTES;
  }
  store<u32>(part, load<u32>(part, Part.COUNT) + 1, Part.COUNT);
  return true;
}

/** Sets a path's bit. Returns false if it has none. */
function addBit(shape: usize, path: usize): bool {
  if (path == 0 || path >= MAX_PATH_BITS) return false;
  const byte = shape + (path >> 3);
  store<u8>(byte, load<u8>(byte, Shape.PATHS) | (1 << ((path & 7) as u8)), Shape.PATHS);
  return true;
}

/** Adds the counts of shapes to those of paths, and resets them. */
export function finishShapes(): void {
  flushRecords();
  for (let used = SHAPES_USED; used < usedEnd; used += 4) {
    const shape: usize = load<usize>(used);
    if (load<u32>(shape, Shape.COUNT) != 0) finishShape(shape, load<u32>(shape, Shape.COUNT));
    store<u32>(shape, 0, Shape.COUNT);
    store<u32>(shape, 0, Shape.IS_USED);
  }
  usedEnd = SHAPES_USED;
}

function finishShape(shape: usize, elements: u32): void {
  const record: usize = load<usize>(shape, Shape.FIRST);
  const mark = reserveMarks(1);
  const end: usize = load<usize>(shape, Shape.PARTS_END);
  let holds: usize = 0;
  for (let part: usize = load<usize>(shape, Shape.PARTS); part < end; part += PART_BYTES) {
    const node = nodeAt(load<u16>(part, Part.PATH));
    const kind: u32 = load<u16>(part, Part.KIND);
    const count = load<u32>(part, Part.COUNT);
    if (kind == Kind.OWN_TEXT) {
      holds |= HOLDS_TEXT;
      continue;
    }
    if (kind < Kind.ATTRIBUTE) {
      holds |= HOLDS_CHILDREN;
      addRepeats(node, mark, count, record);
    }
    if (kind != Kind.CHILD) addOccurrences(node, kind & HOLDS_TEXT, count * elements, record);
  }
  addOccurrences(nodeAt(load<u32>(shape, Shape.PATH)), holds, elements, record);
}

/** Adds the numbers in RECORD_PATHS to those of paths, and resets them. */
function flushRecords(): void {
  let digit = RECORD_PATHS;
  for (let weight: u32 = 1; weight <= counted; weight <<= 1) {
    addRecords(digit, weight);
    if (counted & weight) addRecords(digit + PENDING, weight);
    digit += DIGIT_BYTES;
  }
  memory.fill(RECORD_PATHS, 0, RECORD_PATHS_BYTES);
  counted = 0;
}

function addRecords(bits: usize, weight: u32): void {
  for (let word: usize = 0; word < MAX_PATH_BITS; word += 64) {
    for (let rest = load<u64>(bits + (word >> 3)); rest != 0; rest &= rest - 1) {
      const node = nodeAt(word + (ctz(rest) as usize));
      store<u32>(node, load<u32>(node, PathNode.RECORDS) + weight, PathNode.RECORDS);
    }
  }
}
