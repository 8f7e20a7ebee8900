import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@discogs-extractor/internal/durable-file';
import { errnoOf } from '@discogs-extractor/internal/errno';
import type { MetadataSetAside } from '../events.js';
import { runStorageStep, toStorageError } from './storage-error.js';

/** The file that records what was downloaded, shared with the Rust and Python extractors. */
export const METADATA_FILE = '.discogs_metadata.json';

/**
 * An entry of the metadata file. Only this project writes `mtime` and `ctime`: the older extractors hash every file at
 * every start, and ignore these fields when they read them.
 */
export interface FileMetadata {
  readonly path: string;
  /** SHA-256, lower-case hex. */
  readonly checksum: string;
  /** `YYYYMMDD` (the Rust extractor writes `YYYYMM`). */
  readonly version: string;
  /** Bytes. */
  readonly size: number;
  /** Modification time in milliseconds since 1970, with the fraction that the file system stores. */
  readonly mtime?: number | undefined;
  /** Time of the last change of content, permissions or links, in the same unit. */
  readonly ctime?: number | undefined;
}

const isFileMetadata = (value: unknown): value is FileMetadata => {
  const entry = value as Partial<FileMetadata> | null;
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

  /** Reads the file. A damaged one is renamed and reported: that costs hashing the files again, not a download. */
  static async load(directory: string, onSetAside: (event: MetadataSetAside) => void): Promise<MetadataStore> {
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
      if (typeof json !== 'object' || json === null || Array.isArray(json)) {
        throw new TypeError('not a JSON object of entries');
      }
      return new MetadataStore(path, new Map(Object.entries(json)));
    } catch (error) {
      const movedTo = `${path}.corrupt-${new Date().toISOString().replaceAll(':', '')}`;
      await runStorageStep('rename', path, () => rename(path, movedTo));
      onSetAside({ type: 'metadata-set-aside', path: movedTo, error: error as Error });
      return new MetadataStore(path, new Map());
    }
  }

  /** The entry of a file; `undefined` if there is none, or an unusable one. */
  get(file: string): FileMetadata | undefined {
    const entry = this.#entries.get(file);
    return isFileMetadata(entry) ? entry : undefined;
  }

  /** Records a verified file. */
  async record(file: string, metadata: FileMetadata): Promise<void> {
    this.#entries.set(file, metadata);
    await this.#save();
  }

  /** Removes the entries of files. */
  async forget(files: readonly string[]): Promise<void> {
    let hasChanged = false;
    for (const file of files) hasChanged = this.#entries.delete(file) || hasChanged;
    if (hasChanged) await this.#save();
  }

  #save(): Promise<void> {
    // Saves run one after the other, each with the entries at its start, so that an older state never overwrites a
    // newer.
    const save = this.#saving.then(() => {
      const sorted = [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
      const text = `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`;
      return replaceFile(this.#path, text, runStorageStep);
    });
    this.#saving = save.catch(() => undefined);
    return save;
  }
}
