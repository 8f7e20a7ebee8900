import { parseInventory } from '@discogs-extractor/data-quality/drift';
import {
  addInventory,
  type BlockInventory,
  createInventory,
  type DataType,
  type RecordInventory,
} from '@discogs-extractor/parser';
import { readIfThere, remove, save } from './drift-files.js';

const DEFAULT_MIN_INTERVAL_MS = 5_000;

export interface FileInventoryOptions {
  /** Path of the file that keeps it between runs. */
  readonly path: string;
  readonly dataType: DataType;
  /** SHA-256 of the dump file: what was kept of another one is of no use. */
  readonly sha256: string;
  /** Time between two writes of that file, in milliseconds. @default 5000 */
  readonly minIntervalMs?: number | undefined;
}

/**
 * The inventory of a dump file that may be delivered in several runs. What is known of confirmed records is kept in a
 * file, so that the next run need not look at them again. Without it, everything is looked at again: the result is the
 * same.
 */
export class FileInventory {
  readonly #options: FileInventoryOptions;
  readonly #total: RecordInventory;
  /** Records 1 to this one are in the total. */
  #after: number;
  readonly #pending: BlockInventory[] = [];
  #keptAt = performance.now();

  private constructor(options: FileInventoryOptions, after: number, total: RecordInventory) {
    this.#options = options;
    this.#after = after;
    this.#total = total;
  }

  /**
   * Goes on with what an earlier run kept, if it is of no records past `resumedAfter`.
   *
   * @throws ExtractorError `INVENTORY_FAILED`
   */
  static async open(options: FileInventoryOptions, resumedAfter: number): Promise<FileInventory> {
    const { path, dataType, sha256 } = options;
    const kept = parseKept(await readIfThere(path));
    if (kept?.sha256 === sha256 && kept.inventory.dataType === dataType && kept.after <= resumedAfter) {
      return new FileInventory(options, kept.after, kept.inventory);
    }
    // It must not be there when this run has more records than it.
    await remove(path);
    return new FileInventory(options, 0, createInventory(dataType));
  }

  /** The inventory has to be taken of the records after this one. */
  get after(): number {
    return this.#after;
  }

  add(block: BlockInventory): void {
    this.#pending.push(block);
  }

  /**
   * Keeps what is known of the records up to `confirmed`, if the last time was long enough ago. The state marker must
   * have them as confirmed.
   *
   * @throws ExtractorError `INVENTORY_FAILED`
   */
  async keep(confirmed: number): Promise<void> {
    const { minIntervalMs = DEFAULT_MIN_INTERVAL_MS } = this.#options;
    if (performance.now() - this.#keptAt < minIntervalMs || !this.#merge(confirmed)) return;
    this.#keptAt = performance.now();
    const kept: Kept = { after: this.#after, sha256: this.#options.sha256, inventory: this.#total };
    await save(this.#options.path, JSON.stringify(kept));
  }

  /** The inventory of everything that was added. */
  whole(): RecordInventory {
    this.#merge(Number.POSITIVE_INFINITY);
    return this.#total;
  }

  /** Removes the file. @throws ExtractorError `INVENTORY_FAILED` */
  discard(): Promise<void> {
    return remove(this.#options.path);
  }

  #merge(confirmed: number): boolean {
    const before = this.#after;
    while (this.#pending[0] !== undefined && this.#pending[0].lastRecord <= confirmed) {
      const block = this.#pending.shift()!;
      addInventory(this.#total, block);
      this.#after = block.lastRecord;
    }
    return this.#after > before;
  }
}

interface Kept {
  readonly after: number;
  readonly sha256: string;
  readonly inventory: RecordInventory;
}

/** `undefined` if it is damaged, too. */
const parseKept = (text: string | undefined): Kept | undefined => {
  if (text === undefined) return undefined;
  try {
    const kept = JSON.parse(text) as Kept;
    parseInventory(JSON.stringify(kept.inventory));
    return Number.isSafeInteger(kept.after) && kept.after > 0 ? kept : undefined;
  } catch {
    return undefined;
  }
};
