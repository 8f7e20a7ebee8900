import { dirname } from 'node:path';
import { ChecksumError, SourceError, type SourceErrorCode, StorageError } from './errors.js';
import type { RetryPolicy } from './options.js';
import { GZIP_MAGIC_BYTES, isGzip, PartFile } from './part-file.js';
import { mayRetry, retryDelay, sleep } from './retry.js';
import type { DumpFile, DumpSource, DumpStream } from './source.js';
import { checkRoom } from './storage.js';

/** A resumed transfer that got on by this much was worth its while: the tries are counted anew. */
const WORTHWHILE_BYTES = 1024 * 1024;

/** What a file's transfer needs to know. */
export interface TransferJob {
  readonly source: DumpSource;
  readonly file: DumpFile;
  /** Published SHA-256, lower-case hex. */
  readonly expected: string;
  /** Final path. */
  readonly target: string;
  readonly retry: RetryPolicy;
  readonly reserveBytes: number;
  readonly signal: AbortSignal;
  /** Called with the bytes of the file that are here. */
  readonly onBytes: (phase: 'verify' | 'download', bytes: number, total: number | null) => void;
  readonly onRetry: (failures: number, delayMs: number, error: Error) => void;
}

/**
 * Brings a file from the source to its final name, by way of `NAME.part`. Resolves only when the bytes under the final
 * name have the published SHA-256 and are durable.
 * @throws ChecksumError, SourceError, StorageError, or the signal's reason
 */
export const transferFile = async (job: TransferJob): Promise<void> => {
  const part = await PartFile.open(`${job.target}.part`);
  const transfer = new Transfer(job, part);
  try {
    await transfer.run();
    job.signal.throwIfAborted();
    await part.moveTo(job.target);
  } catch (error) {
    // What went wrong first is what is told.
    await transfer.abandon(error).catch(() => undefined);
    throw error;
  }
};

/** The state of one file's transfer over all its tries. */
class Transfer {
  readonly #job: TransferJob;
  readonly #part: PartFile;
  #total: number | null;
  /** Whether the source was asked for a range and started over. */
  #rangesIgnored = false;
  #attempts = 0;
  #lastMismatch: ChecksumError | null = null;

  constructor(job: TransferJob, part: PartFile) {
    this.#job = job;
    this.#part = part;
    this.#total = job.file.size;
  }

  /** Fetches until the hash is right. What the source says of lengths and ranges is a hint; the hash alone decides. */
  async run(): Promise<void> {
    const { expected, retry, signal, onRetry, onBytes } = this.#job;
    const part = this.#part;
    await part.resume(signal, (bytes) => onBytes('verify', bytes, this.#total));
    for (let failures = 0; (await part.digest()) !== expected; ) {
      if (this.#total !== null && part.length >= this.#total) await part.restart();
      const before = part.length;
      const { error, resumed } = await this.#attempt();
      const actual = await part.digest();
      if (actual === expected) return;
      if (resumed && part.length - before >= WORTHWHILE_BYTES) failures = 0;
      failures += 1;
      const failure = error ?? this.#mismatch(actual, failures);
      if (failure instanceof SourceError && !mayRetry(failures, failure, retry)) {
        throw failure.withAttempts(this.#attempts);
      }
      if (failure instanceof SourceError && failure.code === 'RANGE_REJECTED') await part.restart();
      const delayMs = retryDelay(failures, failure, retry);
      onRetry(failures, delayMs, failure);
      await sleep(delayMs, signal);
    }
  }

  /** Decides what becomes of the part file after a failure: it stays where the next run can go on with it. */
  async abandon(error: unknown): Promise<void> {
    if (error instanceof ChecksumError || this.#rangesIgnored) {
      await this.#part.discard();
      return;
    }
    try {
      if (error instanceof StorageError && error.code === 'DISK_FULL') await this.#part.shrink(this.#job.reserveBytes);
    } finally {
      await this.#part.keep();
    }
  }

  /** One try; `error` is `null` where the body ended as if it were whole. */
  async #attempt(): Promise<{ error: SourceError | null; resumed: boolean }> {
    const { source, file, signal } = this.#job;
    const from = this.#part.length;
    this.#attempts += 1;
    let stream: DumpStream | undefined;
    try {
      stream = await source.open(file, { from, signal });
      await this.#receive(stream);
      return { error: null, resumed: from > 0 && stream.offset === from };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof SourceError)) throw error;
      return { error, resumed: from > 0 && stream?.offset === from };
    } finally {
      await stream?.close();
    }
  }

  async #receive(stream: DumpStream): Promise<void> {
    const { file, signal, onBytes } = this.#job;
    const part = this.#part;
    if (stream.offset !== 0 && stream.offset !== part.length) {
      throw this.#sourceError(
        'RANGE_REJECTED',
        `${file.name}: byte ${part.length} was asked for, ${stream.offset} came`,
      );
    }
    if (stream.offset !== part.length) this.#rangesIgnored = true;
    this.#total = stream.size ?? file.size;
    await this.#checkRoom();

    // A body from byte 0 is believed to be a dump only when it begins like one: until then what is here stays.
    let head: Uint8Array | null = stream.offset === 0 ? new Uint8Array(0) : null;
    for await (const chunk of stream.body) {
      signal.throwIfAborted();
      if (head === null) {
        await part.append(chunk);
      } else {
        head = Buffer.concat([head, chunk]);
        if (head.length < GZIP_MAGIC_BYTES) continue;
        if (!isGzip(head)) throw this.#sourceError('UNEXPECTED_CONTENT', `${file.name}: the body is not a gzip stream`);
        if (part.length > 0) await part.restart();
        await part.append(head);
        head = null;
      }
      onBytes('download', part.length, this.#total);
      // More than there can be: no use in filling the disk with it.
      if (this.#total !== null && part.length > this.#total) return;
    }
    if (head !== null) throw this.#sourceError('BODY_CUT', `${file.name}: the body ended after ${head.length} bytes`);
    if (this.#total !== null && part.length < this.#total) {
      throw this.#sourceError('BODY_CUT', `${file.name}: the body ended at byte ${part.length} of ${this.#total}`);
    }
  }

  /**
   * A body that ended as if it were whole, and is not what was published. With a known size it was whole, so twice is
   * enough. Without one it may have been cut in silence: then the same bytes twice are enough, and until then the rest is
   * asked for.
   * @returns The error, to be tried again after
   * @throws The error, when it is final
   */
  #mismatch(actual: string, failures: number): ChecksumError {
    const { file, expected, retry } = this.#job;
    const bytes = this.#part.length;
    const error = new ChecksumError(
      `${file.name}: the published SHA-256 is ${expected}, that of the ${bytes} bytes that came is ${actual}`,
      { file: file.name, expected, actual, bytes, attempts: this.#attempts },
    );
    const last = this.#lastMismatch;
    this.#lastMismatch = error;
    const whole = this.#total !== null;
    if (last !== null && (whole || last.facts.actual === actual)) throw error;
    if (!whole && failures >= retry.attempts) throw error;
    return error;
  }

  /** The preflight knows only the sizes of the listing; where it has none, this is the first moment to look. */
  async #checkRoom(): Promise<void> {
    const { file, target, reserveBytes } = this.#job;
    if (file.size !== null || this.#total === null) return;
    await checkRoom(dirname(target), this.#total - this.#part.length, reserveBytes);
  }

  #sourceError(code: SourceErrorCode, message: string): SourceError {
    const { source, file } = this.#job;
    return new SourceError(code, message, { source: source.name, location: file.key, retryable: true });
  }
}
