import { FRAMES as FRAMES_ADDRESS, SEED, UNITS as UNITS_ADDRESS } from './layout';
import { Name } from './interned-names';

/*
 * Sums that stand for the shapes of elements (element-shapes.ts). Pass 1 computes them, with one addition for an
 * element that is a bare leaf.
 *
 * A shape is the path of an element with what it directly has: its attributes and children, each by its name and by
 * whether it holds something, and its text. Each of these is a number of 64 bits, drawn at random for each name, and the
 * shape is the sum. The order does not matter, as it does not for the inventory. So two shapes are taken for one with a
 * probability of 2^-64. A dump has some hundreds of shapes, and 2,048 are known at a time: for one wrong pair in a dump,
 * that is a probability of less than 2^-42. Nothing can be prepared for it, since the numbers are different each time.
 */

/** The fields of an entry of FRAMES, for each open element; the first is for the place around the record. */
namespace Frame {
  /** The sum so far. */
  export const SUM: usize = 0;
  /** The number of its path: its sum as long as it has nothing. */
  export const PATH: usize = 8;
}
export const FRAME_SHIFT: u32 = 4;
export const FRAMES: usize = FRAMES_ADDRESS;
/** The sums of elements that have something. */
export const UNITS: usize = UNITS_ADDRESS;
const ATTRIBUTES_SUM: usize = SEED + 8;

/** The end of the current record's entries of UNITS. */
export let unitsEnd: usize = UNITS;

/** What text adds to a sum. */
export const TEXT_SUM: u64 = 0x9e3779b97f4a7c15;
const PATH_FACTOR: u64 = 0xd1342543de82ef95;

// Pass 1 has no registers left: so it keeps all this in memory.

// @ts-ignore: decorator
@inline
export function beginShapes(): void {
  unitsEnd = UNITS;
  store<u64>(FRAMES, load<u64>(SEED), Frame.PATH);
}

// @ts-ignore: decorator
@inline
function add(frame: usize, sum: u64): void {
  store<u64>(frame, load<u64>(frame) + sum);
}

// @ts-ignore: decorator
@inline
function addUnit(sum: u64): void {
  store<u64>(unitsEnd, sum);
  unitsEnd += 8;
}

// @ts-ignore: decorator
@inline
export function addLeaf(frame: usize, name: usize, isText: bool): void {
  add(frame, leafSum(name, isText));
}

// @ts-ignore: decorator
@inline
export function beginAttributes(): void {
  store<u64>(ATTRIBUTES_SUM, 0);
}

// @ts-ignore: decorator
@inline
export function addAttribute(name: usize, isText: bool): void {
  add(ATTRIBUTES_SUM, attributeSum(name, isText));
}

// @ts-ignore: decorator
@inline
export function addLeafWithAttributes(frame: usize, name: usize, isText: bool): void {
  addUnit(pathSum(frame, name) + load<u64>(ATTRIBUTES_SUM) + (isText ? TEXT_SUM : 0));
  add(frame, childSum(name));
}

// @ts-ignore: decorator
@inline
export function beginElement(frame: usize, name: usize, hasAttributes: bool): void {
  const path = pathSum(frame, name);
  store<u64>(frame, hasAttributes ? path + load<u64>(ATTRIBUTES_SUM) : path, 16);
  store<u64>(frame, path, 16 + Frame.PATH);
}

// @ts-ignore: decorator
@inline
export function endElement(frame: usize, name: usize, isText: bool): void {
  const sum = load<u64>(frame);
  if (sum == load<u64>(frame, Frame.PATH)) add(frame - 16, leafSum(name, isText));
  else {
    addUnit(sum + (isText ? TEXT_SUM : 0));
    add(frame - 16, childSum(name));
  }
}

// @ts-ignore: decorator
@inline
function pathSum(frame: usize, name: usize): u64 {
  return nextPathSum(load<u64>(frame, Frame.PATH), name);
}

// @ts-ignore: decorator
@inline
export function nextPathSum(parent: u64, name: usize): u64 {
  return (parent + (name as u64)) * PATH_FACTOR;
}

/** What an element adds that has neither attributes nor children. */
// @ts-ignore: decorator
@inline
export function leafSum(name: usize, isText: bool): u64 {
  return load<u64>(name + ((isText as usize) << 3), Name.LEAF_SUMS);
}

/** What an element adds that has. */
// @ts-ignore: decorator
@inline
export function childSum(name: usize): u64 {
  return load<u64>(name, Name.CHILD_SUM);
}

/** @param isText - whether its value is not empty */
// @ts-ignore: decorator
@inline
export function attributeSum(name: usize, isText: bool): u64 {
  return load<u64>(name + ((isText as usize) << 3), Name.ATTRIBUTE_SUMS);
}
