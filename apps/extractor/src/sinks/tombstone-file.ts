import { constants, type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '@discogs-extractor/internal/durable-file';
import type { Tombstone } from '../changes/tombstone.js';
import { errorCodeOf } from '../errors.js';
import { endOfLines, LINE_FEED, readBytes, writeAll } from './line-file.js';

/** Bytes that are handed over at once. */
const COPIED_BYTES = 1 << 20;

export interface TombstoneFileOptions {
  readonly path: string;
  /** Where the tombstones of this pass begin, in bytes. @default after the last complete line */
  readonly start: number | undefined;
  /** Of these tombstones, those that are confirmed. Everything after them is cut off. */
  readonly confirmed: number;
  readonly signal: AbortSignal;
}

/** The tombstones of a data type of a version, one line each. The file is created with the first of them. */
export class TombstoneFile {
  /** Where the tombstones of this pass begin, in bytes. */
  readonly start: number;
  readonly #path: string;
  #handle: FileHandle | undefined;
  #position: number;

  private constructor(path: string, handle: FileHandle | undefined, start: number, position: number) {
    this.#path = path;
    this.#handle = handle;
    this.start = start;
    this.#position = position;
  }

  /** Rejects with a `RangeError` if it has fewer tombstones than are confirmed. */
  static async open({ path, start, confirmed, signal }: TombstoneFileOptions): Promise<TombstoneFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, constants.O_RDWR);
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOENT') throw error;
      if ((start ?? 0) > 0 || confirmed > 0) throw new RangeError('no lines');
      return new TombstoneFile(path, undefined, 0, 0);
    }
    try {
      const begin = start ?? (await endOfLines(handle));
      const end = await endOfLine(handle, begin, confirmed, signal);
      await handle.truncate(end);
      return new TombstoneFile(path, handle, begin, end);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Removes the file, since the records of its version are written again from the first one. */
  static async discard(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  /** Where the file ends, in bytes. */
  get end(): number {
    return this.#position;
  }

  /** Hands over the bytes of the lines after the first `lines` ones, of which there may be fewer. */
  async readAfter(lines: number, onBytes: (bytes: Buffer) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (this.#handle === undefined) return;
    let position = await endOfLine(this.#handle, 0, lines, signal).catch((error: unknown) => {
      if (error instanceof RangeError) return this.#position;
      throw error;
    });
    while (position < this.#position) {
      const end = Math.min(this.#position, position + COPIED_BYTES);
      const pieces: Buffer[] = [];
      const onPiece = (bytes: Buffer): void => void pieces.push(Buffer.from(bytes));
      position = await readBytes(this.#handle, { start: position, end }, onPiece, signal);
      await onBytes(Buffer.concat(pieces));
    }
  }

  /** Resolves when the tombstones are on the disk. */
  async append(tombstones: readonly Tombstone[]): Promise<void> {
    if (this.#handle === undefined) {
      this.#handle = await open(this.#path, constants.O_RDWR | constants.O_CREAT, 0o666);
      await syncDirectory(dirname(this.#path));
    }
    const lineFeed = Buffer.of(LINE_FEED);
    const bytes = Buffer.concat(tombstones.flatMap(({ message }) => [message, lineFeed]));
    await writeAll(this.#handle, bytes, this.#position);
    await this.#handle.datasync();
    this.#position += bytes.byteLength;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** Where the line number `lines` after `start` ends. */
const endOfLine = async (handle: FileHandle, start: number, lines: number, signal: AbortSignal): Promise<number> => {
  const { size } = await handle.stat();
  if (size < start) throw new RangeError(`${size} bytes`);
  let found = 0;
  let end = start;
  let position = start;
  const count = (bytes: Buffer): void => {
    for (let at = bytes.indexOf(LINE_FEED); at !== -1 && found < lines; at = bytes.indexOf(LINE_FEED, at + 1)) {
      found++;
      end = position + at + 1;
    }
    position += bytes.byteLength;
  };
  if (lines > 0) await readBytes(handle, { start }, count, signal);
  if (found < lines) throw new RangeError(`${found} lines`);
  return end;
};
