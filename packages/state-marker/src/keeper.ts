import { StateMarkerError } from './errors.js';
import { assertKnownOptions } from './known-options.js';
import type { StateMarker } from './marker.js';
import type { MarkerStore } from './store.js';

export interface MarkerKeeperOptions {
  /** Where the marker is saved. Closing it remains the caller's affair. */
  readonly store: MarkerStore;
  /** The marker to begin with. Not saved by itself. */
  readonly marker: StateMarker;
  /**
   * Records confirmed, over all files, after which an update saves the marker in the background. `0`: never, only
   * `save` does.
   *
   * @default 5000
   */
  readonly saveInterval?: number;
  /**
   * Told when a save in the background fails. Nothing else follows: the next interval tries again, and `save` and
   * `close` reject if it still fails then.
   *
   * @default does nothing; {@link MarkerKeeper.saveError} keeps the error
   */
  readonly onSaveError?: (error: unknown) => void;
  /** @default the system's clock */
  readonly now?: () => Date;
}

/**
 * Owns a run's marker, for any number of files that advance side by side. Transitions are pure and updates
 * synchronous, so none is lost.
 */
export interface MarkerKeeper extends AsyncDisposable {
  /** The marker as it is now, saved or not. */
  readonly marker: StateMarker;

  /** The error of the newest save in the background, until a save succeeds. */
  readonly saveError: unknown;

  /**
   * Applies a transition and gives the new marker. If it throws, the marker stays as it was.
   *
   * ```ts
   * keeper.update((marker, now) => advanceFile(marker, file, progress, now));
   * ```
   */
  update(transition: (marker: StateMarker, now: Date) => StateMarker): StateMarker;

  /** Resolves when the marker as it is now, or a later state, is durable. For phase changes. Rejects as the store does. */
  save(): Promise<void>;

  /** Saves what is not saved yet and refuses further updates with `STORE_CLOSED`. May be called again. For shutdown. */
  close(): Promise<void>;
}

const NAMES: Readonly<Record<keyof MarkerKeeperOptions, true>> = {
  store: true,
  marker: true,
  saveInterval: true,
  onSaveError: true,
  now: true,
};

/**
 * Makes a keeper. Does no I/O.
 *
 * @throws `INVALID_ARGUMENT`
 */
export function createMarkerKeeper(options: MarkerKeeperOptions): MarkerKeeper {
  assertKnownOptions(options, NAMES);
  const { store, marker, saveInterval = 5000 } = options;
  if (typeof store?.save !== 'function') throw new StateMarkerError('INVALID_ARGUMENT', 'store must be a MarkerStore');
  assertMarker('marker', marker);
  if (!Number.isSafeInteger(saveInterval) || saveInterval < 0) {
    throw new StateMarkerError(
      'INVALID_ARGUMENT',
      `saveInterval must be a whole number from 0 up, not ${saveInterval}`,
    );
  }
  return new Keeper({ onSaveError: () => undefined, now: () => new Date(), ...options, saveInterval });
}

/** Not whole: saving does that. What has no phases is something else altogether. */
const assertMarker = (what: string, marker: StateMarker): void => {
  if (typeof marker?.publishing_phase !== 'object') {
    throw new StateMarkerError('INVALID_ARGUMENT', `${what} must be a marker, as createMarker or load give it`);
  }
};

class Keeper implements MarkerKeeper {
  readonly #options: Required<MarkerKeeperOptions>;
  #marker: StateMarker;
  #saved: StateMarker | undefined;
  /** Confirmed records at the newest save, begun or done. */
  #savedRecords: number;
  #isSavingInBackground = false;
  #saveError: unknown;
  #isClosed = false;

  constructor(options: Required<MarkerKeeperOptions>) {
    this.#options = options;
    this.#marker = options.marker;
    this.#savedRecords = confirmed(options.marker);
  }

  get marker(): StateMarker {
    return this.#marker;
  }

  get saveError(): unknown {
    return this.#saveError;
  }

  update(transition: (marker: StateMarker, now: Date) => StateMarker): StateMarker {
    if (this.#isClosed) throw new StateMarkerError('STORE_CLOSED', 'the marker keeper is closed');
    const marker = transition(this.#marker, this.#options.now());
    assertMarker('what a transition gives', marker);
    this.#marker = marker;
    // A restarted file takes its records back.
    this.#savedRecords = Math.min(this.#savedRecords, confirmed(this.#marker));
    this.#saveWhenDue();
    return this.#marker;
  }

  async save(): Promise<void> {
    const marker = this.#marker;
    if (marker === this.#saved) return;
    this.#savedRecords = confirmed(marker);
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
    const { saveInterval, onSaveError } = this.#options;
    if (saveInterval === 0 || this.#isSavingInBackground) return;
    if (confirmed(this.#marker) - this.#savedRecords < saveInterval) return;
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

const confirmed = (marker: StateMarker): number => marker.publishing_phase.messages_published;
