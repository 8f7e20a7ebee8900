import type { ChangeStore, Pass, PassCounts, PassMode } from '@discogs-extractor/changes';
import { isQualityFinding } from '@discogs-extractor/data-quality';
import type { VerifiedFile } from '@discogs-extractor/downloader';
import { type EncodedBlock, type Irregularity, LEFT_OUT_KINDS, type MalformedRecord } from '@discogs-extractor/parser';
import { partsOf } from '../changes/block-parts.js';
import { type SinkBlock, selectRecords } from '../changes/select-records.js';
import { tombstoneOf } from '../changes/tombstone.js';
import { ExtractorError, errorCodeOf } from '../errors.js';
import type { FileSink } from '../sinks/sink.js';

/** Blocks that are decided about while another one is sent. */
const MAX_DECISIONS_AHEAD = 3;

/** Tombstones that are confirmed together, unless fewer may be sent again. */
const MAX_TOMBSTONES = 500;

export interface FileChangesOptions {
  readonly store: ChangeStore;
  readonly dump: Pick<VerifiedFile, 'name' | 'version' | 'dataType' | 'sha256'>;
  readonly mode: PassMode;
  /** Records that the sink has confirmed: the next ones are sent. */
  readonly resumedAfter: number;
  /** Records, or tombstones, that may be sent again after a crash. */
  readonly maxUnsaved: number;
}

export interface DeleteOptions {
  readonly fileSink: FileSink;
  readonly maxDeletedPercent: number;
  readonly onWithheld: (missing: number, reason: string) => void;
  readonly onProgress: () => void;
  readonly signal: AbortSignal;
}

/** Whether the store's latest pass is over this file. */
const isOver = ({ latestPass }: ChangeStore, { version, sha256 }: FileChangesOptions['dump']): boolean =>
  latestPass !== undefined && latestPass.version === version && latestPass.source === sha256;

/** The same, and it can be resumed after a record that the sink confirmed. */
const isPassOf = (store: ChangeStore, dump: FileChangesOptions['dump'], confirmed: number): boolean =>
  isOver(store, dump) && store.latestPass!.watermark <= confirmed;

/**
 * Whether a file that was delivered in part can be resumed. If another dump was delivered since, the sink has other
 * records than this file's. With PUBLISH=changed, the store has to know all records before; with PUBLISH=all, none of
 * them may be deleted since, which its `file_complete` could not say.
 */
export const canResume = (
  store: ChangeStore,
  dump: FileChangesOptions['dump'],
  mode: PassMode,
  confirmed: number,
): boolean =>
  mode === 'all'
    ? store.latestPass === undefined || (isOver(store, dump) && store.latestPass.counts.deleted === 0)
    : isPassOf(store, dump, confirmed) && store.latestPass?.startAfter === 0;

/** The tombstones of this file that were confirmed before. */
export const deletedBefore = (store: ChangeStore, dump: FileChangesOptions['dump'], confirmed: number): number =>
  isPassOf(store, dump, confirmed) ? (store.latestPass?.counts.deleted ?? 0) : 0;

/**
 * What of a dump file the sink has already: the store of its changes, and the pass of it over this file.
 *
 * The state marker has a record as confirmed before the store does. After a crash, the records between the two are read
 * again, and only noted.
 */
export class FileChanges {
  readonly #pass: Pass;
  readonly #options: FileChangesOptions;
  readonly #deletedBefore: number;
  readonly #readRecordId: (xml: Uint8Array) => string | undefined;
  /** Numbers of records that a transform failed on. */
  readonly #failed = new Set<number>();
  /** What was decided, some records at a time, and is not saved: after a crash, it may be sent again. */
  readonly #sent: { readonly last: number; count: number }[] = [];
  #unsaved = 0;
  #saved = 0;
  /** Records up to this one are decided, and handed over to be sent. */
  #decided: number;
  #handedOver: number;

  private constructor(options: FileChangesOptions, pass: Pass, readId: (xml: Uint8Array) => string | undefined) {
    this.#options = options;
    this.#pass = pass;
    this.#deletedBefore = pass.counts.deleted;
    this.#decided = pass.watermark;
    this.#handedOver = options.resumedAfter;
    this.#readRecordId = readId;
  }

  /** Begins the pass, or resumes it. */
  static async begin(options: FileChangesOptions): Promise<FileChanges> {
    const { store, dump, mode, resumedAfter } = options;
    const { readRecordId } = await import('@discogs-extractor/changes');
    const pass = await store.beginPass({
      version: dump.version,
      source: dump.sha256,
      mode,
      confirmed: resumedAfter,
      ...(!isPassOf(store, dump, resumedAfter) && { restart: true, startAfter: resumedAfter }),
    });
    return new FileChanges(options, pass, readRecordId);
  }

  /** Reading begins after this record: the store does not have the next one yet, though the sink may. */
  get readAfter(): number {
    return this.#pass.watermark;
  }

  get counts(): PassCounts {
    return this.#pass.counts;
  }

  /**
   * The blocks of records to send; records that the sink has are only noted. Decides about some blocks ahead, since that
   * waits for the disk.
   *
   * @param save - called if more records might be sent again after a crash than are allowed: confirms and saves what was
   *   sent, all of it or some
   */
  async *select(
    blocks: AsyncIterable<EncodedBlock>,
    save: (isAll: boolean) => Promise<void>,
  ): AsyncGenerator<SinkBlock, void, undefined> {
    const { maxUnsaved } = this.#options;
    const decisions: Promise<SinkBlock | undefined>[] = [];
    for await (const whole of blocks) {
      for (const block of partsOf(whole, Math.ceil(maxUnsaved / 2))) {
        if (this.#unsaved + block.count > maxUnsaved) yield* this.#inOrder(decisions, 0);
        while (this.#unsaved + block.count > maxUnsaved) {
          const before = this.#unsaved;
          await save(false);
          if (this.#unsaved === before) await save(true);
        }
        const deciding = this.#decide(block);
        // It is awaited later.
        deciding.catch(() => {});
        decisions.push(deciding);
        yield* this.#inOrder(decisions, MAX_DECISIONS_AHEAD);
      }
    }
    yield* this.#inOrder(decisions, 0);
  }

  /** Waits for the first decisions, in order, until only so many are left. */
  async *#inOrder(
    decisions: Promise<SinkBlock | undefined>[],
    left: number,
  ): AsyncGenerator<SinkBlock, void, undefined> {
    while (decisions.length > left) {
      const block = await decisions.shift();
      if (block === undefined) continue;
      this.#handedOver = block.lastRecord;
      yield block;
    }
  }

  /** Returns the records to send, or `undefined` if the sink has confirmed the whole block before. */
  async #decide(block: SinkBlock): Promise<SinkBlock | undefined> {
    const { resumedAfter } = this.#options;
    this.#keepOmitted(block);
    const mayBeSent = { last: block.lastRecord, count: block.count };
    this.#sent.push(mayBeSent);
    this.#unsaved += block.count;
    const { count } = block;
    const { send, sendCount, durable } = this.#pass.beginDecision(block);
    this.#decided = block.lastRecord;
    // Gives the memory of the block back before the disk has the decision.
    let selected: SinkBlock | undefined;
    if (block.lastRecord > resumedAfter) selected = selectRecords(block, send, resumedAfter);
    else block.release();
    await durable;
    if (mayBeSent.last > this.#saved) {
      this.#unsaved -= count - sendCount;
      mayBeSent.count = sendCount;
    }
    return selected;
  }

  /** The id of a malformed record is not gone. */
  keepMalformed({ bytes, reason, byteOffset, recordNumber }: MalformedRecord): void {
    if (recordNumber !== undefined) this.#failed.add(recordNumber);
    if (this.#pass.isEnded) return;
    const id = this.#readRecordId(bytes);
    if (id === undefined) {
      this.#withhold(`the id of the malformed record at byte ${byteOffset} (${reason}) cannot be read`);
    } else {
      this.#pass.keep(id);
    }
  }

  /** The sink does not take a record that was sent: it has what it had before. Resolves when the store knows that. */
  refuse(recordNumber: number): Promise<void> {
    return this.#pass.refuse(recordNumber);
  }

  /** Content that is in no record, and records without content, may be what is left of a record. */
  noteIrregularity({ kind, byteOffset }: Irregularity): void {
    if (kind !== 'not-an-object' && !LEFT_OUT_KINDS.includes(kind)) return;
    this.#withhold(`a record may be what is at byte ${byteOffset} (${kind}), and its id cannot be read`);
  }

  /** Makes durable that records 1 to this one are confirmed. The state marker must have them. */
  async commit(confirmed: number): Promise<void> {
    if (this.#pass.isEnded) return;
    // The sink may have confirmed more than was read again.
    this.#pass.confirm(Math.min(confirmed, this.#decided));
    await this.#pass.commit();
    this.#saved = Math.max(this.#saved, confirmed);
    while (this.#sent[0] !== undefined && this.#sent[0].last <= confirmed) this.#unsaved -= this.#sent.shift()!.count;
  }

  /**
   * Delivers tombstones for what the dump lacks, once all records are confirmed, and ends the pass.
   *
   * @throws ExtractorError `TOO_MANY_DELETIONS`; errors of store and sink; the signal's reason
   */
  async finish(options: DeleteOptions): Promise<PassCounts> {
    if (this.#pass.isEnded) return this.counts;
    if (this.#options.mode !== 'all') await this.#delete(options);
    return this.#pass.end();
  }

  /** Makes durable what became of the file after the sink was closed early, and its records were committed. */
  async settle(fileSink: FileSink): Promise<void> {
    if (this.#pass.isEnded) return;
    if (fileSink.deleted > 0) this.#pass.confirmDeletions(this.#deletedBefore + fileSink.deleted);
    await this.#pass.commit();
    await this.#pass.retract(this.#handedOver);
  }

  async #delete({ fileSink, maxDeletedPercent, onWithheld, onProgress, signal }: DeleteOptions): Promise<void> {
    const { version, dataType, name: file } = this.#options.dump;
    const { missing, withheldBecause } = await this.#pass
      .endRecords({ maxDeletedPercent })
      .catch((error: unknown) => Promise.reject(explainTooMany(error, file)));
    if (withheldBecause !== undefined) onWithheld(missing, withheldBecause);
    const most = Math.min(MAX_TOMBSTONES, this.#options.maxUnsaved);
    for await (const deletions of this.#pass.deletions(most)) {
      signal.throwIfAborted();
      await fileSink.delete(deletions.map((deletion) => tombstoneOf(version, dataType, deletion)));
      this.#pass.confirmDeletions(deletions.at(-1)!.number);
      await this.#pass.commit();
      onProgress();
    }
  }

  /** The dump has the ids of records that rules skip: they are neither sent nor gone. */
  #keepOmitted(block: SinkBlock): void {
    const { firstRecord, lastRecord, count, findings } = block;
    if (count === lastRecord - firstRecord + 1 || this.#pass.isEnded) return;
    const delivered = new Set(Array.from({ length: count }, (_, index) => block.number(index)));
    const skipped = new Map(
      findings.flatMap(({ number, id, finding }) =>
        isQualityFinding(finding) && finding.skip !== undefined ? [[number, id] as const] : [],
      ),
    );
    for (let number = firstRecord; number <= lastRecord; number++) {
      if (delivered.has(number) || this.#failed.has(number)) continue;
      const id = skipped.get(number);
      if (id === undefined) this.#withhold(`the id of record ${number}, which is not delivered, is not known`);
      else this.#pass.keep(id);
    }
  }

  #withhold(reason: string): void {
    if (!this.#pass.isEnded) this.#pass.withholdDeletions(reason);
  }
}

/** The library does not know the setting. */
const explainTooMany = (error: unknown, file: string): unknown => {
  if (!(error instanceof Error) || errorCodeOf(error) !== 'TOO_MANY_DELETIONS' || !('facts' in error)) return error;
  const { deletions, ids, maxDeletedPercent } = error.facts as {
    readonly deletions: number;
    readonly ids: number;
    readonly maxDeletedPercent: number;
  };
  const percent = Math.min(100, Math.ceil((100 * deletions) / ids));
  return new ExtractorError(
    'TOO_MANY_DELETIONS',
    `${file} lacks ${deletions} of the ${ids} ids that the sink has, more than MAX_DELETED_PERCENT=${maxDeletedPercent} ` +
      'allows. Its records are delivered, but neither tombstones nor file_complete are sent. Check the dump; if it is ' +
      `right, run again with --max-deleted-percent ${percent}, which sends only what is missing.`,
    { facts: { file, deletions, ids }, cause: error },
  );
};
