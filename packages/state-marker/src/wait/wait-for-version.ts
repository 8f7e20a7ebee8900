import { abortable, sleep } from '@discogs-extractor/internal/abort';
import { decide } from '../decide/decide.js';
import { StateMarkerError } from '../errors.js';
import type { StateMarker } from '../marker.js';
import { checks } from '../option-checks.js';
import { createFileMarkerStore, markerFileName } from '../store/file-store.js';
import type { LoadResult, MarkerStore } from '../store/marker-store.js';
import { isCompleted } from '../transitions/update-marker.js';
import { assertVersion, DATA_TYPES, type DataType, dataTypeOf } from '../version.js';
import { FolderWatch } from './folder-watch.js';

export interface WaitForVersionOptions {
  /** The version of the dump, `YYYYMMDD`. */
  readonly version: string;
  /**
   * The extractor's data folder. It need not be there yet. Either this or `store` is required.
   *
   * @default none
   */
  readonly directory?: string | undefined;
  /**
   * The store that the extractor saves the marker in. Open your own one, with `readOnly`, and close it yourself.
   *
   * @default none
   */
  readonly store?: MarkerStore | undefined;
  /**
   * Wait only for these types' files, whatever the state of the others and of the run as a whole.
   *
   * @default all files of the run, and its end
   */
  readonly types?: readonly DataType[] | undefined;
  /**
   * Milliseconds between two reads of the marker. In a folder on a local disk, changes are noticed at once.
   *
   * @default 5000
   */
  readonly pollIntervalMs?: number | undefined;
  /**
   * Milliseconds for which the marker may be unreadable without a break (invalid, access denied, a network share that
   * does not respond) before the wait fails. A marker that is not there yet is waited for without a limit.
   *
   * @default 60000
   */
  readonly maxUnreadableMs?: number | undefined;
  /** Called with each marker that is read before the version is complete, such as to show the progress or a failure. */
  readonly onMarker?: ((marker: StateMarker) => void) | undefined;
  /** Ends the wait, which rejects with the signal's reason. Use `AbortSignal.timeout(ms)` to limit it. */
  readonly signal?: AbortSignal | undefined;
}

const KNOWN: Readonly<Record<keyof WaitForVersionOptions, true>> = {
  version: true,
  directory: true,
  store: true,
  types: true,
  pollIntervalMs: true,
  maxUnreadableMs: true,
  onMarker: true,
  signal: true,
};

/**
 * Waits until a version is delivered completely, and returns its marker: all records of all its files are confirmed,
 * and so are their `file_complete` messages. For consumers: it reads only, next to a running extractor, which may be
 * stopped, fail and start again meanwhile.
 *
 * The marker says what was left out: `undelivered` of a file in `processing_phase.progress_by_file`.
 *
 * @throws {@link StateMarkerError} `INVALID_OPTIONS`, `INVALID_VERSION`; `UNSUPPORTED_METADATA_VERSION` for the marker
 * of a newer program; `STORE_CLOSED`; after `maxUnreadableMs`, `INVALID_MARKER`, `PERMISSION_DENIED` or `IO_FAILED`. The
 * last two come at once if `directory` is not a folder or cannot be inspected when the wait begins. The signal's reason
 */
export const waitForVersion = async (options: WaitForVersionOptions): Promise<StateMarker> => {
  const {
    version,
    directory,
    store: given,
    types,
    pollIntervalMs = 5000,
    maxUnreadableMs = 60_000,
    onMarker = () => undefined,
    signal,
  } = checks.object('', options, KNOWN);
  assertVersion(version);
  if ((directory === undefined) === (given === undefined)) {
    throw new StateMarkerError('INVALID_OPTIONS', 'Give either directory, the data folder, or store');
  }
  if (given !== undefined && typeof given?.load !== 'function') checks.fail('store', 'a MarkerStore', given);
  if (types !== undefined) {
    for (const type of checks.list('types', types)) checks.oneOf('types', type, DATA_TYPES);
    if (types.length === 0) throw new StateMarkerError('INVALID_OPTIONS', 'types must name at least one type');
  }
  checks.durationMs('pollIntervalMs', pollIntervalMs, { min: 1 });
  checks.durationMs('maxUnreadableMs', maxUnreadableMs);
  checks.optionalFunction('onMarker', onMarker);
  checks.optionalSignal('signal', signal);
  signal?.throwIfAborted();

  // A read-only store of files holds nothing that would have to be closed.
  const store = given ?? (await abortable(createFileMarkerStore({ directory: directory!, readOnly: true }), signal));
  const watch = directory === undefined ? undefined : new FolderWatch(directory, markerFileName(version));
  let unreadableSince: number | undefined;
  try {
    for (;;) {
      watch?.open();
      const found = await abortable(readMarker(store, version), signal);
      if (found.status === 'found') {
        if (isDelivered(found.marker, types)) return found.marker;
        onMarker(found.marker);
      }
      if (found.status === 'unreadable') {
        unreadableSince ??= performance.now();
        if (performance.now() - unreadableSince >= maxUnreadableMs) throw found.error;
      } else unreadableSince = undefined;
      await (watch?.wait(pollIntervalMs, signal) ?? sleep(pollIntervalMs, signal));
    }
  } finally {
    watch?.close();
  }
};

/** Errors that no later read mends. */
const FINAL_CODES: readonly unknown[] = ['UNSUPPORTED_METADATA_VERSION', 'STORE_CLOSED', 'INVALID_OPTIONS'];

type ReadResult =
  | Exclude<LoadResult, { status: 'corrupt' }>
  | { readonly status: 'unreadable'; readonly error: unknown };

const readMarker = async (store: MarkerStore, version: string): Promise<ReadResult> => {
  try {
    const found = await store.load(version);
    return found.status === 'corrupt' ? { status: 'unreadable', error: found.error } : found;
  } catch (error) {
    // By code and not by class: a store may have its own copy of this package.
    if (error instanceof Error && 'code' in error && FINAL_CODES.includes(error.code)) throw error;
    return { status: 'unreadable', error };
  }
};

const isDelivered = (marker: StateMarker, types: readonly DataType[] | undefined): boolean => {
  // An extractor would skip the version.
  if (types === undefined) return decide({ status: 'found', marker }).action === 'skip';
  const files = Object.entries(marker.processing_phase.progress_by_file);
  return types.every((type) => {
    const ofType = files.filter(([file]) => dataTypeOf(file) === type);
    return ofType.length > 0 && ofType.every(([, entry]) => isCompleted(entry));
  });
};
