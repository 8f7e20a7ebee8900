import { dirname } from 'node:path';
import { sleep } from '@discogs-extractor/internal/abort';
import { GZIP_MAGIC_BYTES, isGzip } from '@discogs-extractor/internal/gzip-magic';
import type { DumpFile, DumpSource, DumpStream } from '../dump-source.js';
import { DownloaderError, isSourceError, type SourceErrorCode, withAttempts } from '../errors.js';
import { mayRetry, type OnRetry, type RetryPolicy, retryDelayMs } from '../retry.js';
import { ensureDiskSpace } from '../storage/disk-space.js';
import type { FileIdentity } from '../storage/file-identity.js';
import { PartFile, partPathOf } from '../storage/part-file.js';

/** A resumed attempt that adds this much counts as a success: the count of failures starts again. */
const MIN_ADVANCE_BYTES = 1024 * 1024;

/** What {@link transferFile} needs. */
export interface TransferRequest {
  readonly source: DumpSource;
  readonly file: DumpFile;
  /** Published SHA-256, lower-case hex; `undefined` for a file that cannot be verified. */
  readonly expected: string | undefined;
  /** Final path. */
  readonly path: string;
  readonly retry: RetryPolicy;
  readonly reserveBytes: number;
  readonly signal: AbortSignal;
  /** Called with the number of bytes that are verified (of an earlier run's partial file) or transferred. */
  readonly onBytes: (phase: 'verify' | 'download', bytes: number, bytesTotal: number | undefined) => void;
  readonly onRetry: OnRetry;
}

/**
 * Transfers a file from the source to its final path, by way of `NAME.part`. Resolves only when the bytes under the
 * final name are durable and have the published SHA-256, or are a whole gzip file if none is published.
 *
 * @throws DownloaderError `CHECKSUM_MISMATCH`, `DISK_FULL`, `STORAGE_FAILED`, a fault of the source; the signal's
 * reason
 */
export const transferFile = async (request: TransferRequest): Promise<TransferredFile> => {
  const part = await PartFile.open(partPathOf(request.path));
  const transfer = new Transfer(request, part);
  try {
    const sha256 = await transfer.run();
    request.signal.throwIfAborted();
    return { sha256, identity: await part.moveTo(request.path) };
  } catch (error) {
    // The first error is the one to report.
    await transfer.abandon(error).catch(() => undefined);
    throw error;
  }
};

/** A file in place. */
export interface TransferredFile {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly identity: FileIdentity;
}

/** The result of one attempt; `error` is `undefined` if the body ended without an error. */
interface Attempt {
  readonly error?: DownloaderError | undefined;
  /** Whether the source continued where the partial file ends. */
  readonly isResumed: boolean;
}

/** The state of a file's transfer across all attempts. */
class Transfer {
  readonly #request: TransferRequest;
  readonly #part: PartFile;
  #bytesTotal: number | undefined;
  /** Whether the source started over although a range was requested. */
  #ignoresRanges = false;
  #attempts = 0;
  #lastMismatch: DownloaderError | undefined;

  constructor(request: TransferRequest, part: PartFile) {
    this.#request = request;
    this.#part = part;
    this.#bytesTotal = request.file.size;
  }

  /**
   * Transfers until the hash is right. The source's lengths and ranges are hints; only the hash decides. Without a
   * published one, the length and the checksums within the gzip file decide.
   *
   * @returns SHA-256 in lower-case hex
   */
  async run(): Promise<string> {
    const { expected, retry, signal, onRetry, onBytes } = this.#request;
    const part = this.#part;
    // Nothing would show that the rest of an earlier run's partial file is of another file.
    if (expected === undefined) await part.restart();
    else await part.resume(signal, (bytes) => onBytes('verify', bytes, this.#bytesTotal));
    for (let failures = 0; ; ) {
      if ((await part.digest()) === expected) return expected;
      if (this.#bytesTotal !== undefined && part.length >= this.#bytesTotal) await part.restart();
      const before = part.length;
      const { error, isResumed } = await this.#attempt();
      const actual = await part.digest();
      if (actual === expected || (expected === undefined && error === undefined)) return actual;
      if (isResumed && part.length - before >= MIN_ADVANCE_BYTES) failures = 0;
      failures += 1;
      if (error !== undefined && !mayRetry(failures, error, retry)) throw withAttempts(error, this.#attempts);
      if (error?.code === 'RANGE_REJECTED') await part.restart();
      const failure = error ?? this.#mismatch(expected!, actual, failures);
      const delayMs = retryDelayMs(failures, failure, retry);
      onRetry(failures, delayMs, failure);
      await sleep(delayMs, signal);
    }
  }

  /** Decides about the partial file after a failure: it stays if the next run can continue it. */
  async abandon(error: unknown): Promise<void> {
    const code = error instanceof DownloaderError ? error.code : undefined;
    if (code === 'CHECKSUM_MISMATCH' || this.#ignoresRanges) {
      await this.#part.discard();
      return;
    }
    try {
      if (code === 'DISK_FULL') await this.#part.shrink(this.#request.reserveBytes);
    } finally {
      await this.#part.keep();
    }
  }

  async #attempt(): Promise<Attempt> {
    const { source, file, signal } = this.#request;
    const from = this.#part.length;
    this.#attempts += 1;
    let stream: DumpStream | undefined;
    try {
      stream = await source.open(file, { from, signal });
      await this.#receive(stream);
      return { isResumed: from > 0 && stream.offset === from };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!isSourceError(error)) throw error;
      return { error, isResumed: from > 0 && stream?.offset === from };
    } finally {
      await stream?.close();
    }
  }

  async #receive(stream: DumpStream): Promise<void> {
    const { file, expected, signal, onBytes } = this.#request;
    const part = this.#part;
    if (stream.offset !== 0 && stream.offset !== part.length) {
      throw this.#sourceError(
        'RANGE_REJECTED',
        `${file.name}: requested from byte ${part.length} on, received from byte ${stream.offset} on`,
      );
    }
    if (stream.offset !== part.length) this.#ignoresRanges = true;
    this.#bytesTotal = stream.size ?? file.size;
    await this.#checkDiskSpace();

    // A body from byte 0 replaces the partial file only if it begins like a dump; until then the partial file stays.
    let head: Uint8Array | undefined = stream.offset === 0 ? new Uint8Array(0) : undefined;
    for await (const chunk of stream.body) {
      signal.throwIfAborted();
      if (head === undefined) {
        await part.append(chunk);
      } else {
        head = Buffer.concat([head, chunk]);
        if (head.length < GZIP_MAGIC_BYTES) continue;
        if (!isGzip(head)) throw this.#sourceError('UNEXPECTED_CONTENT', `${file.name}: the body is not a gzip stream`);
        if (part.length > 0) await part.restart();
        await part.append(head);
        head = undefined;
      }
      onBytes('download', part.length, this.#bytesTotal);
      // Too long already: the rest would only fill the disk.
      if (this.#bytesTotal !== undefined && part.length > this.#bytesTotal) break;
    }
    const received = head?.length ?? part.length;
    if (head !== undefined || (this.#bytesTotal !== undefined && received < this.#bytesTotal)) {
      const of = this.#bytesTotal === undefined ? '' : ` of ${this.#bytesTotal}`;
      throw this.#sourceError('BODY_CUT', `${file.name}: the body ended after ${received}${of} bytes`);
    }
    if (expected === undefined) await this.#checkWithoutHash();
  }

  async #checkWithoutHash(): Promise<void> {
    const { file, signal } = this.#request;
    const { length } = this.#part;
    if (this.#bytesTotal !== undefined && length > this.#bytesTotal) {
      throw this.#sourceError('UNEXPECTED_CONTENT', `${file.name}: the body is longer than ${this.#bytesTotal} bytes`);
    }
    const fault = await this.#part.gzipFault(signal);
    if (fault === undefined) return;
    await this.#part.restart();
    throw this.#sourceError(
      'BODY_CUT',
      `${file.name}: the ${length} received bytes are not a whole gzip file (${fault})`,
    );
  }

  /**
   * Handles a body that ended without an error but has another hash than the published one. If the size is known, the
   * body was complete, so a second mismatch is final. If not, it may have been truncated without notice: then the same
   * bytes twice are final, and the rest is requested until then.
   *
   * @returns the error, if another attempt is worthwhile
   * @throws the error, if it is final
   */
  #mismatch(expected: string, actual: string, failures: number): DownloaderError {
    const { file, retry } = this.#request;
    const bytes = this.#part.length;
    const error = new DownloaderError(
      'CHECKSUM_MISMATCH',
      `${file.name}: the published SHA-256 is ${expected}, but the ${bytes} received bytes have ${actual}`,
      { facts: { file: file.name, expected, actual, bytes, attempts: this.#attempts } },
    );
    const last = this.#lastMismatch;
    this.#lastMismatch = error;
    const isComplete = this.#bytesTotal !== undefined;
    if (last !== undefined && (isComplete || last.facts.actual === actual)) throw error;
    if (!isComplete && failures >= retry.attempts) throw error;
    return error;
  }

  /** Without a size in the listing, the check before the download left this file out: the size is known only now. */
  async #checkDiskSpace(): Promise<void> {
    const { file, path, reserveBytes } = this.#request;
    if (file.size !== undefined || this.#bytesTotal === undefined) return;
    await ensureDiskSpace(dirname(path), this.#bytesTotal - this.#part.length, reserveBytes);
  }

  #sourceError(code: SourceErrorCode, message: string): DownloaderError {
    const { source, file } = this.#request;
    return new DownloaderError(code, message, {
      facts: { source: source.name, location: file.key, retryable: true },
    });
  }
}
