import { InvalidMarkerError, StateMarkerError } from './errors.js';
import { Lane } from './lane.js';
import type { StateMarker } from './marker.js';
import { parseMarker, serializeMarker } from './schema.js';
import type { LoadResult, MarkerStore } from './store.js';
import { assertVersion } from './version.js';

/** The few things that differ from store to store. Calls for one version never overlap. */
export interface Backend {
  /** The text that is stored, if any. Throws `InvalidMarkerError` for what cannot be text. */
  read(version: string): Promise<string | undefined>;
  /** Replaces the text, whole or not at all, durably. */
  replace(version: string, text: string): Promise<void>;
  /** Puts the version's unreadable text out of the way and tells where it is now. */
  setAside(version: string): Promise<string>;
  list(): Promise<string[]>;
}

/** What all stores have in common: order, validation, and care for what is already there. */
export class BackedStore implements MarkerStore {
  readonly #backend: Backend;
  readonly #readOnly: boolean;
  readonly #lanes = new Map<string, Lane>();
  /** Versions whose stored marker this store has seen, or written. */
  readonly #known = new Set<string>();
  #isClosed = false;

  constructor(backend: Backend, readOnly: boolean) {
    this.#backend = backend;
    this.#readOnly = readOnly;
  }

  async load(version: string): Promise<LoadResult> {
    this.#assertOpen();
    assertVersion(version);
    return this.#lane(version).run(() => this.#load(version));
  }

  async save(marker: StateMarker): Promise<void> {
    this.#assertOpen();
    if (this.#readOnly) throw new StateMarkerError('STORE_READ_ONLY', 'this marker store is read-only');
    // Now, not when its turn comes: the caller's object may have changed by then.
    const text = serializeMarker(marker);
    return this.#lane(marker.current_version).save(text);
  }

  async versions(): Promise<string[]> {
    this.#assertOpen();
    return (await this.#backend.list()).sort();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle));
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
        const message = `the marker of ${version} speaks of version ${marker.current_version}`;
        throw new InvalidMarkerError([{ path: 'current_version', message }]);
      }
      this.#known.add(version);
      return { status: 'found', marker };
    } catch (error) {
      if (!(error instanceof InvalidMarkerError)) throw error;
      const movedTo = this.#readOnly ? null : await this.#backend.setAside(version);
      return { status: 'corrupt', error, movedTo };
    }
  }

  #lane(version: string): Lane {
    let lane = this.#lanes.get(version);
    if (lane === undefined) {
      lane = new Lane((text) => this.#replace(version, text));
      this.#lanes.set(version, lane);
    }
    return lane;
  }

  async #replace(version: string, text: string): Promise<void> {
    // Nobody may have looked yet: the marker of a newer program is not overwritten, an unreadable one is kept.
    if (!this.#known.has(version)) await this.#load(version);
    await this.#backend.replace(version, text);
    this.#known.add(version);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StateMarkerError('STORE_CLOSED', 'the marker store is closed');
  }
}
