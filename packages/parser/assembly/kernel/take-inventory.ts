import { ATTRIBUTE_BYTES, ELEMENTS, ELEMENT_BYTES, EXAMPLES, EXAMPLE_BYTES, MAX_NAMES } from './layout';
import { MAX_PATH_NODES, PATH_NODES, PATH_NODE_BYTES, PATH_ROWS, PATH_ROW_BYTES } from './layout';
import { Attribute, Element, Example, PathNode, Span } from './layout';
import { idBytes, idStart } from './assemble-messages';
import { Name } from './interned-names';
import { trimStart } from './json-strings';
import { elementsEnd } from './scan-record';

/*
 * Takes the inventory of records: which paths they have, how often, and what is there.
 *
 * The paths form a tree, whose nodes are numbered in PATH_NODES; number 0 is that of the place around the record. A
 * node's row in PATH_ROWS has the numbers of its children, so that finding an element's node takes one load: its
 * parent's row, its name's column. The walk over ELEMENTS leaves in each entry's field PARENT the address of the
 * element's row, where its children find it.
 *
 * Almost nothing branches on what a record is like: releases differ so much that mispredicted branches would cost more
 * than all the rest.
 */

/** The bits of PathNode.LAST that count occurrences: more than MAX_ELEMENTS. */
const REPEATS_BITS: u64 = 20;
const REPEATS_MASK: u64 = (1 << REPEATS_BITS) - 1;
/** From the bytes between two entries of ELEMENTS to the difference of their numbers in PathNode.LAST. */
const PARENT_SHIFT: u64 = REPEATS_BITS - 5;

const ATTRIBUTE_COLUMNS: usize = 2 * (MAX_NAMES + 1);

/** The number of nodes, including number 0. */
export let pathNodes: usize = 1;
/** Changes when nodes are removed. */
export let pathGeneration: usize = 0;
/** The number of entries of EXAMPLES. */
export let examples: usize = 0;
/** Whether a record could not be counted because there are too many paths. Then the inventory is of no use. */
export let inventoryFailed: bool = false;

/** In PathNode.LAST: the current record. */
let recordMark: u64 = 1 << REPEATS_BITS;
let currentRecord: usize = 0;

/** Begins an inventory. Known nodes stay, without counts. */
export function beginInventory(): void {
  if (inventoryFailed) forgetPaths();
  inventoryFailed = false;
  examples = 0;
  for (let node = PATH_NODES + PATH_NODE_BYTES; node < PATH_NODES + pathNodes * PATH_NODE_BYTES; node += PATH_NODE_BYTES) {
    memory.fill(node + PathNode.RECORDS, 0, PathNode.PARENT - PathNode.RECORDS);
    store<u32>(node, 1, PathNode.MAX_REPEATS);
  }
}

/** Removes all nodes. To be called when names are forgotten: nodes refer to their slots. */
export function forgetPaths(): void {
  if (examples != 0) inventoryFailed = true;
  memory.fill(PATH_ROWS, 0, pathNodes * PATH_ROW_BYTES);
  pathNodes = 1;
  pathGeneration++;
}

/** Adds the record in ELEMENTS. Its fields PARENT are overwritten. */
export function addToInventory(record: usize): void {
  if (inventoryFailed) return;
  currentRecord = record;
  const mark = recordMark;
  let row = PATH_ROWS;
  let parentMark = mark;
  for (let element = ELEMENTS; ; ) {
    const number = nodeOf(row, load<usize>(load<usize>(element, Element.NAME), Name.COLUMN), element, Element.NAME);
    if (number == 0) return;
    const node = PATH_NODES + number * PATH_NODE_BYTES;
    row = PATH_ROWS + number * PATH_ROW_BYTES;
    store<usize>(element, row, Element.PARENT);

    const last = load<u64>(node, PathNode.LAST);
    store<u32>(node, load<u32>(node, PathNode.RECORDS) + (last < mark), PathNode.RECORDS);
    const next = (last > parentMark ? last : parentMark) + 1;
    store<u64>(node, next, PathNode.LAST);
    const repeats = (next & REPEATS_MASK) as u32;
    if (repeats > load<u32>(node, PathNode.MAX_REPEATS)) raiseRepeats(node, repeats);

    const hasChildren: usize = load<usize>(element, Element.SUBTREE_END) != element + ELEMENT_BYTES ? 2 : 0;
    count(node, hasChildren | (hasText(element) as usize));

    const end: usize = load<usize>(element, Element.ATTRIBUTES_END);
    for (let attribute: usize = load<usize>(element, Element.ATTRIBUTES); attribute < end; attribute += ATTRIBUTE_BYTES) {
      const column = ATTRIBUTE_COLUMNS + load<usize>(load<usize>(attribute, Attribute.NAME), Name.COLUMN);
      const number = nodeOf(row, column, attribute, Attribute.NAME);
      if (number == 0) return;
      const node = PATH_NODES + number * PATH_NODE_BYTES;
      store<u32>(node, load<u32>(node, PathNode.RECORDS) + (load<u64>(node, PathNode.LAST) < mark), PathNode.RECORDS);
      store<u64>(node, mark, PathNode.LAST);
      const value = load<usize>(attribute, Attribute.VALUE + Span.START);
      count(node, (value < load<usize>(attribute, Attribute.VALUE + Span.END)) as usize);
    }

    element += ELEMENT_BYTES;
    if (element == elementsEnd) break;
    const parent: usize = load<usize>(element, Element.PARENT);
    row = load<usize>(parent, Element.PARENT);
    parentMark = mark + (((parent - ELEMENTS) as u64) << PARENT_SHIFT);
  }
  recordMark = mark + (((elementsEnd - ELEMENTS) as u64) << PARENT_SHIFT);
}

/** The number of the node of a child or an attribute; 0 if there are too many. */
// @ts-ignore: decorator
@inline
function nodeOf(row: usize, column: usize, entry: usize, nameField: usize): usize {
  const number: usize = load<u16>(row + column);
  return number != 0 ? number : addNode(row, column, load<usize>(entry + nameField));
}

function addNode(row: usize, column: usize, name: usize): usize {
  if (pathNodes == MAX_PATH_NODES) {
    inventoryFailed = true;
    return 0;
  }
  const number = pathNodes++;
  const node = PATH_NODES + number * PATH_NODE_BYTES;
  memory.fill(node, 0, PATH_NODE_BYTES);
  store<u32>(node, 1, PathNode.MAX_REPEATS);
  store<u32>(node, ((row - PATH_ROWS) / PATH_ROW_BYTES), PathNode.PARENT);
  store<u32>(node, name + ((column >= ATTRIBUTE_COLUMNS) as usize), PathNode.NAME);
  store<u16>(row + column, number as u16);
  return number;
}

/** Counts an occurrence. @param holds - an index into PathNode.COUNTS */
// @ts-ignore: decorator
@inline
function count(node: usize, holds: usize): void {
  const counter = node + (holds << 2);
  const before = load<u32>(counter, PathNode.COUNTS);
  store<u32>(counter, before + 1, PathNode.COUNTS);
  if (before == 0) store<u32>(counter, example(), PathNode.FIRST);
}

// @ts-ignore: decorator
@inline
function hasText(element: usize): bool {
  const start: usize = load<usize>(element, Element.TEXT + Span.START);
  const end: usize = load<usize>(element, Element.TEXT + Span.END);
  return start != 0 && start < end && trimStart(start, end) < end;
}

function raiseRepeats(node: usize, repeats: u32): void {
  store<u32>(node, repeats, PathNode.MAX_REPEATS);
  if (repeats == 2) store<u32>(node, example(), PathNode.FIRST_REPEATED);
}

/** Notes the current record's id, and returns its number. */
function example(): u32 {
  const last = EXAMPLES + (examples - 1) * EXAMPLE_BYTES;
  if (examples == 0 || load<u32>(last, Example.RECORD) != currentRecord) {
    const entry = last + EXAMPLE_BYTES;
    store<u32>(entry, currentRecord, Example.RECORD);
    store<usize>(entry, idStart, Example.ID_START);
    store<usize>(entry, idBytes, Example.ID_BYTES);
    examples++;
  }
  return currentRecord as u32;
}
