import type { StateMarkerError } from '../errors.js';
import type { StateMarker } from '../marker.js';

/** What a store found for a version. */
export type LoadResult =
  | { readonly status: 'found'; readonly marker: StateMarker }
  | { readonly status: 'absent' }
  | {
      readonly status: 'corrupt';
      /** What is wrong with the marker: `INVALID_MARKER`. */
      readonly error: StateMarkerError;
      /** Where the store moved the text (the file store: a path); `undefined` if a read-only store left it in place. */
      readonly movedTo: string | undefined;
    };

/**
 * Stores one marker per dump version. Every implementation must pass the cases of
 * `@discogs-extractor/state-marker/contract`.
 */
export interface MarkerStore extends AsyncDisposable {
  /**
   * Reads a version's marker. Moves an invalid one aside, so that the next save cannot destroy it.
   *
   * @throws {@link StateMarkerError} `INVALID_VERSION`; `UNSUPPORTED_METADATA_VERSION` for the marker of a newer
   * program, which stays where it is; `PERMISSION_DENIED` or `IO_FAILED`; `STORE_CLOSED`
   */
  load(version: string): Promise<LoadResult>;

  /**
   * Replaces the marker of `marker.current_version`, as a whole or not at all. Resolves when this state, or one saved
   * later, is durable. Saves take effect in the order of the calls; states in between may be skipped.
   *
   * @throws {@link StateMarkerError} `INVALID_MARKER`, before anything is changed; `UNSUPPORTED_METADATA_VERSION` if a
   * newer program wrote the stored marker; `NO_SPACE`, `PERMISSION_DENIED` or `IO_FAILED`, and the previous marker
   * remains; `STORE_CLOSED`; `STORE_READ_ONLY`
   */
  save(marker: StateMarker): Promise<void>;

  /**
   * The versions that have a marker, valid or not, oldest first.
   *
   * @throws {@link StateMarkerError} `PERMISSION_DENIED` or `IO_FAILED`; `STORE_CLOSED`
   */
  versions(): Promise<string[]>;

  /** Waits for pending saves, then refuses further calls. Idempotent. */
  close(): Promise<void>;
}
