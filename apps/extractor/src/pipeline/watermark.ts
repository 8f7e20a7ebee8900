import type { PassCounts } from '@discogs-extractor/changes';
import type { FlaggedProgress, FlaggedReports } from '@discogs-extractor/data-quality';
import type { Checkpoint } from '@discogs-extractor/state-marker';
import type { SinkBlock } from '../changes/select-records.js';
import type { FileSink } from '../sinks/sink.js';
import { RecordTally } from './record-tally.js';

/** What the sink has confirmed, and what is known of these records. */
export interface Confirmed {
  /** Records 1 to this one are confirmed by the sink. */
  readonly confirmed: number;
  /** What the sink needs to recognise them. */
  readonly checkpoint: Checkpoint;
  /** Of them, those that a transform omitted or failed on, and those that the sink had: they have no message. */
  readonly omitted: number;
  /** Of these, those that a transform failed on. */
  readonly transformFailures: number;
  /** The reports on them; `undefined` if there are none. */
  readonly reports: FlaggedProgress | undefined;
  /** What the store of changes counts of them, or of fewer records; `undefined` with PUBLISH=all. */
  readonly changes: PassCounts | undefined;
}

export interface WatermarkOptions {
  readonly fileSink: Pick<FileSink, 'confirmed' | 'checkpoint'>;
  /** What is known of the records that reading resumes after. */
  readonly before: Pick<Confirmed, 'omitted' | 'transformFailures'>;
  readonly reports: FlaggedReports | undefined;
  readonly changes: { readonly counts: PassCounts } | undefined;
  /** Confirmed records after which reports are committed without being asked for; 0 for never. */
  readonly commitInterval: number;
}

/**
 * The watermark of a file, with what is known of the records up to it. The reports on records are on the disk before the
 * state marker counts the records as confirmed: after a crash, reading resumes after the watermark, so these records are
 * not looked at again.
 */
export class Watermark {
  readonly #options: WatermarkOptions;
  readonly #omitted: RecordTally;
  readonly #failures: RecordTally;
  #durable: Confirmed;
  #isCommitting = false;
  #failure: { readonly error: unknown } | undefined;

  private constructor(options: WatermarkOptions) {
    this.#options = options;
    this.#omitted = new RecordTally(options.before.omitted);
    this.#failures = new RecordTally(options.before.transformFailures);
    this.#durable = this.now();
  }

  /** Begins at the record that reading resumes after. */
  static async begin(options: WatermarkOptions): Promise<Watermark> {
    const watermark = new Watermark(options);
    await watermark.commit();
    return watermark;
  }

  /** What the state marker may have: the reports on it are on the disk. */
  get durable(): Confirmed {
    return this.#options.reports === undefined ? this.now() : this.#durable;
  }

  /** What the store of changes counts. */
  get changes(): PassCounts | undefined {
    return this.#options.changes?.counts;
  }

  /** Records that a transform failed on, also past the watermark. */
  get transformFailures(): number {
    return this.#failures.total;
  }

  /** Has to be called with each block before the sink gets it. */
  addBlock(block: SinkBlock): void {
    const { firstRecord, lastRecord, count } = block;
    if (count === lastRecord - firstRecord + 1) return;
    let next = firstRecord;
    for (let index = 0; index < count; index++) {
      const number = block.number(index);
      if (number > next) this.#omitted.add(next, number - 1);
      next = number + 1;
    }
    if (next <= lastRecord) this.#omitted.add(next, lastRecord);
  }

  /** Has to be called for each record that a transform fails on. */
  addFailure(record: number): void {
    this.#failures.add(record);
  }

  /** What the sink has confirmed by now, whether or not the reports on it are on the disk. */
  now(): Confirmed {
    const { confirmed, checkpoint } = this.#options.fileSink;
    return {
      confirmed,
      checkpoint,
      omitted: this.#omitted.upTo(confirmed),
      transformFailures: this.#failures.upTo(confirmed),
      reports: undefined,
      changes: this.changes,
    };
  }

  /** Brings the reports on all records that the sink has confirmed by now to the disk. */
  async commit(): Promise<Confirmed> {
    const now = this.now();
    const reports = await this.#options.reports?.commit(now.confirmed);
    const committed = { ...now, reports };
    if (committed.confirmed >= this.#durable.confirmed) this.#durable = committed;
    return committed;
  }

  /**
   * The same in the background, if it is time.
   *
   * @throws what an earlier one failed with
   */
  commitWhenDue(): void {
    if (this.#failure) throw this.#failure.error;
    const { reports, fileSink, commitInterval } = this.#options;
    if (reports === undefined || this.#isCommitting || commitInterval === 0) return;
    if (fileSink.confirmed - this.#durable.confirmed < commitInterval) return;
    this.#isCommitting = true;
    this.commit()
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#isCommitting = false;
      });
  }
}
