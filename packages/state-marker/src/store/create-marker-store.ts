import { backendError, StateMarkerError, type StoreOperation } from '../errors.js';
import { checks } from '../option-checks.js';
import { BackedStore } from './backed-store.js';
import type { MarkerBackend } from './marker-backend.js';
import type { MarkerStore } from './marker-store.js';

export interface MarkerStoreOptions {
  /** Where the texts are kept. */
  readonly backend: MarkerBackend;
  /**
   * Never changes anything: an unreadable marker is reported but stays in place, and `save` rejects with
   * `STORE_READ_ONLY`.
   *
   * @default false
   */
  readonly readOnly?: boolean | undefined;
}

const KNOWN: Readonly<Record<keyof MarkerStoreOptions, true>> = { backend: true, readOnly: true };

const METHODS = ['read', 'replace', 'setAside', 'list'] as const satisfies readonly (keyof MarkerBackend)[];

/**
 * Creates a store over a place of your own, such as a database or an object store. Run the cases of
 * `@discogs-extractor/state-marker/contract` against it. Does no I/O.
 *
 * The store's methods reject with `IO_FAILED` (or `PERMISSION_DENIED` or `NO_SPACE`, for a system error that means
 * that) if the backend rejects; `facts` has the `operation` and the `version`, `cause` the backend's error.
 *
 * @throws {@link StateMarkerError} `INVALID_OPTIONS`
 */
export const createMarkerStore = (options: MarkerStoreOptions): MarkerStore => {
  const { backend, readOnly = false } = checks.object('', options, KNOWN);
  checks.object('backend', backend);
  for (const method of METHODS) {
    if (typeof backend[method] !== 'function') checks.fail(`backend.${method}`, 'a function', backend[method]);
  }
  checks.boolean('readOnly', readOnly);
  return new BackedStore(withTypedErrors(backend), readOnly);
};

/** The backend, with errors and results that can be relied on. */
const withTypedErrors = (backend: MarkerBackend): MarkerBackend => ({
  read: (version) =>
    runBackend('read', version, async () => {
      const text: unknown = await backend.read(version);
      // Many databases return null for what is absent. It must not be taken for a damaged marker and moved away.
      return text === undefined ? undefined : checks.text('The result of backend.read (or undefined)', text);
    }),
  replace: (version, text) => runBackend('write', version, () => backend.replace(version, text)),
  setAside: (version) => runBackend('set-aside', version, () => backend.setAside(version)),
  list: () =>
    runBackend('list', undefined, async () => checks.list('The result of backend.list', await backend.list())),
});

const runBackend = async <T>(
  operation: StoreOperation,
  version: string | undefined,
  action: () => Promise<T>,
): Promise<T> => {
  try {
    return await action();
  } catch (error) {
    throw error instanceof StateMarkerError ? error : backendError(operation, version, error);
  }
};
