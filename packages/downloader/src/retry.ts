import { sleep } from '@discogs-extractor/internal/abort';
import { backoffDelayMs } from '@discogs-extractor/internal/backoff';
import { DownloaderError, isSourceError, withAttempts } from './errors.js';
import { checks } from './option-checks.js';

/** How often to retry, and how long to wait. */
export interface RetryOptions {
  /**
   * Failed attempts in a row after which a file or page is given up. A resumed transfer that advances by a mebibyte or
   * more resets the count, so that a large file on a bad connection is not given up because of its size.
   *
   * @default 6
   */
  attempts?: number | undefined;
  /** Upper bound of the delay after the first failure; doubled after each further one, with jitter. @default 1000 */
  baseDelayMs?: number | undefined;
  /** Upper bound of the delay between attempts. @default 60000 */
  maxDelayMs?: number | undefined;
  /** Longest `Retry-After` to wait for; a longer one fails with `RATE_LIMITED`. @default 7200000 (2 h) */
  maxRetryAfterMs?: number | undefined;
}

/** {@link RetryOptions} with every default filled in. */
export type RetryPolicy = { readonly [K in keyof RetryOptions]-?: number };

const KNOWN: Readonly<Record<keyof RetryOptions, true>> = {
  attempts: true,
  baseDelayMs: true,
  maxDelayMs: true,
  maxRetryAfterMs: true,
};

/** Fills in the defaults of the option `retry` and checks it. */
export const resolveRetry = (options: RetryOptions = {}): RetryPolicy => {
  checks.object('retry', options, KNOWN);
  return {
    attempts: checks.wholeNumber('retry.attempts', options.attempts ?? 6, { min: 1 }),
    baseDelayMs: checks.wholeNumber('retry.baseDelayMs', options.baseDelayMs ?? 1000, { min: 0 }),
    maxDelayMs: checks.wholeNumber('retry.maxDelayMs', options.maxDelayMs ?? 60_000, { min: 0 }),
    maxRetryAfterMs: checks.wholeNumber('retry.maxRetryAfterMs', options.maxRetryAfterMs ?? 7_200_000, { min: 0 }),
  };
};

const retryAfterMsOf = (error: Error): number =>
  error instanceof DownloaderError ? (error.facts.retryAfterMs ?? 0) : 0;

/**
 * Milliseconds to wait after `failures` failures in a row: the backoff, or what the source asks for if that is longer.
 */
export const retryDelayMs = (failures: number, error: Error, { baseDelayMs, maxDelayMs }: RetryPolicy): number => {
  const backoffMs = backoffDelayMs(failures, { initialMs: baseDelayMs, maxMs: maxDelayMs });
  return Math.ceil(Math.max(backoffMs, retryAfterMsOf(error)));
};

/**
 * Whether to try again after `failures` failures in a row. No, if the source asks to wait for longer than the policy
 * allows.
 */
export const mayRetry = (failures: number, error: Error, policy: RetryPolicy): boolean => {
  if (failures >= policy.attempts || !(error instanceof DownloaderError)) return false;
  // Over a network, a bad CHECKSUM file is most often a truncated one, or a page in its place.
  if (error.code === 'CHECKSUM_FILE_MALFORMED' || error.code === 'CHECKSUM_MISSING') return true;
  return isSourceError(error) && error.facts.retryable === true && retryAfterMsOf(error) <= policy.maxRetryAfterMs;
};

/** Reports a failure that will be retried. */
export type OnRetry = (failures: number, delayMs: number, error: Error) => void;

/**
 * Repeats `attempt` until it succeeds or is given up. For small requests, such as a page or the CHECKSUM file.
 *
 * @throws the last error, with the number of attempts if it is a fault of the source; the signal's reason
 */
export const withRetries = async <T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  onRetry: OnRetry,
): Promise<T> => {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof Error) || !mayRetry(failures, error, policy)) {
        throw isSourceError(error) ? withAttempts(error, failures) : error;
      }
      const delayMs = retryDelayMs(failures, error, policy);
      onRetry(failures, delayMs, error);
      await sleep(delayMs, signal);
    }
  }
};
