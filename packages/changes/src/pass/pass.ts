import type { StoreDatabase } from '../database/store-database.js';
import { ChangesError, illegalStepError } from '../errors.js';
import { BlockReader } from '../ids/block-reader.js';
import { SAME } from '../ids/id-block.js';
import type { SinkIds } from '../ids/sink-ids.js';
import { checks } from '../option-checks.js';
import { type IdKey, keyOf, UNKNOWN_ID } from '../record-id.js';
import { copyHash, createHashes, HASH_WORDS, type Hashes, hexOf } from '../sha256.js';
import type { Intents } from './intents.js';
import { DEFAULT_MAX_DELETED_PERCENT, exceedsMaxDeleted } from './max-deleted.js';
import { type PassState, writePassState } from './pass-state.js';
import { PendingRecords, PUBLISHED, UNCHANGED } from './pending-records.js';

/**
 * Which records a pass sends:
 *
 * - `changed`: those that the sink does not have with this hash, and deletions.
 * - `all`: every record, and no deletions. Ids that the dump lacks stay in the store, so that a later pass with
 *   `changed` reports them.
 * - `forced`: every record, and deletions. A pass that began like this is resumed like this.
 */
export type PassMode = 'changed' | 'all' | 'forced';

/** Some consecutive records of a dump, in order. The parser's `EncodedBlock` is one. */
export interface RecordBlock {
  /** The numbers of the first and the last record that the block stands for, counted from 1. */
  readonly firstRecord: number;
  readonly lastRecord: number;
  /** How many records are in it. Fewer than its numbers if some of them are delivered nowhere. */
  readonly count: number;
  /** The number, the id and the SHA-256 (64 hexadecimal digits) of record `index`, counted from 0. */
  number(index: number): number;
  id(index: number): string;
  sha256(index: number): string;
  /**
   * Optional, and faster than {@link id} for each: writes the ids of all records in order. `NaN` for those that are not a
   * whole number of up to 15 digits without leading zeros; these are asked for with {@link id}.
   */
  readNumericIds?(into: Float64Array): void;
  /** Optional, and faster than {@link sha256} for each: writes the SHA-256 of all records in order, 32 bytes for each. */
  readHashes?(into: Uint8Array): void;
}

/** What to do with the records of a block. */
export interface Decision {
  /** By index in the block: 1 for a record to send, 0 for one that the sink has. */
  readonly send: Uint8Array;
  /** How many are to be sent. */
  readonly sendCount: number;
}

/** A decision that is made, but may not be on the disk yet. */
export interface PendingDecision extends Decision {
  /** Resolves when the records may be sent. To be awaited: it rejects with what {@link Pass.decide} throws. */
  readonly durable: Promise<void>;
}

/** An id that the sink has and the dump has not. */
export interface Deletion {
  /** 1 for the first deletion of the pass, over all runs of it. */
  readonly number: number;
  readonly id: string;
  /** SHA-256 of the record that the sink has, or was sent last, 64 lower-case hexadecimal digits. */
  readonly lastSha256: string;
}

/** What a pass over a whole dump did, over all runs of it. */
export interface PassCounts {
  /** Records that were sent, without repeats. */
  readonly published: number;
  /** Records that the sink had. */
  readonly unchanged: number;
  /** Ids that were deleted. */
  readonly deleted: number;
}

/** What is left to delete. */
export interface DeletionPlan {
  /** Deletions that are not confirmed yet. 0 with the mode `all`, or if they are withheld. */
  readonly deletions: number;
  /** Ids that are missing in the dump, whether they are deleted or not. */
  readonly missing: number;
  /** Ids that the sink has. */
  readonly ids: number;
  /** Why nothing is deleted in this pass, as it was passed to {@link Pass.withholdDeletions}. */
  readonly withheldBecause: string | undefined;
}

/** Options of {@link Pass.endRecords}. */
export interface EndRecordsOptions {
  /**
   * Highest share of the sink's ids that may be deleted, in percent, 0 to 100. As many is allowed, and so are up to 10
   * ids in any case. @default 5
   */
  readonly maxDeletedPercent?: number | undefined;
}

const END_RECORDS_OPTIONS: Record<keyof EndRecordsOptions, true> = { maxDeletedPercent: true };

/** Most deletions that are handed over at once. */
const MAX_DELETIONS_PER_BATCH = 500;

/**
 * One pass over a dump: its records in order, then what is missing in it. It may take several runs of a program: see
 * {@link ChangeStore.beginPass}.
 */
export interface Pass {
  /**
   * Records 1 to this one are settled in the store: read the dump from the next one on. Read from here even if you know
   * of more confirmed records; pass their number as `confirmed`, and they are not sent again.
   */
  readonly watermark: number;
  /** Whether this continues a pass that was interrupted, or is one that had ended. */
  readonly isResumed: boolean;
  /** Whether the pass is over: {@link end} was called, now or in an earlier run. */
  readonly isEnded: boolean;
  /** Counts of what is confirmed, over all runs of the pass. */
  readonly counts: PassCounts;
  /**
   * Decides which records of a block to send. Blocks come in the order of the dump; records up to the watermark are
   * ignored. When the promise resolves, it is on the disk that these records may have been sent, so that not even a loss
   * of power makes the store wrong; send nothing before that. The block is not used after that, and the next one may be
   * decided before: writes to the disk then share their time.
   *
   * @throws {@link ChangesError} `INVALID_OPTIONS` for a block that is out of order, or a hash that is not a SHA-256;
   *   `ILLEGAL_STEP`, `STORE_DAMAGED`, and errors of the file system
   */
  decide(block: RecordBlock): Promise<Decision>;
  /**
   * The same, but returns at once. The block is not used after that: copy the records to send, and give its memory back
   * while the decision goes to the disk. Send nothing before `durable` resolves.
   *
   * @throws {@link ChangesError} as {@link decide}
   */
  beginDecision(block: RecordBlock): PendingDecision;
  /**
   * Notes that records 1 to `record` are settled: those that were sent are confirmed by the sink, the others it has.
   * Never decreases. In memory until {@link commit}, at most.
   */
  confirm(record: number): void;
  /**
   * Notes that the sink does not take a record that was to be sent, such as one that is too large for it. The sink keeps
   * what it has of this id, which is not deleted; the record does not count as published, and the next pass sends it
   * again. Resolves when that is on the disk: only then may the record count as confirmed, here and in a state marker.
   *
   * @throws {@link ChangesError} `ILLEGAL_STEP` if the record was not to be sent, or is confirmed; errors of the file
   *   system
   */
  refuse(record: number): Promise<void>;
  /** Resolves when everything that was confirmed is on the disk, in one transaction. */
  commit(): Promise<void>;
  /**
   * Notes that nothing was sent of the blocks after this record, the last one of a block, although it was decided about
   * them. Otherwise the sink might have got it, as after a crash. To be called before the store is closed: the pass must
   * be begun again to continue.
   */
  retract(after: number): Promise<void>;
  /**
   * Notes that an id is in the dump although its record is not delivered, such as a malformed one: it is not deleted.
   */
  keep(id: string): void;
  /** Notes that this pass must not delete anything, such as for a malformed record whose id cannot be read. */
  withholdDeletions(reason: string): void;
  /**
   * To be called when every record of the dump is confirmed, and only if the dump was read to its end: counts what is
   * missing in it. Compares the whole store with its counts, so that a damaged one deletes nothing.
   *
   * @throws {@link ChangesError} `TOO_MANY_DELETIONS`: nothing is deleted, and the pass can be resumed with a higher
   *   limit; `STORE_DAMAGED`, `ILLEGAL_STEP` if records are not confirmed
   */
  endRecords(options?: EndRecordsOptions): Promise<DeletionPlan>;
  /**
   * The deletions that are not confirmed, some at a time, after {@link endRecords}. As with {@link decide}, those that
   * are handed over may be sent.
   *
   * @param maxCount - how many are handed over at once, at most: so many may be made again after a crash @default 500
   */
  deletions(maxCount?: number): AsyncGenerator<readonly Deletion[], void, undefined>;
  /** Notes that deletions 1 to `number` are confirmed by the sink. In memory until {@link commit}, at most. */
  confirmDeletions(number: number): void;
  /**
   * Ends the pass, durably, and returns its counts. Deletions that were not taken stay for the next pass.
   *
   * @throws {@link ChangesError} `ILLEGAL_STEP` if something that was decided is not confirmed
   */
  end(): Promise<PassCounts>;
}

/** What a pass works on. */
export interface PassParts {
  readonly database: StoreDatabase;
  readonly ids: SinkIds;
  readonly intents: Intents;
  readonly state: PassState;
  readonly mode: PassMode;
  /** Records that the caller knows to be confirmed. */
  readonly confirmed: number;
  readonly isResumed: boolean;
  /** Whether another pass of the store has begun since. */
  readonly isReplaced: () => boolean;
}

export class StorePass implements Pass {
  readonly isResumed: boolean;
  readonly #database: StoreDatabase;
  readonly #ids: SinkIds;
  readonly #intents: Intents;
  readonly #state: PassState;
  readonly #mode: PassMode;
  readonly #isReplaced: () => boolean;
  readonly #reader = new BlockReader();
  readonly #pending = new PendingRecords();
  readonly #pendingDeletions: { number: number; key: IdKey }[] = [];
  /** Records that the sink refused in an earlier run, which may know of them as confirmed. */
  readonly #refusedBefore: ReadonlySet<number>;
  #confirmed: number;
  #decided: number;
  #handedOver: number;
  #mayDelete = false;

  constructor({ database, ids, intents, state, mode, confirmed, isResumed, isReplaced }: PassParts) {
    this.isResumed = isResumed;
    this.#database = database;
    this.#ids = ids;
    this.#intents = intents;
    this.#state = state;
    this.#mode = state.isForced ? 'forced' : mode;
    this.#isReplaced = isReplaced;
    this.#confirmed = Math.max(confirmed, state.watermark);
    this.#decided = state.watermark;
    this.#handedOver = state.deleted;
    this.#refusedBefore = intents.refusals();
  }

  get watermark(): number {
    return this.#state.watermark;
  }

  get isEnded(): boolean {
    return this.#state.isEnded;
  }

  get counts(): PassCounts {
    const { published, unchanged, deleted } = this.#state;
    return { published, unchanged, deleted };
  }

  async decide(block: RecordBlock): Promise<Decision> {
    const { send, sendCount, durable } = this.beginDecision(block);
    await durable;
    return { send, sendCount };
  }

  beginDecision(block: RecordBlock): PendingDecision {
    this.#assertOpen();
    const { firstRecord, lastRecord, count } = block;
    if (lastRecord > this.#decided && firstRecord > this.#decided + 1) {
      throw new ChangesError(
        'INVALID_OPTIONS',
        `Block of records ${firstRecord} to ${lastRecord} is out of order: the next record is ${this.#decided + 1}`,
      );
    }
    const send = new Uint8Array(count);
    const decidedBefore = this.#decided;
    if (lastRecord <= decidedBefore) return { send, sendCount: 0, durable: Promise.resolve() };
    this.#reader.read(block);
    const { hashes } = this.#reader;
    const numbers = count === lastRecord - firstRecord + 1 ? undefined : new Float64Array(count);
    const pending = this.#pending.begin(lastRecord, count, numbers);
    let sendCount = 0;
    /** Changes up to here are confirmed already. */
    let confirmedChanges = 0;
    for (let index = 0; index < count; index++) {
      const number = numbers === undefined ? firstRecord + index : block.number(index);
      if (numbers !== undefined) numbers[index] = number;
      if (number <= decidedBefore) continue;
      const key = this.#reader.keyAt(index);
      const at = index * HASH_WORDS;
      const isChanged = key !== UNKNOWN_ID && this.#isChanged(key, hashes, at);
      const isSent = isChanged || this.#mode !== 'changed' || key === UNKNOWN_ID;
      if (number <= this.#confirmed && this.#refusedBefore.has(number)) continue;
      pending.kinds[index] = isSent ? PUBLISHED : UNCHANGED;
      if (isChanged) this.#pending.addChange(pending, index, key, hashes, at);
      if (number <= this.#confirmed) confirmedChanges = pending.keys.length;
      else if (isSent) {
        send[index] = 1;
        sendCount++;
      }
    }
    this.#decided = lastRecord;
    const hasIntents = pending.keys.length > confirmedChanges;
    if (hasIntents) {
      const keys = pending.keys.slice(confirmedChanges);
      this.#intents.add('records', lastRecord, keys, pending.hashes, confirmedChanges * HASH_WORDS);
    }
    this.#apply();
    return { send, sendCount, durable: hasIntents ? this.#database.sync() : Promise.resolve() };
  }

  confirm(record: number): void {
    this.#assertOpen();
    checks.wholeNumber('record', record, { min: 0 });
    if (record > this.#decided) {
      throw illegalStepError(`Record ${record} cannot be confirmed: only records up to ${this.#decided} are decided`);
    }
    if (record <= this.#confirmed) return;
    this.#confirmed = record;
    this.#apply();
  }

  async refuse(record: number): Promise<void> {
    this.#assertOpen();
    checks.wholeNumber('record', record, { min: 1 });
    if (record <= this.#confirmed || !this.#pending.settle(record)) {
      throw illegalStepError(`Record ${record} cannot be refused: it is not waiting for a confirmation`);
    }
    this.#intents.addRefusal(record);
    await this.#database.sync();
  }

  async commit(): Promise<void> {
    this.#database.assertUsable();
    this.#flush();
    await this.#database.sync();
  }

  async retract(after: number): Promise<void> {
    this.#assertOpen();
    checks.wholeNumber('after', after, { min: 0 });
    this.#database.transact(() => this.#intents.removeAfter(after));
    await this.#database.sync();
  }

  keep(id: string): void {
    this.#assertOpen();
    this.#ids.see(keyOf(checks.text('id', id)));
  }

  withholdDeletions(reason: string): void {
    this.#assertOpen();
    this.#state.withheldBecause ||= checks.text('reason', reason) || 'unknown reason';
  }

  async endRecords(options: EndRecordsOptions = {}): Promise<DeletionPlan> {
    this.#assertOpen();
    const { maxDeletedPercent = DEFAULT_MAX_DELETED_PERCENT } = checks.object('', options, END_RECORDS_OPTIONS);
    checks.finiteNumber('maxDeletedPercent', maxDeletedPercent, { min: 0, max: 100 });
    this.#assertRecordsConfirmed();
    await this.commit();
    await this.#ids.verify();
    const { withheldBecause, deleted } = this.#state;
    const { ids } = this.#ids;
    const missing = ids - this.#ids.seen;
    this.#mayDelete = this.#mode !== 'all' && withheldBecause === '';
    if (this.#mayDelete && exceedsMaxDeleted(missing + deleted, ids + deleted, maxDeletedPercent)) {
      this.#mayDelete = false;
      throw new ChangesError(
        'TOO_MANY_DELETIONS',
        `The dump lacks ${missing + deleted} of ${ids + deleted} ids that the sink has, more than ` +
          `${maxDeletedPercent} %. Check the dump; if it is right, allow a higher percentage`,
        { facts: { deletions: missing + deleted, ids: ids + deleted, maxDeletedPercent } },
      );
    }
    return {
      deletions: this.#mayDelete ? missing : 0,
      missing,
      ids,
      withheldBecause: withheldBecause === '' ? undefined : withheldBecause,
    };
  }

  async *deletions(maxCount: number = MAX_DELETIONS_PER_BATCH): AsyncGenerator<readonly Deletion[], void, undefined> {
    this.#assertOpen();
    checks.wholeNumber('maxCount', maxCount, { min: 1 });
    if (!this.#mayDelete) return;
    // Only the first iteration finds everything: what is confirmed meanwhile is before the place that it has reached.
    this.#flush();
    this.#handedOver = this.#state.deleted;
    this.#pendingDeletions.length = 0;
    for (const found of this.#ids.scanUnseen()) {
      for (let at = 0; at < found.length; at += maxCount) {
        const batch = found.slice(at, at + maxCount);
        const deletions = batch.map(({ key, hash }) => {
          const number = ++this.#handedOver;
          this.#pendingDeletions.push({ number, key });
          return { number, id: String(key), lastSha256: hexOf(hash) };
        });
        const keys = batch.map(({ key }) => key);
        const hashes = createHashes(batch.length);
        for (const [index, { hash }] of batch.entries()) copyHash(hash, 0, hashes, index * HASH_WORDS);
        this.#intents.add('deletions', this.#handedOver, keys, hashes);
        await this.#database.sync();
        yield deletions;
        this.#assertOpen();
      }
    }
  }

  confirmDeletions(number: number): void {
    this.#assertOpen();
    checks.wholeNumber('number', number, { min: 0 });
    if (number > this.#handedOver) {
      throw illegalStepError(`Deletion ${number} cannot be confirmed: only ${this.#handedOver} were handed over`);
    }
    while ((this.#pendingDeletions[0]?.number ?? Number.POSITIVE_INFINITY) <= number) {
      const { key } = this.#pendingDeletions.shift()!;
      this.#ids.delete(key);
      this.#state.deleted++;
    }
    if (this.#ids.isFull) this.#flush();
  }

  async end(): Promise<PassCounts> {
    if (this.#state.isEnded && !this.#isReplaced()) return this.counts;
    this.#assertOpen();
    this.#assertRecordsConfirmed();
    if (this.#pendingDeletions.length > 0) {
      throw illegalStepError(`${this.#pendingDeletions.length} deletions are not confirmed yet`);
    }
    this.#state.isEnded = true;
    await this.commit();
    return this.counts;
  }

  /** Whether the sink will not have a record like this once what is pending arrived. Notes that the dump has the id. */
  #isChanged(key: IdKey, hashes: Hashes, at: number): boolean {
    // An id that is not in the store yet counts as seen when its record is confirmed.
    const stored = this.#ids.compareAndSee(key, hashes, at);
    return !(this.#pending.compare(key, hashes, at) ?? stored === SAME);
  }

  #apply(): void {
    const watermark = Math.min(this.#confirmed, this.#decided);
    for (;;) {
      const applied = this.#pending.apply(watermark, this.#onChange);
      if (applied === undefined) break;
      this.#state.published += applied.published;
      this.#state.unchanged += applied.unchanged;
      this.#state.watermark = Math.max(this.#state.watermark, applied.record);
      if (this.#ids.isFull) this.#flush();
    }
    this.#state.watermark = Math.max(this.#state.watermark, watermark);
  }

  readonly #onChange = (key: IdKey, hashes: Hashes, at: number): void => this.#ids.setAndSee(key, hashes, at);

  #flush(): void {
    const { ids, seen, pass } = this.#ids;
    this.#database.transact(() => {
      this.#ids.flush();
      this.#intents.removeConfirmed(this.#state.watermark, this.#state.deleted);
      writePassState(this.#database, Object.assign(this.#state, { ids, seen, pass }));
    });
  }

  #assertRecordsConfirmed(): void {
    if (this.#pending.isEmpty) return;
    throw illegalStepError(`Records ${this.#state.watermark + 1} to ${this.#decided} are not confirmed yet`);
  }

  #assertOpen(): void {
    this.#database.assertUsable();
    if (this.#isReplaced()) throw illegalStepError('Another pass of this store has begun: use that one');
    if (this.#state.isEnded) throw illegalStepError('The pass has ended: begin another one');
  }
}
