import { assertKnownOptions, MOST_WORKERS, wholeNumber } from '../known-options.js';
import { BlockThreads } from './block-threads.js';

/** Options of `createWorkerPool`. */
export interface WorkerPoolOptions {
  /** How many threads; at least 1. */
  threads: number;
  /**
   * Niceness of the threads, and of those that gunzip for them, on Linux: 1 to 19 lets the rest of the process, and other processes, go
   * first, so that a server stays quick at its answers while the threads use what is left.
   * @default that of the process
   */
  nice?: number | undefined;
}

/** Threads that any number of reads can share at once: each gives its blocks to whichever is free. */
export interface WorkerPool extends AsyncDisposable {
  readonly threads: number;
  /** Ends the threads, at once; reads that still use them fail with `WORKER_FAILED`. Idempotent. */
  close(): Promise<void>;
}

const NAMES: Readonly<Record<keyof WorkerPoolOptions, true>> = { threads: true, nice: true };

const MOST_NICE = 19;

/** What of a pool is nobody's business. */
const POOLS = new WeakMap<WorkerPool, BlockThreads>();

/**
 * Makes threads for the option `workers` of several reads, such as the four files of a dump read side by side: together they use no more
 * than `threads`, and the last of them has all of those.
 *
 * @throws ParserError `INVALID_OPTIONS`
 */
export const createWorkerPool = (options: WorkerPoolOptions): WorkerPool => {
  assertKnownOptions(options, NAMES);
  const threads = wholeNumber('threads', options.threads, undefined, 1, MOST_WORKERS);
  const nice = options.nice === undefined ? undefined : wholeNumber('nice', options.nice, undefined, 0, MOST_NICE);
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
