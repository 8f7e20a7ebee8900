import { createHash, type Hash } from 'node:crypto';
import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { syncDirectory } from '@discogs-extractor/internal/durable-file';
import { errnoOf } from '@discogs-extractor/internal/errno';
import { isGzip } from '@discogs-extractor/internal/gzip-magic';
import { CHUNK_BYTES, readChunks } from '../read-chunks.js';
import { type FileIdentity, identityOfOpen } from './file-identity.js';
import { toStorageError } from './storage-error.js';

/** A chunk of at least this size is written directly: copying it into the buffer would cost more. */
const MIN_DIRECT_WRITE_BYTES = 256 * 1024;

/** The path of the partial file of a file. */
export const partPathOf = (path: string): string => `${path}.part`;

/**
 * A file during its transfer: `NAME.part`, hashed while it is written. Small chunks are collected into large writes;
 * one write is in progress while the next buffer fills.
 */
export class PartFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #hash: Hash = createHash('sha256');
  #length = 0;
  #written = 0;
  #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #spare = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #filled = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Opens the file, or creates it. Its existing content counts only after {@link resume}. */
  static async open(path: string): Promise<PartFile> {
    try {
      // No flag string stands for this: `r+` requires the file, `w+` truncates it, `a+` only writes at its end.
      return new PartFile(path, await open(path, constants.O_RDWR | constants.O_CREAT));
    } catch (error) {
      throw toStorageError(error, path);
    }
  }

  /** Number of bytes so far, in buffers or on disk. */
  get length(): number {
    return this.#length;
  }

  /** Hashes what an earlier run left, so that it can be continued. Discards it if it does not begin like gzip. */
  async resume(signal: AbortSignal, onBytes: (bytes: number) => void): Promise<void> {
    try {
      for await (const chunk of readChunks(this.#handle, 0, signal)) {
        if (this.#length === 0 && !isGzip(chunk)) break;
        this.#hash.update(chunk);
        this.#length += chunk.length;
        onBytes(this.#length);
      }
      this.#written = this.#length;
      await this.#handle.truncate(this.#length);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw toStorageError(error, this.path);
    }
  }

  /** Appends bytes. They are copied or written by the time it resolves. */
  async append(chunk: Uint8Array): Promise<void> {
    if (chunk.length >= MIN_DIRECT_WRITE_BYTES) {
      await this.#flush();
      await this.#writing;
      this.#length += chunk.length;
      const writing = this.#write(chunk);
      writing.catch(() => undefined);
      this.#hash.update(chunk);
      await writing;
      return;
    }
    for (let offset = 0; offset < chunk.length; ) {
      const fitting = Math.min(CHUNK_BYTES - this.#filled, chunk.length - offset);
      this.#buffer.set(chunk.subarray(offset, offset + fitting), this.#filled);
      this.#filled += fitting;
      this.#length += fitting;
      offset += fitting;
      if (this.#filled === CHUNK_BYTES) await this.#flush();
    }
  }

  /** SHA-256 of all bytes so far, lower-case hex. More may be appended afterwards. */
  async digest(): Promise<string> {
    await this.#flush();
    return this.#hash.copy().digest('hex');
  }

  /**
   * Decompresses all bytes, as a check of files that have no published hash.
   *
   * @returns what is wrong; `undefined` for a whole gzip file
   */
  async gzipFault(signal: AbortSignal): Promise<string | undefined> {
    await this.#flush();
    await this.#writing;
    const chunks = readChunks(this.#handle, 0, signal);
    // The chunks' memory is reused, while the stream may still hold them.
    const copies = async function* (): AsyncGenerator<Buffer, void> {
      for await (const chunk of chunks) yield Buffer.from(chunk);
    };
    const discard = new Writable({ write: (_chunk, _encoding, done) => done() });
    try {
      await pipeline(copies, createGunzip(), discard);
      return undefined;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!/^Z_/.test(errnoOf(error) ?? '')) throw toStorageError(error, this.path);
      return (error as Error).message;
    }
  }

  /** Discards all bytes and starts over. */
  async restart(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#truncate(0);
    this.#hash = createHash('sha256');
    this.#length = 0;
    this.#written = 0;
    this.#filled = 0;
    this.#writing = Promise.resolve();
  }

  /** Makes the bytes durable under the final name, and closes the file. */
  async moveTo(path: string): Promise<FileIdentity> {
    try {
      await this.#flush();
      await this.#writing;
      await this.#handle.sync();
      await rename(this.path, path);
      await syncDirectory(dirname(path));
      // Of the open file, whatever has its name by now; after the renaming, which changes it.
      const identity = await identityOfOpen(this.#handle);
      await this.#handle.close();
      return identity;
    } catch (error) {
      throw toStorageError(error, path);
    }
  }

  /** Closes the file and leaves it for the next run; deletes it if it is empty. */
  async keep(): Promise<void> {
    // Tries to save the buffered bytes too; if that fails, the bytes on disk remain.
    await this.#flush().catch(() => undefined);
    await this.#writing.catch(() => undefined);
    await this.#handle.close();
    if (this.#written === 0) await rm(this.path, { force: true });
  }

  /** Closes and deletes the file. */
  async discard(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#handle.close();
    await rm(this.path, { force: true });
  }

  /** Gives up the last bytes, so that other programs can write small files again on a full disk. */
  async shrink(bytes: number): Promise<void> {
    await this.#writing.catch(() => undefined);
    this.#filled = 0;
    this.#written = Math.max(0, this.#written - bytes);
    await this.#truncate(this.#written);
  }

  async #truncate(length: number): Promise<void> {
    try {
      await this.#handle.truncate(length);
    } catch (error) {
      throw toStorageError(error, this.path);
    }
  }

  /** Starts to write the filled buffer, and continues with the other one. */
  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#filled === 0) return;
    const full = this.#buffer.subarray(0, this.#filled);
    [this.#buffer, this.#spare] = [this.#spare, this.#buffer];
    this.#filled = 0;
    this.#writing = this.#write(full);
    // The next call that waits for the write throws its error.
    this.#writing.catch(() => undefined);
    // Hashes while the disk writes.
    this.#hash.update(full);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let offset = 0; offset < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, offset, bytes.length - offset, this.#written);
        offset += bytesWritten;
        this.#written += bytesWritten;
      }
    } catch (error) {
      throw toStorageError(error, this.path, bytes.length);
    }
  }
}
