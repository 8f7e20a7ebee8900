import { checks } from '../option-checks.js';
import type { WorkerPool, WorkerPoolOptions } from '../options.js';
import { BlockThreads } from './block-threads.js';

const KNOWN: Readonly<Record<keyof WorkerPoolOptions, true>> = { threads: true, nice: true };

/** More threads than any machine has cores are a mistake. */
export const MAX_WORKERS = 256;

const MAX_NICE = 19;

/** The threads of each pool, which are not part of its public interface. */
const POOLS = new WeakMap<WorkerPool, BlockThreads>();

/**
 * Creates a pool of threads for the option `workers` of several reads, such as those of a month's four dumps in
 * parallel: together they use at most `threads` threads, and the last one still reading has all of them. The first read,
 * or {@link WorkerPool.start}, starts the threads.
 *
 * @throws ParserError `INVALID_OPTIONS`
 */
export const createWorkerPool = (options: WorkerPoolOptions): WorkerPool => {
  checks.object('', options, KNOWN);
  const threads = checks.wholeNumber('threads', options.threads, { min: 1, max: MAX_WORKERS });
  const nice =
    options.nice === undefined ? undefined : checks.wholeNumber('nice', options.nice, { min: 0, max: MAX_NICE });
  const blockThreads = new BlockThreads(threads, { nice });
  const pool: WorkerPool = {
    threads,
    start: () => blockThreads.start(),
    close: () => blockThreads.close(),
    [Symbol.asyncDispose]: () => blockThreads.close(),
  };
  POOLS.set(pool, blockThreads);
  return pool;
};

/** The threads of a pool created by {@link createWorkerPool}; `undefined` for anything else. */
export const threadsOf = (pool: WorkerPool): BlockThreads | undefined => POOLS.get(pool);
