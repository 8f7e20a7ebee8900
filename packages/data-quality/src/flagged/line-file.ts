import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from '@discogs-extractor/internal/errno';
import { DataQualityError } from '../errors.js';
import { explainWriteErrors } from './write-errors.js';

const LINE_FEED = 0x0a;

/** A file of lines that is only appended to. It is created with its first line. */
export class LineFile {
  readonly path: string;
  #length: number;
  #handle: FileHandle | undefined;
  #isSynced = true;

  private constructor(path: string, length: number, handle: FileHandle | undefined) {
    this.path = path;
    this.#length = length;
    this.#handle = handle;
  }

  /**
   * Opens a file that has at least `length` bytes of lines. What follows them stays until `truncate`.
   *
   * @throws DataQualityError `REPORTS_CHANGED` if it has not; `REPORTS_FAILED`
   */
  static open(path: string, length: number): Promise<LineFile> {
    return explainWriteErrors(path, async () => {
      const handle = await open(path, 'r+').catch((error: unknown) => {
        if (errnoOf(error) !== 'ENOENT') throw error;
        if (length > 0) throw changedError(path, length, 'it is gone');
        return undefined;
      });
      try {
        if (handle !== undefined && length > 0) await assertLines(path, handle, length);
      } catch (error) {
        await handle?.close();
        throw error;
      }
      return new LineFile(path, length, handle);
    });
  }

  /** Size in bytes. */
  get length(): number {
    return this.#length;
  }

  /**
   * Calls `onLine` with each line that follows the first `length` bytes; the last one may be cut off.
   *
   * @throws DataQualityError `REPORTS_FAILED`
   */
  readAfter(length: number, onLine: (line: string) => Promise<void> | void): Promise<void> {
    return explainWriteErrors(this.path, async () => {
      if (this.#handle === undefined) return;
      const chunks = this.#handle.createReadStream({ start: length, autoClose: false, encoding: 'utf8' });
      // Not by readline: newer versions of Node.js end lines at U+2028 and U+2029 too, which JSON has within strings.
      let rest = '';
      for await (const chunk of chunks as AsyncIterable<string>) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop()!;
        for (const line of lines) await onLine(line);
      }
      if (rest !== '') await onLine(rest);
    });
  }

  /** Removes what follows the first `length` bytes. @throws DataQualityError `REPORTS_FAILED` */
  truncate(length: number): Promise<void> {
    return explainWriteErrors(this.path, async () => {
      await this.#handle?.truncate(length);
      this.#length = length;
    });
  }

  /** Appends whole lines. @throws DataQualityError `REPORTS_FAILED`; then the file may have a part of them */
  append(lines: string): Promise<void> {
    return explainWriteErrors(this.path, async () => {
      if (lines === '') return;
      this.#handle ??= await open(this.path, 'w+');
      this.#isSynced = false;
      const bytes = Buffer.from(lines);
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#length + done);
        done += bytesWritten;
      }
      this.#length += bytes.length;
    });
  }

  /** Makes the lines durable. @throws DataQualityError `REPORTS_FAILED` */
  sync(): Promise<void> {
    return explainWriteErrors(this.path, async () => {
      if (this.#isSynced) return;
      this.#isSynced = true;
      await this.#handle?.datasync();
    });
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** @throws DataQualityError `REPORTS_CHANGED` */
const assertLines = async (path: string, handle: FileHandle, length: number): Promise<void> => {
  const { size } = await handle.stat();
  if (size < length) throw changedError(path, length, `it has ${size}`);
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, length - 1);
  if (buffer[0] !== LINE_FEED) throw changedError(path, length, 'other lines are there now');
};

const changedError = (path: string, length: number, now: string): DataQualityError =>
  new DataQualityError(
    'REPORTS_CHANGED',
    `The report ${path} is not what was written: it had ${length} bytes, and ${now}`,
    { facts: { path } },
  );
