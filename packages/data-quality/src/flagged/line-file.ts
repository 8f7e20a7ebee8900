import { type FileHandle, open, stat } from 'node:fs/promises';
import { errnoOf } from '@discogs-extractor/internal/errno';
import { DataQualityError } from '../errors.js';
import { explainWriteErrors } from './write-errors.js';

const LINE_FEED = 0x0a;

/** A file of lines that is only appended to. It is created with its first line. */
export class LineFile {
  readonly path: string;
  #length: number;
  #handle: FileHandle | undefined;

  private constructor(path: string, length: number, handle: FileHandle | undefined) {
    this.path = path;
    this.#length = length;
    this.#handle = handle;
  }

  /**
   * Opens a file that has at least `length` bytes of lines, and removes what follows them.
   *
   * @throws DataQualityError `REPORTS_CHANGED`, `REPORTS_FAILED`
   */
  static open(path: string, length: number): Promise<LineFile> {
    if (length === 0) return LineFile.#openEmpty(path);
    return explainWriteErrors(path, async () => {
      const handle = await open(path, 'r+').catch((error: unknown) => {
        if (errnoOf(error) !== 'ENOENT') throw error;
        throw changedError(path, length, 'it is gone');
      });
      try {
        const { size } = await handle.stat();
        if (size < length) throw changedError(path, length, `it has ${size}`);
        const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, length - 1);
        if (buffer[0] !== LINE_FEED) throw changedError(path, length, 'its lines are other ones');
        await handle.truncate(length);
        return new LineFile(path, length, handle);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  static #openEmpty(path: string): Promise<LineFile> {
    return explainWriteErrors(path, async () => {
      const exists = await stat(path).then(
        () => true,
        (error: unknown) => {
          if (errnoOf(error) !== 'ENOENT') throw error;
          return false;
        },
      );
      return new LineFile(path, 0, exists ? await open(path, 'w') : undefined);
    });
  }

  /** Size in bytes. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends whole lines, and makes them durable. After a failure, the file may have a part of them.
   *
   * @returns whether the file was created, so that its name is not durable yet
   * @throws DataQualityError `REPORTS_FAILED`
   */
  append(lines: string): Promise<boolean> {
    return explainWriteErrors(this.path, async () => {
      if (lines === '') return false;
      const isNew = this.#handle === undefined;
      // Not `a`: Linux ignores positions in files opened for appending.
      this.#handle ??= await open(this.path, 'w');
      const bytes = Buffer.from(lines);
      let position = this.#length;
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position);
        done += bytesWritten;
        position += bytesWritten;
      }
      await this.#handle.datasync();
      this.#length = position;
      return isNew;
    });
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

const changedError = (path: string, length: number, now: string): DataQualityError =>
  new DataQualityError(
    'REPORTS_CHANGED',
    `The report ${path} is not what was written: it had ${length} bytes, and ${now}`,
    {
      facts: { path },
    },
  );
