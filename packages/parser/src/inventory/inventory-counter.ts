import type { DataType } from '../data-type.js';
import type { Element } from '../record/element.js';
import type { BlockInventory, Occurrences, PathInventory, RecordReference } from '../record-inventory.js';
import { byKept, MAX_INVENTORY_PATHS } from './add-inventory.js';

/**
 * The numbers of a path, as the kernel has them (`PathNode` in `assembly/kernel/layout.ts`): records, largest number in
 * a parent, occurrences by what they hold (nothing, text, child elements, both), the first record of each of these,
 * and the first record in which it repeats. Records are counted from 0, in a block.
 */
export const PATH_WIDTH = 11;
const RECORDS = 0;
const MAX_REPEATS = 1;
const COUNTS = 2;
const FIRST = 6;
const FIRST_REPEATED = 10;

const NO_NUMBERS: readonly number[] = new Array<number>(PATH_WIDTH).fill(0);

/** What an occurrence holds, as an index into the four numbers of each. */
const NOTHING = 0;
const TEXT = 1;
const CHILDREN = 2;
const TEXT_AND_CHILDREN = TEXT + CHILDREN;

/** The inventory of a block as it goes from thread to thread: a few plain values, not an object per path. */
export interface InventoryCounts {
  /** One per line. */
  paths: string;
  /** {@link PATH_WIDTH} numbers for each path. */
  numbers: Int32Array;
  /** The records that `numbers` names as the first ones, and their ids. */
  examples: number[];
  ids: string[];
  uncounted: number;
}

/** Counts what a block's records have. */
export class InventoryCounter {
  readonly #rows = new Map<string, number[]>();
  readonly #ids = new Map<number, string>();
  #uncounted = 0;

  /** @param index - of the record, counted from the block's first */
  addRecord(record: Element, index: number, id: string): void {
    const seen = new Set<number[]>();
    const take = (path: string, holds: number, repeats: number): void => {
      let row = this.#rows.get(path);
      if (row === undefined) {
        row = NO_NUMBERS.slice();
        this.#rows.set(path, row);
      }
      if (!seen.has(row)) row[RECORDS]!++;
      seen.add(row);
      if (row[COUNTS + holds] === 0) {
        row[FIRST + holds] = index;
        this.#ids.set(index, id);
      }
      row[COUNTS + holds]!++;
      if (repeats > 1 && row[MAX_REPEATS]! < 2) {
        row[FIRST_REPEATED] = index;
        this.#ids.set(index, id);
      }
      row[MAX_REPEATS] = Math.max(row[MAX_REPEATS]!, repeats);
    };
    const walk = ({ attributes, children, text }: Element, path: string, repeats: number): void => {
      take(path, (text === '' ? NOTHING : TEXT) + (children === undefined ? NOTHING : CHILDREN), repeats);
      for (const [name, value] of attributes ?? []) take(`${path}/@${name}`, value === '' ? NOTHING : TEXT, 1);
      for (const [name, same] of children ?? []) {
        for (const child of same) walk(child, `${path}/${name}`, same.length);
      }
    };
    walk(record, record.name, 1);
    this.#bound();
  }

  /**
   * Adds a path of other records of the block.
   *
   * @param numbers - {@link PATH_WIDTH} numbers from `at` on
   * @param idOf - the id of a record that they name as a first one
   */
  addPath(path: string, numbers: Int32Array, at: number, idOf: (index: number) => string): void {
    const noteFirst = (index: number): number => {
      if (!this.#ids.has(index)) this.#ids.set(index, idOf(index));
      return index;
    };
    let row = this.#rows.get(path);
    if (row === undefined) {
      row = NO_NUMBERS.slice();
      this.#rows.set(path, row);
    }
    for (let holds = 0; holds < 4; holds++) {
      const count = numbers[at + COUNTS + holds]!;
      if (count === 0) continue;
      const first = numbers[at + FIRST + holds]!;
      if (row[COUNTS + holds] === 0 || first < row[FIRST + holds]!) row[FIRST + holds] = noteFirst(first);
      row[COUNTS + holds]! += count;
    }
    const repeats = numbers[at + MAX_REPEATS]!;
    if (repeats > 1) {
      const first = numbers[at + FIRST_REPEATED]!;
      if (row[MAX_REPEATS]! < 2 || first < row[FIRST_REPEATED]!) row[FIRST_REPEATED] = noteFirst(first);
    }
    if (repeats > row[MAX_REPEATS]!) row[MAX_REPEATS] = repeats;
    row[RECORDS]! += numbers[at + RECORDS]!;
  }

  /** The inventory; `undefined` of no records. */
  finish(): InventoryCounts | undefined {
    if (this.#rows.size === 0) return undefined;
    this.#bound(0);
    const numbers = new Int32Array(PATH_WIDTH * this.#rows.size);
    const examples = new Set<number>();
    let at = 0;
    for (const row of this.#rows.values()) {
      numbers.set(row, at);
      at += PATH_WIDTH;
      for (let holds = 0; holds < 4; holds++) if (row[COUNTS + holds]! > 0) examples.add(row[FIRST + holds]!);
      if (row[MAX_REPEATS]! > 1) examples.add(row[FIRST_REPEATED]!);
    }
    return {
      paths: [...this.#rows.keys()].join('\n'),
      numbers,
      examples: [...examples],
      ids: [...examples].map((index) => this.#ids.get(index)!),
      uncounted: this.#uncounted,
    };
  }

  /** Removes paths when there are `slack` too many: to sort them for each record would take long. */
  #bound(slack = MAX_INVENTORY_PATHS): void {
    if (this.#rows.size <= MAX_INVENTORY_PATHS + slack) return;
    for (const path of [...this.#rows.keys()].sort(byKept).slice(MAX_INVENTORY_PATHS)) {
      for (const count of this.#rows.get(path)!.slice(COUNTS, FIRST)) this.#uncounted += count;
      this.#rows.delete(path);
    }
  }
}

/**
 * The inventory of a block's records from index `from` up to, but without, index `to`.
 *
 * @param recordsBefore - how many records of the dump are before the block
 */
export const inventoryOf = (
  { paths, numbers, examples, ids, uncounted }: InventoryCounts,
  dataType: DataType,
  { recordsBefore, from, to }: { recordsBefore: number; from: number; to: number },
): BlockInventory => {
  const references = new Map<number, RecordReference>();
  for (const [at, index] of examples.entries())
    references.set(index, { number: recordsBefore + index + 1, id: ids[at]! });
  const inventory: Record<string, PathInventory> = {};
  let at = 0;
  for (const path of paths.split('\n')) {
    inventory[path] = pathOf(numbers.subarray(at, at + PATH_WIDTH), references);
    at += PATH_WIDTH;
  }
  return {
    dataType,
    records: to - from,
    paths: inventory,
    uncounted,
    firstRecord: recordsBefore + from + 1,
    lastRecord: recordsBefore + to,
  };
};

const pathOf = (row: Int32Array, references: ReadonlyMap<number, RecordReference>): PathInventory => {
  let first = Number.POSITIVE_INFINITY;
  let occurrences = 0;
  for (let holds = 0; holds < 4; holds++) {
    if (row[COUNTS + holds]! === 0) continue;
    occurrences += row[COUNTS + holds]!;
    first = Math.min(first, row[FIRST + holds]!);
  }
  const path: PathInventory = {
    records: row[RECORDS]!,
    occurrences,
    maxRepeats: row[MAX_REPEATS]!,
    first: references.get(first)!,
  };
  if (row[MAX_REPEATS]! > 1) path.firstRepeated = references.get(row[FIRST_REPEATED]!)!;
  const text = occurrencesOf(row, TEXT, TEXT_AND_CHILDREN, references);
  if (text !== undefined) path.text = text;
  const children = occurrencesOf(row, CHILDREN, TEXT_AND_CHILDREN, references);
  if (children !== undefined) path.children = children;
  const empty = occurrencesOf(row, NOTHING, NOTHING, references);
  if (empty !== undefined) path.empty = empty;
  return path;
};

/** The occurrences that hold one of two things, which may be the same. */
const occurrencesOf = (
  row: Int32Array,
  one: number,
  other: number,
  references: ReadonlyMap<number, RecordReference>,
): Occurrences | undefined => {
  const ones = row[COUNTS + one]!;
  const others = one === other ? 0 : row[COUNTS + other]!;
  if (ones + others === 0) return undefined;
  const isFirst = others === 0 || (ones > 0 && row[FIRST + one]! <= row[FIRST + other]!);
  return { count: ones + others, first: references.get(row[FIRST + (isFirst ? one : other)]!)! };
};
