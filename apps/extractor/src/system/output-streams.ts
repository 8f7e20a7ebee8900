import { errorCodeOf } from '../errors.js';

/** A reader that has gone: `head` that has seen enough (EPIPE), a terminal that was closed (EIO). */
const READER_GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO']);

export const isReaderGone = (error: unknown): boolean => READER_GONE.has(errorCodeOf(error));

/**
 * Makes standard output and error behave as those of other programs do: a reader that has gone is no failure, and anything else (a full
 * disk) is one, but no crash.
 */
export const tameOutputStreams = (): void => {
  process.stdout.on('error', (error) => {
    if (isReaderGone(error)) return;
    process.exitCode = 1;
    process.stderr.write(`❌ Standard output cannot be written: ${error.message}\n`);
  });
  process.stderr.on('error', (error) => {
    // There is nobody left to tell.
    if (!isReaderGone(error)) process.exitCode = 1;
  });
};
