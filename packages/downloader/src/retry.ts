import { ChecksumFileError, SourceError } from './errors.js';
import type { RetryPolicy } from './options.js';

/** The longest delay that `setTimeout` takes; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Waits; rejects with the signal's reason when that comes first, and leaves no timer or listener. */
export const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
  let left = ms;
  do {
    const step = Math.min(left, LONGEST_TIMER_MS);
    await new Promise<void>((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, step);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    left -= step;
  } while (left > 0);
};

/**
 * Milliseconds to wait after so many failures in a row: doubled each time, at least half of it and the rest by chance,
 * so that many clients that failed together do not come back together. What the source asks for comes first.
 */
export const retryDelay = (failures: number, error: Error, policy: RetryPolicy): number => {
  const full = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (failures - 1));
  const backoff = full / 2 + (Math.random() * full) / 2;
  const asked = error instanceof SourceError ? (error.facts.retryAfterMs ?? 0) : 0;
  return Math.ceil(Math.max(backoff, asked));
};

/**
 * Whether to try again after so many failures in a row. A source that wants to be left alone for longer than the
 * policy waits is not asked again.
 */
export const mayRetry = (failures: number, error: Error, policy: RetryPolicy): boolean => {
  if (failures >= policy.attempts) return false;
  // Over a network a malformed CHECKSUM file is most often half of one, or a page in its place.
  if (error instanceof ChecksumFileError) return true;
  if (!(error instanceof SourceError)) return false;
  return error.facts.retryable && (error.facts.retryAfterMs ?? 0) <= policy.maxRetryAfterMs;
};

/**
 * Does something until it works or is given up: for small things such as a page or the CHECKSUM file.
 * @throws The last error, a `SourceError` with the number of attempts in its facts
 */
export const retrying = async <T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  onRetry: (failures: number, delayMs: number, error: Error) => void = () => undefined,
): Promise<T> => {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof Error) || !mayRetry(failures, error, policy)) {
        throw error instanceof SourceError ? error.withAttempts(failures) : error;
      }
      const delayMs = retryDelay(failures, error, policy);
      onRetry(failures, delayMs, error);
      await sleep(delayMs, signal);
    }
  }
};
