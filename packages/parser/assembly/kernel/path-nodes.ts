import { EXAMPLES, EXAMPLE_BYTES, MAX_EXAMPLES, MAX_NAMES } from './layout';
import { MAX_PATH_NODES, PATH_NODES, PATH_NODE_BYTES, PATH_ROWS, PATH_ROW_BYTES } from './layout';
import { Example, PathNode } from './layout';
import { idBytes, idStart } from './assemble-messages';

/*
 * The paths of an inventory, with its counters. They form a tree, whose nodes are numbered in PATH_NODES; number 0 is
 * that of the place around the record. A node's row in PATH_ROWS has the numbers of its children, so that finding a
 * child's node takes one load: its parent's row, its name's column.
 */

/** In a row, from the column of an element to that of an attribute with the same name. */
export const ATTRIBUTE_COLUMNS: usize = 2 * (MAX_NAMES + 1);

/** The bits of PathNode.LAST that count occurrences: more than MAX_ELEMENTS. */
export const REPEATS_BITS: u64 = 20;
const REPEATS_MASK: u64 = (1 << REPEATS_BITS) - 1;

/** The number of nodes, including number 0. */
export let pathNodes: usize = 1;
/** Changes when nodes are removed. */
export let pathGeneration: usize = 0;
/** The number of entries of EXAMPLES. */
export let examples: usize = 0;
/** Whether a record could not be counted because there are too many paths. Then the inventory is of no use. */
export let inventoryFailed: bool = false;

/** A number for PathNode.LAST, without its low bits, that is larger than any before. */
let lastMark: u64 = 0;

/** Begins an inventory. Known nodes stay, without counts. */
export function clearPaths(): void {
  if (inventoryFailed) forgetPaths();
  inventoryFailed = false;
  examples = 0;
  for (let node = PATH_NODES + PATH_NODE_BYTES; node < PATH_NODES + pathNodes * PATH_NODE_BYTES; node += PATH_NODE_BYTES) {
    memory.fill(node + PathNode.RECORDS, 0, PathNode.PARENT - PathNode.RECORDS);
    store<u32>(node, 1, PathNode.MAX_REPEATS);
  }
}

/** Removes all nodes. */
export function forgetPaths(): void {
  if (examples != 0) inventoryFailed = true;
  memory.fill(PATH_ROWS, 0, pathNodes * PATH_ROW_BYTES);
  pathNodes = 1;
  pathGeneration++;
}

// @ts-ignore: decorator
@inline
export function nodeAt(number: usize): usize {
  return PATH_NODES + number * PATH_NODE_BYTES;
}

// @ts-ignore: decorator
@inline
export function rowAt(number: usize): usize {
  return PATH_ROWS + number * PATH_ROW_BYTES;
}

/** The number of the node of a child or an attribute, added if necessary; 0 if there are too many. */
// @ts-ignore: decorator
@inline
export function nodeOf(row: usize, column: usize, name: usize): usize {
  const number: usize = load<u16>(row + column);
  return number != 0 ? number : addNode(row, column, name);
}

function addNode(row: usize, column: usize, name: usize): usize {
  if (pathNodes == MAX_PATH_NODES) {
    inventoryFailed = true;
    return 0;
  }
  const number = pathNodes++;
  const node = nodeAt(number);
  memory.fill(node, 0, PATH_NODE_BYTES);
  store<u32>(node, 1, PathNode.MAX_REPEATS);
  store<u32>(node, ((row - PATH_ROWS) / PATH_ROW_BYTES), PathNode.PARENT);
  store<u32>(node, name + ((column >= ATTRIBUTE_COLUMNS) as usize), PathNode.NAME);
  store<u16>(row + column, number as u16);
  return number;
}

/** Reserves marks for the next `count` parent elements, and returns the first. The others follow in REPEATS_BITS. */
export function reserveMarks(count: usize): u64 {
  const mark = lastMark + (1 << REPEATS_BITS);
  lastMark += (count as u64) << REPEATS_BITS;
  return mark;
}

/** Counts more elements of a node within a parent element, in a record. @param mark - the parent's */
export function addRepeats(node: usize, mark: u64, count: u32, record: usize): void {
  const last = load<u64>(node, PathNode.LAST);
  const next = (last > mark ? last : mark) + count;
  store<u64>(node, next, PathNode.LAST);
  const repeats = (next & REPEATS_MASK) as u32;
  if (repeats < 2) return;
  const most = load<u32>(node, PathNode.MAX_REPEATS);
  if (most < 2 || record < load<u32>(node, PathNode.FIRST_REPEATED)) store<u32>(node, record, PathNode.FIRST_REPEATED);
  if (repeats > most) store<u32>(node, repeats, PathNode.MAX_REPEATS);
}

/** Adds occurrences. @param holds - an index into PathNode.COUNTS @param record - the first with one of them */
export function addOccurrences(node: usize, holds: usize, occurrences: u32, record: usize): void {
  const counter = node + (holds << 2);
  const before = load<u32>(counter, PathNode.COUNTS);
  store<u32>(counter, before + occurrences, PathNode.COUNTS);
  if (before == 0 || record < load<u32>(counter, PathNode.FIRST)) store<u32>(counter, record, PathNode.FIRST);
}

/** Notes the id of the current record. */
export function addExample(record: usize): void {
  const last = EXAMPLES + (examples - 1) * EXAMPLE_BYTES;
  if (examples != 0 && load<usize>(last, Example.RECORD) == record) return;
  if (examples == MAX_EXAMPLES) {
    inventoryFailed = true;
    return;
  }
  const entry = last + EXAMPLE_BYTES;
  store<u32>(entry, record, Example.RECORD);
  store<usize>(entry, idStart, Example.ID_START);
  store<usize>(entry, idBytes, Example.ID_BYTES);
  examples++;
}
