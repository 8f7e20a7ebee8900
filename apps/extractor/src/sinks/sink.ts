import type { Checkpoint, Destination } from '@discogs-extractor/state-marker';
import type { SinkBlock } from '../changes/select-records.js';
import type { Tombstone } from '../changes/tombstone.js';
import type { Contract } from '../config/contract-settings.js';
import type { DataType } from '../config/data-type.js';
import type { DeliveryStatus } from './delivery-status.js';
import type { SinkTarget } from './sink-target.js';

/** The contract as a part of a destination; none for the first one, whose destinations were recorded without it. */
export const contractIn = (contract: Contract): Destination => (contract === 'topic' ? {} : { contract });

export interface IdentifyOptions {
  /** The types whose records this run may deliver. */
  readonly dataTypes: readonly DataType[];
  /** Attempts to reach the destination. @default the sink's own number */
  readonly attempts?: number | undefined;
  /** Rejects `identify` with its reason. */
  readonly signal: AbortSignal;
}

export interface OpenOptions {
  /** Records of the file that the sink confirmed in earlier runs, at the destination that `identify` names. */
  readonly resumeAfter: number;
  /** What {@link FileSink.checkpoint} was when these records were confirmed. */
  readonly checkpoint: Checkpoint | undefined;
  /** Of the file's tombstones, those that the sink confirmed in earlier runs. @default 0 */
  readonly deleted?: number | undefined;
  /**
   * Whether earlier deliveries of the file must stay where they are: something relies on them, and the records that the
   * sink has will not come again. @default false
   */
  readonly append?: boolean | undefined;
  /** Rejects `open`, and any `write`, `delete` or `complete` in progress, with its reason. */
  readonly signal: AbortSignal;
  /**
   * Makes it durable that records 1 to `confirmed` of the file are confirmed. For sinks that send records again after a
   * crash: waiting for it limits how many.
   */
  readonly save: (confirmed: number) => Promise<void>;
  /**
   * Called for a record that the destination does not take. The record counts as confirmed once this resolves; if it
   * rejects, the sink fails with its reason, and every record before this one is confirmed. @default the sink fails
   */
  readonly onRefused?: ((record: RefusedRecord) => Promise<void>) | undefined;
}

/** A record that the destination does not take, such as a message that is too large for the broker. */
export interface RefusedRecord {
  /** Its number in the file, counted from 1. */
  readonly recordNumber: number;
  /** What would have been delivered: a copy. */
  readonly message: Uint8Array;
  /** Names the record and says why. */
  readonly error: Error;
}

/** Where records go: one {@link FileSink} for each dump file, several at a time. */
export interface Sink {
  readonly name: string;
  /** Where the output is, for people: a folder, an exchange. Never contains credentials. */
  readonly destination: string;
  /** The state of the delivery, for health pages and metrics; only sinks with a broker have one. */
  status?(): DeliveryStatus;
  /**
   * Connects to the destination, so that one that refuses is known before anything is fetched. Returns where the records
   * of each type go, for the state marker: records that are at another destination would be missing at this one.
   */
  identify(options: IdentifyOptions): Promise<ReadonlyMap<DataType, Destination>>;
  /**
   * Creates what the destination needs for files of which nothing is delivered yet, so that one that refuses is known
   * before they are fetched.
   */
  prepare?(options: Pick<IdentifyOptions, 'dataTypes' | 'signal'>): Promise<void>;
  /**
   * Returns the names of what consumers have to create at the destination and have not yet: `open` waits for it. Only
   * sinks whose consumers create something have it.
   */
  findAbsent?(options: IdentifyOptions): Promise<readonly string[]>;
  /**
   * Checks that the destination still has what a completed file delivered, as far as this can be seen at once. Resolves
   * with how it was lost, if the file can be delivered again without further ado; else with `undefined`.
   *
   * @param checkpoint - what `complete` resolved with, or what `releasedCheckpoint` made of it
   * @throws ExtractorError `OUTPUT_CHANGED` if somebody has to decide what is to become of the changed output
   */
  checkCompleted?(
    target: SinkTarget,
    checkpoint: Checkpoint | undefined,
    options: Omit<IdentifyOptions, 'dataTypes'>,
  ): Promise<string | undefined>;
  /**
   * Returns what an earlier delivery of a file left that `open` removes unless it appends: tombstones, which nothing will
   * say again, or only records. Only sinks that write a file's output again from its beginning have it.
   */
  findOutput?(target: SinkTarget): Promise<'tombstones' | 'records' | undefined>;
  open(target: SinkTarget, options: OpenOptions): Promise<FileSink>;
  /**
   * Delivers the message `extraction_complete`, given as the bytes of its body, to the destinations of all types, and
   * confirms it. Calling it again delivers it again.
   *
   * @param version - of the dump, `YYYYMMDD`; the message replaces an earlier one of this version where that is possible
   */
  completeDump(version: string, message: Uint8Array, signal: AbortSignal): Promise<void>;
  /**
   * Finds out whether the destination still has what was delivered since a proof was made. Resolves with how it was lost;
   * `undefined` if it has everything, or if that cannot be known. Only sinks whose file sinks have a `proof` have it.
   */
  findLoss?(
    target: SinkTarget,
    proof: Checkpoint,
    options: Omit<IdentifyOptions, 'dataTypes'>,
  ): Promise<string | undefined>;
  /** The checkpoint of a completed file without what `release` removes: the marker gets it before. */
  releasedCheckpoint?(checkpoint: Checkpoint): Checkpoint;
  /**
   * Removes from the destination what recognises the records of a completed file, once the marker says that the whole
   * dump is completed. Never rejects: what stays does no harm.
   *
   * @param checkpoint - what `complete` resolved with
   */
  release?(target: SinkTarget, checkpoint: Checkpoint | undefined, signal: AbortSignal): Promise<void>;
}

/** Takes the records of one dump file, in order. */
export interface FileSink {
  /** Records that the sink already holds: reading resumes after them. At most `resumeAfter`. */
  readonly resumedAfter: number;
  /** Why `resumedAfter` is lower than `resumeAfter`: how confirmed records were lost. `undefined` if it is not. */
  readonly restartReason: string | undefined;
  /** Records 1 to this one of the file are confirmed: they are safe at the destination. Never decreases. */
  readonly confirmed: number;
  /** What the sink needs to recognise records 1 to `confirmed` when it is opened again; plain JSON, no credentials. */
  readonly checkpoint: Checkpoint;
  /**
   * Confirmed messages that the destination is known to have dropped since, without making the file fail; those of earlier
   * runs included.
   */
  readonly missing: number;
  /**
   * What proves later that the destination still has what it had when the file was opened; plain JSON. It is removed
   * from the destination with `release`. @default nothing does
   */
  readonly proof?: Checkpoint | undefined;
  /** Records that the destination did not take, those of earlier runs included. @default 0 */
  readonly refused?: number | undefined;
  /** Tombstones that this sink confirmed since it was opened. */
  readonly deleted: number;
  /** When the sink last confirmed anything. */
  readonly lastConfirmedAt: Date | undefined;
  /**
   * Resolves when the sink can take the next block, which may be before this one is confirmed. The block belongs to the
   * sink, which calls `release` once its bytes are written. Records that a transform omitted, up to the block's
   * `lastRecord`, count as confirmed once all records before them are.
   */
  write(block: SinkBlock): Promise<void>;
  /**
   * Confirms and saves some of the records that were written, while others stay in flight. Only sinks have it for which
   * it is faster than `flush`.
   */
  advance?(): Promise<void>;
  /** Delivers tombstones after all records, and confirms them. */
  delete(tombstones: readonly Tombstone[]): Promise<void>;
  /** Confirms all records that were written, so that `refused` is final. Only sinks that have `refused` need it. */
  flush?(): Promise<void>;
  /**
   * Confirms all records, then delivers and confirms the `file_complete` message, given as the bytes of its body.
   * Resolves with the checkpoint of the completed file; `checkpoint` stays that of its records.
   */
  complete(message: Uint8Array): Promise<Checkpoint>;
  /**
   * Waits up to `timeoutMs` for confirms in flight, then releases everything; `confirmed` is final
   * afterwards. Idempotent. Does not throw for records that stay unconfirmed.
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
}
