import { invalidMarkerError, isInvalidMarkerError, StateMarkerError } from '../errors.js';
import type { StateMarker } from '../marker.js';
import { assertVersion } from '../version.js';
import type { MarkerBackend } from './marker-backend.js';
import type { LoadResult, MarkerStore } from './marker-store.js';
import { parseMarker, serializeMarker } from './marker-text.js';
import { SaveQueue } from './save-queue.js';

/** What all stores have in common: order, validation, and protection of what is stored already. */
export class BackedStore implements MarkerStore {
  readonly #backend: MarkerBackend;
  readonly #isReadOnly: boolean;
  readonly #queues = new Map<string, SaveQueue>();
  /** Versions whose stored marker this store has read or written. */
  readonly #known = new Set<string>();
  #isClosed = false;

  constructor(backend: MarkerBackend, isReadOnly: boolean) {
    this.#backend = backend;
    this.#isReadOnly = isReadOnly;
  }

  async load(version: string): Promise<LoadResult> {
    this.#assertOpen();
    assertVersion(version);
    return this.#queueOf(version).run(() => this.#load(version));
  }

  async save(marker: StateMarker): Promise<void> {
    this.#assertOpen();
    if (this.#isReadOnly) {
      throw new StateMarkerError(
        'STORE_READ_ONLY',
        'This marker store is read-only: open it without `readOnly` to save',
      );
    }
    // Serialized now, since the caller may change its object before the save begins.
    const text = serializeMarker(marker);
    return this.#queueOf(marker.current_version).save(text);
  }

  async versions(): Promise<string[]> {
    this.#assertOpen();
    return [...(await this.#backend.list())].sort();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#queues.values()].map((queue) => queue.idle));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #load(version: string): Promise<LoadResult> {
    try {
      const text = await this.#backend.read(version);
      if (text === undefined) return { status: 'absent' };
      const marker = parseMarker(text);
      if (marker.current_version !== version) {
        const message = `the marker stored for ${version} is of version ${marker.current_version}`;
        throw invalidMarkerError([{ path: 'current_version', message }]);
      }
      this.#known.add(version);
      return { status: 'found', marker };
    } catch (error) {
      if (!isInvalidMarkerError(error)) throw error;
      const movedTo = this.#isReadOnly ? undefined : await this.#backend.setAside(version);
      return { status: 'corrupt', error, movedTo };
    }
  }

  #queueOf(version: string): SaveQueue {
    let queue = this.#queues.get(version);
    if (queue === undefined) {
      queue = new SaveQueue((text) => this.#replace(version, text));
      this.#queues.set(version, queue);
    }
    return queue;
  }

  async #replace(version: string, text: string): Promise<void> {
    // If the caller never loaded it: do not overwrite a newer program's marker, and keep an unreadable one.
    if (!this.#known.has(version)) await this.#load(version);
    await this.#backend.replace(version, text);
    this.#known.add(version);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StateMarkerError('STORE_CLOSED', 'The marker store is closed');
  }
}
