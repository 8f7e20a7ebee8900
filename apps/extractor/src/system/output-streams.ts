import { EXIT, errorCodeOf } from '../errors.js';

/** The reader has closed the pipe, as `head` does (EPIPE), or the terminal was closed (EIO). */
const READER_GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO']);

export const isReaderGone = (error: unknown): boolean => READER_GONE.has(errorCodeOf(error));

/**
 * Treats a closed reader of standard output or error as a normal end, and any other write error, such as a full disk,
 * as a failure, without crashing.
 */
export const handleOutputErrors = (): void => {
  process.stdout.on('error', (error) => {
    if (isReaderGone(error)) return;
    process.exitCode = EXIT.failed;
    process.stderr.write(`❌ Cannot write to standard output: ${error.message}\n`);
  });
  process.stderr.on('error', (error) => {
    // No stream is left to report this on.
    if (!isReaderGone(error)) process.exitCode = EXIT.failed;
  });
};
