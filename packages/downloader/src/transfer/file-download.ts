import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@discogs-extractor/internal/errno';
import type { DumpFile, DumpSource } from '../dump-source.js';
import { DownloaderError } from '../errors.js';
import type { DownloadEvent } from '../events.js';
import type { DataType } from '../names.js';
import type { RetryPolicy } from '../retry.js';
import { type FileIdentity, identityOf, identityOfOpen } from '../storage/file-identity.js';
import { hashFile } from '../storage/hash-file.js';
import type { FileMetadata, MetadataStore } from '../storage/metadata-store.js';
import { partPathOf } from '../storage/part-file.js';
import { toStorageError } from '../storage/storage-error.js';
import { ProgressMeter } from './progress-meter.js';
import { transferFile } from './transfer-file.js';

/** A file that is in place and has the published SHA-256, or, with `allowUnverified`, may have none. */
export interface VerifiedFile {
  readonly dataType: DataType;
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Whether `sha256` is the published one; `false` only with `allowUnverified`. */
  readonly verified: boolean;
  /** `YYYYMMDD`. */
  readonly version: string;
  /** Whether a local copy was used and nothing was transferred. */
  readonly reused: boolean;
  /** Of the file that was hashed: `isUnchanged` finds out whether another file, or other content, has its name now. */
  readonly identity: FileIdentity;
}

/** What the files of a download share. */
export interface DownloadContext {
  readonly source: DumpSource;
  /** Absolute path of the directory that is downloaded to. */
  readonly directory: string;
  readonly metadata: MetadataStore;
  readonly retry: RetryPolicy;
  readonly reserveBytes: number;
  readonly progressIntervalMs: number;
  readonly signal: AbortSignal;
  readonly onEvent: (event: DownloadEvent) => void;
}

/** The download of one data file: a local copy is verified first, then the file is transferred if necessary. */
export class FileDownload {
  readonly #context: DownloadContext;
  readonly #file: DumpFile;
  /** Published SHA-256, if there is one. */
  readonly #expected: string | undefined;
  readonly #path: string;
  readonly #partPath: string;
  /** The properties that all events of this file share. */
  readonly #identity: { readonly file: string; readonly dataType: DataType; readonly version: string };
  #result: VerifiedFile | undefined;
  #error: Error | undefined;

  constructor(context: DownloadContext, file: DumpFile, expected: string | undefined) {
    this.#context = context;
    this.#file = file;
    this.#expected = expected;
    this.#path = join(context.directory, file.name);
    this.#partPath = partPathOf(this.#path);
    this.#identity = { file: file.name, dataType: file.kind as DataType, version: file.version };
  }

  /** The file, once it is in place and verified. */
  get result(): VerifiedFile | undefined {
    return this.#result;
  }

  /** The reason why the file was given up. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Whether the file is neither in place nor given up. */
  get isPending(): boolean {
    return this.#result === undefined && this.#error === undefined;
  }

  /** Bytes that the transfer will need on the disk, as far as the listing says. */
  async neededBytes(): Promise<number> {
    const part = await stat(this.#partPath).catch(() => undefined);
    return Math.max(0, (this.#file.size ?? this.#file.sizeEstimate ?? 0) - (part?.size ?? 0));
  }

  /** Finishes the download if a local copy has the published SHA-256, or is the one that was downloaded before. */
  async verifyExisting(): Promise<void> {
    this.#context.onEvent({ type: 'download-started', ...this.#identity, bytesTotal: this.#file.size });
    await this.#run(async () => {
      const found = await this.#identify();
      if (found === undefined) return;
      const recorded = this.#recordedSha256(found);
      const isKnown = recorded !== undefined && recorded === (this.#expected ?? recorded);
      // Whether another copy is the one that the source has is unknown without a published hash.
      if (this.#expected === undefined && !isKnown && !(await this.#isSourceFile())) return;
      // Each file is hashed once, and then recognised, so that a start does not read twelve gigabytes.
      const { actual, identity } = isKnown ? { actual: recorded, identity: found } : await this.#hash();
      const bytes = Number(identity.size);
      if (actual === (this.#expected ?? actual)) {
        if (!isKnown) await this.#record(identity, actual);
        await rm(this.#partPath, { force: true });
        this.#finish(identity, actual, true);
        return;
      }
      if (await this.#isSourceFile()) {
        throw new DownloaderError(
          'CHECKSUM_MISMATCH',
          `${this.#path} is the source's only copy; the published SHA-256 is ${this.#expected}, but it has ${actual}`,
          { facts: { file: this.#file.name, expected: this.#expected, actual, bytes, attempts: 1 } },
        );
      }
      await this.#setAside();
    });
  }

  /** Transfers the file from the source. */
  async transfer(): Promise<void> {
    await this.#run(async () => {
      const { source, retry, reserveBytes, signal, onEvent } = this.#context;
      const meters = { verify: this.#meter('verify'), download: this.#meter('download') };
      const { identity, sha256 } = await transferFile({
        source,
        file: this.#file,
        expected: this.#expected,
        path: this.#path,
        retry,
        reserveBytes,
        signal,
        onBytes: (phase, bytes, bytesTotal) => meters[phase].update(bytes, bytesTotal),
        onRetry: (failures, delayMs, error) =>
          onEvent({ type: 'download-retry', ...this.#identity, failures, delayMs, error }),
      });
      meters.download.finish(Number(identity.size));
      await this.#record(identity, sha256);
      this.#finish(identity, sha256, false);
    });
  }

  async #run(work: () => Promise<void>): Promise<void> {
    const { signal, onEvent } = this.#context;
    try {
      signal.throwIfAborted();
      await work();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.#error = errnoOf(error) === undefined ? (error as Error) : toStorageError(error, this.#path);
      onEvent({ type: 'download-failed', ...this.#identity, error: this.#error });
    }
  }

  async #identify(): Promise<FileIdentity | undefined> {
    try {
      return identityOf(await stat(this.#path, { bigint: true }));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** The SHA-256 that the metadata have for the file, if its size and times are still the same. */
  #recordedSha256(identity: FileIdentity): string | undefined {
    const known = this.#context.metadata.get(this.#file.name);
    const { size, mtime, ctime } = this.#metadataOf(identity, '');
    const isSame = known?.size === size && known.mtime === mtime && known.ctime === ctime;
    return isSame ? known.checksum : undefined;
  }

  /** The identity is the one from before the hashing: a change during it is noticed. */
  async #hash(): Promise<{ readonly actual: string; readonly identity: FileIdentity }> {
    const meter = this.#meter('verify');
    await using handle = await open(this.#path, 'r');
    const identity = await identityOfOpen(handle);
    const size = Number(identity.size);
    const actual = await hashFile(handle, this.#context.signal, (bytes) => meter.update(bytes, size));
    meter.finish(size);
    return { actual, identity };
  }

  /** Whether the source would return this very file: its directory is the one downloaded to, or the file is a link. */
  async #isSourceFile(): Promise<boolean> {
    const sourcePath = this.#context.source.localPath?.(this.#file);
    if (sourcePath === undefined) return false;
    const [there, here] = await Promise.all([stat(sourcePath, { bigint: true }), stat(this.#path, { bigint: true })]);
    return there.dev === here.dev && there.ino === here.ino;
  }

  /**
   * Removes a wrong file from its final name. It may well be the beginning of the right one, because the older
   * extractors download in place; so it becomes the partial file unless there is one.
   */
  async #setAside(): Promise<void> {
    await this.#context.metadata.forget([this.#file.name]);
    const part = await stat(this.#partPath).catch(() => undefined);
    if (part === undefined) await rename(this.#path, this.#partPath);
    else await rm(this.#path);
  }

  #metadataOf({ size, modifiedNs, changedNs }: FileIdentity, checksum: string): FileMetadata {
    return {
      path: this.#path,
      checksum,
      version: this.#file.version,
      size: Number(size),
      mtime: Number(modifiedNs) / 1e6,
      ctime: Number(changedNs) / 1e6,
    };
  }

  async #record(identity: FileIdentity, sha256: string): Promise<void> {
    await this.#context.metadata.record(this.#file.name, this.#metadataOf(identity, sha256));
  }

  #finish(identity: FileIdentity, sha256: string, reused: boolean): void {
    const { file: name, dataType, version } = this.#identity;
    const size = Number(identity.size);
    const shared = { path: this.#path, sha256, verified: this.#expected !== undefined, reused };
    this.#result = { dataType, name, version, size, identity, ...shared };
    this.#context.onEvent({ type: 'download-finished', ...this.#identity, bytes: size, ...shared });
  }

  #meter(phase: 'verify' | 'download'): ProgressMeter {
    const { onEvent, progressIntervalMs } = this.#context;
    return new ProgressMeter(progressIntervalMs, (progress) =>
      onEvent({ type: 'download-progress', ...this.#identity, phase, ...progress }),
    );
  }
}
