import type { InvalidMarkerError } from './errors.js';
import type { StateMarker } from './marker.js';

/** What was found where a version's marker belongs. */
export type LoadResult =
  | { readonly status: 'found'; readonly marker: StateMarker }
  | { readonly status: 'absent' }
  | {
      readonly status: 'corrupt';
      /** What is wrong with it. */
      readonly error: InvalidMarkerError;
      /** Where it was moved to (for the file store, a path); `null` where a read-only store left it in place. */
      readonly movedTo: string | null;
    };

/**
 * Where markers are kept, one for each dump version. Any implementation has to pass the cases of
 * `@discogs-extractor/state-marker/contract`.
 */
export interface MarkerStore extends AsyncDisposable {
  /**
   * Reads a version's marker. One that is not valid is moved aside, so that the next save cannot destroy it.
   *
   * @throws `INVALID_VERSION`; `UNSUPPORTED_METADATA_VERSION` for the marker of a newer program, which stays where
   * it is; `PERMISSION_DENIED` or `IO_FAILED`; `STORE_CLOSED`.
   */
  load(version: string): Promise<LoadResult>;

  /**
   * Replaces the marker of `marker.current_version`, whole or not at all. Resolves when this state, or one saved
   * later, is durable. Saves take effect in the order of the calls; states in between may be left out.
   *
   * @throws `INVALID_MARKER`, before anything is touched; `UNSUPPORTED_METADATA_VERSION` rather
   * than overwrite the marker of a newer program; `NO_SPACE`, `PERMISSION_DENIED` or `IO_FAILED`, and the marker that
   * was there remains; `STORE_CLOSED`; `STORE_READ_ONLY`.
   */
  save(marker: StateMarker): Promise<void>;

  /**
   * The versions that have a marker, oldest first. Whether they are valid only `load` tells.
   *
   * @throws `PERMISSION_DENIED` or `IO_FAILED`; `STORE_CLOSED`.
   */
  versions(): Promise<string[]>;

  /** Waits for saves under way, then refuses all else. May be called again. */
  close(): Promise<void>;
}
