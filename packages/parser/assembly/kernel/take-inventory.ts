import { ATTRIBUTE_BYTES, ELEMENTS, ELEMENT_BYTES } from './layout';
import { Attribute, Element, PathNode, Span } from './layout';
import { Name } from './interned-names';
import { HOLDS_CHILDREN, HOLDS_TEXT, addShapes, finishShapes, forgetShapes } from './element-shapes';
import { ATTRIBUTE_COLUMNS, REPEATS_BITS, addExample, addOccurrences, addRepeats, clearPaths, forgetPaths } from './path-nodes';
import { inventoryFailed, nodeAt, nodeOf, reserveMarks, rowAt } from './path-nodes';
import { elementsEnd, hasText } from './scan-record';

/*
 * Takes the inventory of records: which paths they have, how often, and what is there.
 *
 * Almost all records are counted by their shapes (element-shapes.ts). The others are counted here, element by element.
 */

/** Begins an inventory. */
export function beginInventory(): void {
  if (inventoryFailed) forgetInventory();
  finishShapes();
  clearPaths();
}

/** Completes the counters of paths. */
export function finishInventory(): void {
  if (!inventoryFailed) finishShapes();
}

/** To be called when names are forgotten: paths refer to their slots. */
export function forgetInventory(): void {
  forgetShapes();
  forgetPaths();
}

/** Adds the record in ELEMENTS. If it has uncommon shapes, its fields PARENT are overwritten. */
export function addToInventory(record: usize): void {
  if (inventoryFailed || addShapes(record)) return;
  addExample(record);
  const marks = reserveMarks((elementsEnd - ELEMENTS) / ELEMENT_BYTES + 1);
  let row = rowAt(0);
  let parentMark = marks;
  for (let element = ELEMENTS; ; ) {
    const number = nodeOf(row, load<usize>(load<usize>(element, Element.NAME), Name.COLUMN), load<usize>(element, Element.NAME));
    if (number == 0) return;
    const node = nodeAt(number);
    row = rowAt(number);
    // Children find the row where their parent was noted.
    store<usize>(element, row, Element.PARENT);
    addRecord(node, marks);
    addRepeats(node, parentMark, 1, record);
    const hasChildren = load<usize>(element, Element.SUBTREE_END) != element + ELEMENT_BYTES;
    addOccurrences(node, (hasChildren ? HOLDS_CHILDREN : 0) | (hasText(element) ? HOLDS_TEXT : 0), 1, record);

    const end: usize = load<usize>(element, Element.ATTRIBUTES_END);
    for (let attribute: usize = load<usize>(element, Element.ATTRIBUTES); attribute < end; attribute += ATTRIBUTE_BYTES) {
      const name: usize = load<usize>(attribute, Attribute.NAME);
      const number = nodeOf(row, ATTRIBUTE_COLUMNS + load<usize>(name, Name.COLUMN), name);
      if (number == 0) return;
      const node = nodeAt(number);
      addRecord(node, marks);
      store<u64>(node, marks, PathNode.LAST);
      const value = load<usize>(attribute, Attribute.VALUE + Span.START);
      const isEmpty = value == load<usize>(attribute, Attribute.VALUE + Span.END);
      addOccurrences(node, isEmpty ? 0 : HOLDS_TEXT, 1, record);
    }

    element += ELEMENT_BYTES;
    if (element == elementsEnd) break;
    const parent: usize = load<usize>(element, Element.PARENT);
    row = load<usize>(parent, Element.PARENT);
    parentMark = marks + ((((parent - ELEMENTS) / ELEMENT_BYTES + 1) as u64) << REPEATS_BITS);
  }
}

/** Counts the record for a node, if it is the record's first. */
// @ts-ignore: decorator
@inline
function addRecord(node: usize, marks: u64): void {
  const isFirst = load<u64>(node, PathNode.LAST) < marks;
  store<u32>(node, load<u32>(node, PathNode.RECORDS) + (isFirst as u32), PathNode.RECORDS);
}
