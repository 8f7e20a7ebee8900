import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DownloaderNotice } from './events.js';
import { errnoOf, toStorageError, writeFileDurably } from './storage.js';

/** The file that remembers what was downloaded, shared with the Rust and Python extractors. */
export const METADATA_FILE = '.discogs_metadata.json';

/**
 * What is remembered of a file. `mtime` is this project's own: the older extractors hash every file at every start,
 * write entries without it, and pass over it when reading.
 */
export interface FileMemory {
  readonly path: string;
  /** SHA-256, lower-case hex. */
  readonly checksum: string;
  /** `YYYYMMDD` (the Rust extractor writes `YYYYMM`). */
  readonly version: string;
  /** Bytes. */
  readonly size: number;
  /** Modification time in milliseconds since 1970, with the fraction that the file system keeps. */
  readonly mtime?: number;
}

const isMemory = (value: unknown): value is FileMemory => {
  const entry = value as Partial<FileMemory> | null;
  return (
    typeof entry === 'object' && entry !== null && typeof entry.checksum === 'string' && typeof entry.size === 'number'
  );
};

/** `.discogs_metadata.json`: read once, saved as a whole after each change, one save at a time. */
export class MetadataStore {
  readonly #path: string;
  readonly #entries: Map<string, unknown>;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, entries: Map<string, unknown>) {
    this.#path = path;
    this.#entries = entries;
  }

  /** Reads the file. A damaged one is moved aside and reported: it costs a hashing, not a download. */
  static async load(directory: string, onNotice: (notice: DownloaderNotice) => void): Promise<MetadataStore> {
    const path = join(directory, METADATA_FILE);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return new MetadataStore(path, new Map());
      throw toStorageError(error, path);
    }
    try {
      const json: unknown = JSON.parse(text);
      if (typeof json !== 'object' || json === null || Array.isArray(json))
        throw new TypeError('not an object of entries');
      return new MetadataStore(path, new Map(Object.entries(json)));
    } catch (error) {
      const movedTo = `${path}.corrupt-${new Date().toISOString().replaceAll(':', '')}`;
      try {
        await rename(path, movedTo);
      } catch (renameError) {
        throw toStorageError(renameError, path);
      }
      onNotice({ kind: 'metadata_damaged', path, movedTo, error: error as Error });
      return new MetadataStore(path, new Map());
    }
  }

  /** What is remembered of a file; `null` for nothing, or nothing usable. */
  get(name: string): FileMemory | null {
    const entry = this.#entries.get(name);
    return isMemory(entry) ? entry : null;
  }

  /** Remembers a verified file. */
  async remember(name: string, memory: FileMemory): Promise<void> {
    this.#entries.set(name, memory);
    await this.#save();
  }

  /** Forgets files. */
  async forget(names: readonly string[]): Promise<void> {
    let changed = false;
    for (const name of names) changed = this.#entries.delete(name) || changed;
    if (changed) await this.#save();
  }

  #save(): Promise<void> {
    // Each save writes the state of its own moment or a later one, after the one before: two never race for the name.
    const save = this.#saving.then(() => {
      const sorted = [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
      return writeFileDurably(this.#path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
    });
    this.#saving = save.catch(() => undefined);
    return save;
  }
}
