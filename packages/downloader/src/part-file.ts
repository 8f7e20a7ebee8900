import { createHash, type Hash } from 'node:crypto';
import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CHUNK_BYTES, readChunks } from './read-chunks.js';
import { syncFolder, toStorageError } from './storage.js';

/** The first bytes of every gzip file of this world: magic and method. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);

/** Bytes that a stream must have given before {@link isGzip} can tell. */
export const GZIP_MAGIC_BYTES = GZIP_MAGIC.length;

/** Whether the bytes begin like a gzip file. */
export const isGzip = (start: Uint8Array): boolean =>
  start.length >= GZIP_MAGIC.length && GZIP_MAGIC.equals(start.subarray(0, GZIP_MAGIC.length));

/** A chunk as large as this is worth a write of its own: to copy it first would cost more. */
const DIRECT_BYTES = 256 * 1024;

/**
 * A file on its way: `NAME.part`, hashed while it is written. Small chunks are gathered, so that the disk sees large
 * writes; one write is under way while the next buffer fills.
 */
export class PartFile {
  #handle: FileHandle;
  #hash: Hash = createHash('sha256');
  #length = 0;
  #written = 0;
  #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #spare = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #filled = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly path: string,
    handle: FileHandle,
  ) {
    this.#handle = handle;
  }

  /** Opens the file, making it where missing. What lies there is not believed before {@link resume}. */
  static async open(path: string): Promise<PartFile> {
    try {
      // No letter stands for this: `r+` wants it to exist, `w+` empties it, `a+` writes at the end only.
      return new PartFile(path, await open(path, constants.O_RDWR | constants.O_CREAT));
    } catch (error) {
      throw toStorageError(error, path);
    }
  }

  /** Bytes so far, in buffers or on disk. */
  get length(): number {
    return this.#length;
  }

  /** Hashes what an earlier run has left and goes on behind it. What does not begin like gzip is thrown away. */
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

  /** Adds bytes at the end. They are copied or written before it resolves. */
  async append(chunk: Uint8Array): Promise<void> {
    if (chunk.length >= DIRECT_BYTES) {
      await this.#swap();
      await this.#writing;
      this.#length += chunk.length;
      const writing = this.#write(chunk);
      writing.catch(() => undefined);
      this.#hash.update(chunk);
      await writing;
      return;
    }
    for (let offset = 0; offset < chunk.length; ) {
      const room = Math.min(CHUNK_BYTES - this.#filled, chunk.length - offset);
      this.#buffer.set(chunk.subarray(offset, offset + room), this.#filled);
      this.#filled += room;
      this.#length += room;
      offset += room;
      if (this.#filled === CHUNK_BYTES) await this.#swap();
    }
  }

  /** SHA-256 of all bytes so far, lower-case hex. More may be appended after. */
  async digest(): Promise<string> {
    await this.#swap();
    return this.#hash.copy().digest('hex');
  }

  /** Throws all bytes away and starts over. */
  async restart(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#truncate(0);
    this.#hash = createHash('sha256');
    this.#length = 0;
    this.#written = 0;
    this.#filled = 0;
    this.#writing = Promise.resolve();
  }

  /** Makes the bytes durable under the final name. */
  async moveTo(path: string): Promise<void> {
    try {
      await this.#swap();
      await this.#writing;
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.path, path);
      await syncFolder(dirname(path));
    } catch (error) {
      throw toStorageError(error, path);
    }
  }

  /** Closes it and leaves what is there for the next run; nothing is left where there is nothing. */
  async keep(): Promise<void> {
    // What is in the buffers is worth a last try; when even that fails, what is written stays.
    await this.#swap().catch(() => undefined);
    await this.#writing.catch(() => undefined);
    await this.#handle.close();
    if (this.#written === 0) await rm(this.path, { force: true });
  }

  /** Closes and deletes it. */
  async discard(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#handle.close();
    await rm(this.path, { force: true });
  }

  /** Gives back the last bytes, so that a full disk has room again for others' small files. */
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

  /** Hands the filled buffer to the disk and fills the other one from now on. */
  async #swap(): Promise<void> {
    await this.#writing;
    if (this.#filled === 0) return;
    const full = this.#buffer.subarray(0, this.#filled);
    [this.#buffer, this.#spare] = [this.#spare, this.#buffer];
    this.#filled = 0;
    this.#writing = this.#write(full);
    // Its error is thrown by the next call that waits for it.
    this.#writing.catch(() => undefined);
    // While the disk works.
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
