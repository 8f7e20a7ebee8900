import type { Checkpoint } from '@discogs-extractor/state-marker';
import type { RefusedRecord } from './sink.js';

/** Of the records up to a checkpoint, the number of those that the broker did not take. */
export const countRefused = (checkpoint: Checkpoint | undefined): number => {
  const refused = checkpoint?.['refused'];
  return typeof refused === 'number' ? refused : 0;
};

/** The records of a file that the broker does not take. Each counts as confirmed once it is kept elsewhere. */
export class RefusedRecords {
  readonly #keep: (record: RefusedRecord) => Promise<void>;
  /** Numbers of the records that are being kept, or cannot be. */
  readonly #open = new Set<number>();
  readonly #keeping = new Set<Promise<void>>();
  #kept: number;
  #tombstonesBefore = Number.POSITIVE_INFINITY;
  #failure: { readonly reason: unknown } | undefined;

  /** @param keptBefore - records refused in earlier runs */
  constructor(keep: (record: RefusedRecord) => Promise<void>, keptBefore: number) {
    this.#keep = keep;
    this.#kept = keptBefore;
  }

  get kept(): number {
    return this.#kept;
  }

  add(record: RefusedRecord): void {
    const { recordNumber } = record;
    this.#open.add(recordNumber);
    const keeping = this.#keep(record)
      .then(
        () => {
          this.#open.delete(recordNumber);
          this.#kept++;
        },
        (reason: unknown) => {
          this.#failure ??= { reason };
        },
      )
      .finally(() => this.#keeping.delete(keeping));
    this.#keeping.add(keeping);
  }

  /** Notes that a message after those of the records was refused. Without it, the file is not delivered. */
  fail(reason: unknown, tombstonesBefore: number): void {
    this.#failure ??= { reason };
    this.#tombstonesBefore = Math.min(this.#tombstonesBefore, tombstonesBefore);
  }

  /** Of some tombstones, those before the first one that was refused. */
  limitTombstones(confirmed: number): number {
    return Math.min(confirmed, this.#tombstonesBefore);
  }

  /** Throws what the first record that cannot be kept was rejected with. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.reason;
  }

  /** Waits until every record is kept. Rejects if one cannot be. */
  async settle(): Promise<void> {
    await Promise.all(this.#keeping);
    this.throwIfFailed();
  }

  /** Of records 1 to `confirmed`, those before the first one that is not kept. */
  limit(confirmed: number): number {
    return Math.min(confirmed, ...[...this.#open].map((recordNumber) => recordNumber - 1));
  }
}
