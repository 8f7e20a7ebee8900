import type { DumpFile, DumpSource } from '../dump-source.js';
import { DownloaderError } from '../errors.js';
import { type OnRetry, type RetryPolicy, withRetries } from '../retry.js';
import { decodeChecksumFile, parseChecksumFile } from './checksum-file.js';

/** A CHECKSUM file has four lines; a longer body is something else. */
const MAX_BYTES = 64 * 1024;

/** What {@link fetchChecksums} needs. */
export interface ChecksumsRequest {
  readonly source: DumpSource;
  /** The CHECKSUM file. */
  readonly file: DumpFile;
  /** Names of the files whose checksums are needed. */
  readonly wanted: readonly string[];
  /** Whether some of them may be missing. */
  readonly allowUnverified: boolean;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
  readonly onRetry: OnRetry;
}

/** The content of a version's CHECKSUM file. */
export interface PublishedChecksums {
  /** The file's text; `undefined` if there is no such file. */
  readonly text: string | undefined;
  /** SHA-256 in lower-case hex by file name. */
  readonly checksums: ReadonlyMap<string, string>;
}

const readText = async ({ source, file, signal }: ChecksumsRequest): Promise<string> => {
  const stream = await source.open(file, { signal });
  try {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of stream.body) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > MAX_BYTES) {
        throw new DownloaderError('CHECKSUM_FILE_MALFORMED', `${file.name} is longer than ${MAX_BYTES} bytes`, {
          facts: { file: file.name },
        });
      }
    }
    return decodeChecksumFile(Buffer.concat(chunks));
  } finally {
    await stream.close();
  }
};

/**
 * Fetches the published checksums, and requires all wanted ones. They are never cached across runs, because Discogs may
 * correct a published file.
 *
 * @throws DownloaderError `CHECKSUM_FILE_MALFORMED`, `CHECKSUM_MISSING`, a fault of the source; the signal's reason
 */
export const fetchChecksums = async (request: ChecksumsRequest): Promise<PublishedChecksums> => {
  const { file, wanted, allowUnverified, retry, signal, onRetry } = request;
  let incomplete: PublishedChecksums | undefined;
  const attempt = async (): Promise<PublishedChecksums> => {
    const text = await readText(request);
    const checksums = parseChecksumFile(text, file.name);
    const missing = wanted.filter((name) => !checksums.has(name));
    incomplete = { text, checksums };
    if (missing.length > 0) {
      throw new DownloaderError('CHECKSUM_MISSING', `${file.name} has no line for ${missing.join(', ')}`, {
        facts: { file: file.name, missing },
      });
    }
    return { text, checksums };
  };
  try {
    return await withRetries(retry, signal, attempt, onRetry);
  } catch (error) {
    // Only now, because over a network the file may have been truncated.
    const isMissing = error instanceof DownloaderError && error.code === 'CHECKSUM_MISSING';
    if (allowUnverified && isMissing && incomplete !== undefined) return incomplete;
    throw error;
  }
};
