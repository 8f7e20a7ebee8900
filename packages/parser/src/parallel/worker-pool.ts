import { checks } from '../option-checks.js';
import type { WorkerPool, WorkerPoolOptions } from '../options.js';
import { BlockThreads } from './block-threads.js';

/** No machine has more cores that this package would use well. */
export const MAX_WORKERS = 256;

const KNOWN: Readonly<Record<keyof WorkerPoolOptions, true>> = { threads: true, nice: true };

const MAX_NICE = 19;

/** What of a pool is nobody's business. */
const POOLS = new WeakMap<WorkerPool, BlockThreads>();

/**
 * Makes threads for the option `workers` of several reads, such as the four files of a dump read side by side: together they use no more
 * than `threads`, and the last of them has all of those.
 *
 * @throws ParserError `INVALID_OPTIONS`
 */
export const createWorkerPool = (options: WorkerPoolOptions): WorkerPool => {
  checks.object('', options, KNOWN);
  const threads = checks.wholeNumber('threads', options.threads, { min: 1, max: MAX_WORKERS });
  const nice =
    options.nice === undefined ? undefined : checks.wholeNumber('nice', options.nice, { min: 0, max: MAX_NICE });
  const pool = new BlockThreads(threads, nice);
  const shared: WorkerPool = {
    threads,
    close: () => pool.close(),
    [Symbol.asyncDispose]: () => pool.close(),
  };
  POOLS.set(shared, pool);
  return shared;
};

/** The threads behind a pool that came from `createWorkerPool`. */
export const threadsOf = (pool: WorkerPool): BlockThreads | undefined => POOLS.get(pool);
