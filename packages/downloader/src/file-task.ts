import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ChecksumError } from './errors.js';
import type { DownloadEvent } from './events.js';
import { hashFile } from './hash-file.js';
import type { MetadataStore } from './metadata-store.js';
import type { DataType } from './names.js';
import type { RetryPolicy } from './options.js';
import { ProgressMeter } from './progress-meter.js';
import type { DumpFile, DumpSource } from './source.js';
import { errnoOf, toStorageError } from './storage.js';
import { transferFile } from './transfer.js';

/** A file that is in place and whose SHA-256 is the published one. */
export interface VerifiedFile {
  readonly type: DataType;
  readonly name: string;
  /** Where it lies: an absolute path. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** `YYYYMMDD`. */
  readonly version: string;
  /** Whether it lay there already and nothing was fetched. */
  readonly reused: boolean;
}

/** What the tasks of a download share. */
export interface FileTaskContext {
  readonly source: DumpSource;
  /** Absolute path of the folder that is downloaded to. */
  readonly directory: string;
  readonly metadata: MetadataStore;
  readonly retry: RetryPolicy;
  readonly reserveBytes: number;
  readonly progressIntervalMs: number;
  readonly signal: AbortSignal;
  readonly emit: (event: DownloadEvent) => void;
}

/** One data file: first looked for where it should be, then fetched. */
export class FileTask {
  readonly #context: FileTaskContext;
  readonly #file: DumpFile;
  /** Published SHA-256. */
  readonly #expected: string;
  readonly #path: string;
  readonly #of: { readonly name: string; readonly type: DataType; readonly version: string };
  /** Set when the file is in place and verified. */
  result: VerifiedFile | null = null;
  /** Set when the file was given up. */
  error: Error | null = null;

  constructor(context: FileTaskContext, file: DumpFile, expected: string) {
    this.#context = context;
    this.#file = file;
    this.#expected = expected;
    this.#path = join(context.directory, file.name);
    this.#of = { name: file.name, type: file.kind as DataType, version: file.version };
  }

  /** Whether it is neither in place nor given up. */
  get open(): boolean {
    return this.result === null && this.error === null;
  }

  /** Bytes that its transfer will need on the disk, as far as that is known. */
  async neededBytes(): Promise<number> {
    const part = await stat(this.#partPath).catch(() => null);
    return Math.max(0, (this.#file.size ?? this.#file.sizeEstimate ?? 0) - (part?.size ?? 0));
  }

  /** Settles the task if the right file lies here already. */
  async lookHere(): Promise<void> {
    this.#context.emit({ kind: 'file_started', ...this.#of, total: this.#file.size });
    await this.#attempt(async () => {
      const stats = await this.#statOrNull();
      if (stats === null) return;
      const { metadata } = this.#context;
      const memory = metadata.get(this.#of.name);
      // Hashed once, remembered by size and time: twelve gigabytes are not read again at each start.
      const known = memory?.checksum === this.#expected && memory.size === stats.size && memory.mtime === stats.mtimeMs;
      const actual = known ? this.#expected : await this.#hash(stats.size);
      if (actual === this.#expected) {
        // The time from before the hashing: a change in its midst is then a difference at the next start.
        if (!known) await this.#remember(stats);
        await rm(this.#partPath, { force: true });
        this.#finish(stats.size, true);
        return;
      }
      if (await this.#isItsOwnSource()) {
        throw new ChecksumError(
          `${this.#path}: the published SHA-256 is ${this.#expected}, its own is ${actual}, and there is no other copy`,
          { file: this.#of.name, expected: this.#expected, actual, bytes: stats.size, attempts: 1 },
        );
      }
      await this.#setAside();
    });
  }

  /** Fetches the file. */
  async fetch(): Promise<void> {
    await this.#attempt(async () => {
      const { source, retry, reserveBytes, signal, emit } = this.#context;
      const verifying = this.#meter('verify');
      const downloading = this.#meter('download');
      await transferFile({
        source,
        file: this.#file,
        expected: this.#expected,
        target: this.#path,
        retry,
        reserveBytes,
        signal,
        onBytes: (phase, bytes, total) => (phase === 'verify' ? verifying : downloading).update(bytes, total),
        onRetry: (failures, delayMs, error) => emit({ kind: 'file_retry', ...this.#of, failures, delayMs, error }),
      });
      const stats = await stat(this.#path);
      downloading.finish(stats.size, stats.size);
      await this.#remember(stats);
      this.#finish(stats.size, false);
    });
  }

  get #partPath(): string {
    return `${this.#path}.part`;
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    const { signal, emit } = this.#context;
    try {
      signal.throwIfAborted();
      await work();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.error = errnoOf(error) === undefined ? (error as Error) : toStorageError(error, this.#path);
      emit({ kind: 'file_failed', ...this.#of, error: this.error });
    }
  }

  async #statOrNull(): Promise<{ size: number; mtimeMs: number } | null> {
    try {
      return await stat(this.#path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null;
      throw error;
    }
  }

  async #hash(size: number): Promise<string> {
    const meter = this.#meter('verify');
    const actual = await hashFile(this.#path, this.#context.signal, (bytes) => meter.update(bytes, size));
    meter.finish(size, size);
    return actual;
  }

  /** Whether the source would give the very file that was found wrong: the folder that is source and target, or a link. */
  async #isItsOwnSource(): Promise<boolean> {
    const origin = this.#context.source.localPath?.(this.#file) ?? null;
    if (origin === null) return false;
    const [there, here] = await Promise.all([stat(origin, { bigint: true }), stat(this.#path, { bigint: true })]);
    return there.dev === here.dev && there.ino === here.ino;
  }

  /**
   * Takes a wrong file from under the final name. It may well be the beginning of the right one, as the older extractors
   * download in place, so it becomes the part file unless there is one.
   */
  async #setAside(): Promise<void> {
    await this.#context.metadata.forget([this.#of.name]);
    const part = await stat(this.#partPath).catch(() => null);
    if (part === null) await rename(this.#path, this.#partPath);
    else await rm(this.#path);
  }

  async #remember(stats: { size: number; mtimeMs: number }): Promise<void> {
    await this.#context.metadata.remember(this.#of.name, {
      path: this.#path,
      checksum: this.#expected,
      version: this.#of.version,
      size: stats.size,
      mtime: stats.mtimeMs,
    });
  }

  #finish(size: number, reused: boolean): void {
    const verified = { ...this.#of, path: this.#path, size, sha256: this.#expected, reused };
    this.result = verified;
    this.#context.emit({ kind: 'file_finished', ...verified });
  }

  #meter(phase: 'verify' | 'download'): ProgressMeter {
    const { emit, progressIntervalMs } = this.#context;
    return new ProgressMeter(progressIntervalMs, (progress) =>
      emit({ kind: 'file_progress', ...this.#of, phase, ...progress }),
    );
  }
}
