import { type FilePlan, planFile } from '../decide/plan-file.js';
import { StateMarkerError } from '../errors.js';
import { type StateMarker, watermarkOf } from '../marker.js';
import { checks } from '../option-checks.js';
import type { MarkerStore } from '../store/marker-store.js';
import * as download from '../transitions/download.js';
import * as processing from '../transitions/processing.js';
import * as run from '../transitions/run.js';

export interface MarkerSessionOptions {
  /** Where the session saves the marker. You close the store yourself, after the session. */
  readonly store: MarkerStore;
  /** The marker to begin with. The session does not save it until you change it or call `save`. */
  readonly marker: StateMarker;
  /**
   * Number of records, over all files, whose confirmation makes the session save the marker in the background. `0`:
   * only `save` and `close` do.
   *
   * @default 5000
   */
  readonly saveIntervalRecords?: number | undefined;
  /**
   * Called when a save in the background fails. The next interval tries again, and `save` and `close` reject if it
   * still fails then.
   *
   * @default does nothing; {@link MarkerSession.saveError} holds the error
   */
  readonly onSaveError?: ((error: unknown) => void) | undefined;
  /** The clock. @default the system's */
  readonly now?: (() => Date) | undefined;
}

/**
 * One run's marker: applies transitions to it, for any number of files at once, and saves it in time. Transitions are
 * synchronous, so none is lost.
 *
 * Each transition does what the exported function of the same name does, at the session's clock, and returns the new
 * marker. If it throws, the marker stays as it was. After `close` each throws `STORE_CLOSED`.
 */
export interface MarkerSession extends AsyncDisposable {
  /** The current marker, saved or not. */
  readonly marker: StateMarker;

  /** The error of the latest save in the background, until a save succeeds. */
  readonly saveError: unknown;

  /** Applies any transition, such as your own. */
  update(transition: (marker: StateMarker, now: Date) => StateMarker): StateMarker;

  startDownload(files: readonly string[]): StateMarker;
  startFileDownload(file: string): StateMarker;
  advanceFileDownload(file: string, bytes: number): StateMarker;
  completeFileDownload(file: string, downloaded: download.DownloadedFile): StateMarker;
  failFileDownload(file: string, error: string): StateMarker;
  completeDownload(): StateMarker;
  failDownload(error: string): StateMarker;

  startProcessing(files: readonly string[]): StateMarker;
  /**
   * Plans a file and takes the first step of the plan: {@link startFile}, {@link restartFile}, or none if it is to be
   * skipped. Returns the plan.
   */
  beginFile(file: string, source: processing.FileSource): FilePlan;
  startFile(file: string, source: processing.FileSource): StateMarker;
  restartFile(file: string, source: processing.FileSource): StateMarker;
  advanceFile(file: string, counts: processing.FileCounts): StateMarker;
  completeFile(file: string, counts: processing.CompletedFileCounts): StateMarker;
  failFile(file: string, error: string): StateMarker;
  invalidateFile(file: string, reason: string): StateMarker;
  completeProcessing(): StateMarker;
  failProcessing(error: string): StateMarker;

  recordSink(sink: string): StateMarker;
  recordHeartbeat(): StateMarker;
  recordExtractionComplete(withheldBecause: readonly string[]): StateMarker;
  failPublishing(error: string): StateMarker;
  completeRun(): StateMarker;

  /** Resolves when the current marker or a later state is durable; rejects as the store does. For phase changes. */
  save(): Promise<void>;

  /** Saves what is not saved yet, and refuses further transitions. Idempotent. */
  close(): Promise<void>;
}

const KNOWN: Readonly<Record<keyof MarkerSessionOptions, true>> = {
  store: true,
  marker: true,
  saveIntervalRecords: true,
  onSaveError: true,
  now: true,
};

const DEFAULT_SAVE_INTERVAL_RECORDS = 5000;

/**
 * Creates a session. Does no I/O.
 *
 * @throws {@link StateMarkerError} `INVALID_OPTIONS`
 */
export const createMarkerSession = (options: MarkerSessionOptions): MarkerSession => {
  const {
    store,
    marker,
    saveIntervalRecords = DEFAULT_SAVE_INTERVAL_RECORDS,
    onSaveError = () => undefined,
    now = () => new Date(),
  } = checks.object('', options, KNOWN);
  if (typeof store?.save !== 'function') checks.fail('store', 'a MarkerStore', store);
  assertMarker('marker', marker);
  checks.wholeNumber('saveIntervalRecords', saveIntervalRecords, { min: 0 });
  checks.optionalFunction('onSaveError', onSaveError);
  checks.optionalFunction('now', now);
  return new Session({ store, marker, saveIntervalRecords, onSaveError, now });
};

/** Checks only that it looks like a marker; saving validates all of it. */
const assertMarker = (name: string, marker: StateMarker): void => {
  if (typeof marker?.publishing_phase !== 'object') checks.fail(name, 'a marker, from createMarker or load', marker);
};

type ResolvedOptions = { readonly [Name in keyof MarkerSessionOptions]-?: NonNullable<MarkerSessionOptions[Name]> };

class Session implements MarkerSession {
  readonly #options: ResolvedOptions;
  #marker: StateMarker;
  #saved: StateMarker | undefined;
  /** Confirmed records at the latest save, whether it has ended or not. */
  #savedRecords: number;
  #isSavingInBackground = false;
  #saveError: unknown;
  #isClosed = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#marker = options.marker;
    this.#savedRecords = confirmedRecords(options.marker);
  }

  get marker(): StateMarker {
    return this.#marker;
  }

  get saveError(): unknown {
    return this.#saveError;
  }

  update(transition: (marker: StateMarker, now: Date) => StateMarker): StateMarker {
    if (this.#isClosed) throw new StateMarkerError('STORE_CLOSED', 'The marker session is closed');
    const marker = transition(this.#marker, this.#options.now());
    assertMarker('the result of a transition', marker);
    this.#marker = marker;
    // A restarted file has fewer confirmed records than before.
    this.#savedRecords = Math.min(this.#savedRecords, confirmedRecords(marker));
    this.#saveWhenDue();
    return marker;
  }

  startDownload(files: readonly string[]): StateMarker {
    return this.update((marker, now) => download.startDownload(marker, files, now));
  }

  startFileDownload(file: string): StateMarker {
    return this.update((marker, now) => download.startFileDownload(marker, file, now));
  }

  advanceFileDownload(file: string, bytes: number): StateMarker {
    return this.update((marker, now) => download.advanceFileDownload(marker, file, bytes, now));
  }

  completeFileDownload(file: string, downloaded: download.DownloadedFile): StateMarker {
    return this.update((marker, now) => download.completeFileDownload(marker, file, downloaded, now));
  }

  failFileDownload(file: string, error: string): StateMarker {
    return this.update((marker, now) => download.failFileDownload(marker, file, error, now));
  }

  completeDownload(): StateMarker {
    return this.update(download.completeDownload);
  }

  failDownload(error: string): StateMarker {
    return this.update((marker, now) => download.failDownload(marker, error, now));
  }

  startProcessing(files: readonly string[]): StateMarker {
    return this.update((marker, now) => processing.startProcessing(marker, files, now));
  }

  beginFile(file: string, source: processing.FileSource): FilePlan {
    const plan = planFile(this.#marker, file, source.checksum);
    if (plan.action === 'restart') this.restartFile(file, source);
    else if (plan.action !== 'skip') this.startFile(file, source);
    return plan;
  }

  startFile(file: string, source: processing.FileSource): StateMarker {
    return this.update((marker, now) => processing.startFile(marker, file, source, now));
  }

  restartFile(file: string, source: processing.FileSource): StateMarker {
    return this.update((marker, now) => processing.restartFile(marker, file, source, now));
  }

  advanceFile(file: string, counts: processing.FileCounts): StateMarker {
    return this.update((marker, now) => processing.advanceFile(marker, file, counts, now));
  }

  completeFile(file: string, counts: processing.CompletedFileCounts): StateMarker {
    return this.update((marker, now) => processing.completeFile(marker, file, counts, now));
  }

  failFile(file: string, error: string): StateMarker {
    return this.update((marker, now) => processing.failFile(marker, file, error, now));
  }

  invalidateFile(file: string, reason: string): StateMarker {
    return this.update((marker, now) => processing.invalidateFile(marker, file, reason, now));
  }

  completeProcessing(): StateMarker {
    return this.update(processing.completeProcessing);
  }

  failProcessing(error: string): StateMarker {
    return this.update((marker, now) => processing.failProcessing(marker, error, now));
  }

  recordSink(sink: string): StateMarker {
    return this.update((marker, now) => run.recordSink(marker, sink, now));
  }

  recordHeartbeat(): StateMarker {
    return this.update(run.recordHeartbeat);
  }

  recordExtractionComplete(withheldBecause: readonly string[]): StateMarker {
    return this.update((marker, now) => run.recordExtractionComplete(marker, withheldBecause, now));
  }

  failPublishing(error: string): StateMarker {
    return this.update((marker, now) => run.failPublishing(marker, error, now));
  }

  completeRun(): StateMarker {
    return this.update(run.completeRun);
  }

  async save(): Promise<void> {
    const marker = this.#marker;
    if (marker === this.#saved) return;
    this.#savedRecords = confirmedRecords(marker);
    await this.#options.store.save(marker);
    this.#saved = marker;
    this.#saveError = undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.save();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #saveWhenDue(): void {
    const { saveIntervalRecords, onSaveError } = this.#options;
    if (saveIntervalRecords === 0 || this.#isSavingInBackground) return;
    if (confirmedRecords(this.#marker) - this.#savedRecords < saveIntervalRecords) return;
    this.#isSavingInBackground = true;
    this.save()
      .catch((error: unknown) => {
        this.#saveError = error;
        onSaveError(error);
      })
      .finally(() => {
        this.#isSavingInBackground = false;
      });
  }
}

const confirmedRecords = ({ processing_phase: { progress_by_file: files } }: StateMarker): number =>
  Object.values(files).reduce((records, file) => records + watermarkOf(file), 0);
