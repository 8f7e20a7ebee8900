import { parseChecksumFile } from './checksum-file.js';
import { ChecksumFileError } from './errors.js';
import type { DownloaderNotice } from './events.js';
import type { RetryPolicy } from './options.js';
import { retrying } from './retry.js';
import type { DumpFile, DumpSource } from './source.js';

/** A CHECKSUM file has four lines; a body longer than this is something else. */
const MAX_BYTES = 64 * 1024;

/** What is needed to know the published checksums of a version. */
export interface PublishedChecksumsJob {
  readonly source: DumpSource;
  /** The CHECKSUM file. */
  readonly file: DumpFile;
  /** Names of the files whose checksums are needed. */
  readonly wanted: readonly string[];
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
  readonly onNotice: (notice: DownloaderNotice) => void;
}

const readText = async ({ source, file, signal }: PublishedChecksumsJob): Promise<string> => {
  const stream = await source.open(file, { signal });
  try {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of stream.body) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > MAX_BYTES) {
        const facts = { file: file.name, line: null, missing: [] };
        throw new ChecksumFileError('CHECKSUM_FILE_MALFORMED', `${file.name} is longer than ${MAX_BYTES} bytes`, facts);
      }
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    await stream.close();
  }
};

/** A version's CHECKSUM file. */
export interface PublishedChecksums {
  /** As it came. */
  readonly text: string;
  /** SHA-256 in lower-case hex by file name. */
  readonly checksums: ReadonlyMap<string, string>;
}

/**
 * Fetches the published checksums; all that are wanted must be there. Each time anew: what was published yesterday may
 * have been corrected since.
 * @throws ChecksumFileError, SourceError, or the signal's reason
 */
export const fetchPublishedChecksums = async (job: PublishedChecksumsJob): Promise<PublishedChecksums> => {
  const { file, wanted, retry, signal, onNotice } = job;
  return retrying(
    retry,
    signal,
    async () => {
      const text = await readText(job);
      const checksums = parseChecksumFile(text, file.name);
      const missing = wanted.filter((name) => !checksums.has(name));
      if (missing.length > 0) {
        throw new ChecksumFileError('CHECKSUM_MISSING', `${file.name} has no line for ${missing.join(', ')}`, {
          file: file.name,
          line: null,
          missing,
        });
      }
      return { text, checksums };
    },
    (failures, delayMs, error) => onNotice({ kind: 'checksum_retry', file: file.name, failures, delayMs, error }),
  );
};
