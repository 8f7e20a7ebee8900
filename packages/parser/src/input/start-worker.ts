import { Worker } from 'node:worker_threads';

/** What a worker is started with. */
export interface WorkerSetup {
  /** Its niceness, unless it is that of the process. */
  nice?: number | undefined;
}

/** Starts a thread from its source. It holds the process until it is `unref`ed, which is best done once listeners are added. */
export const startWorker = (source: string, name: string, setup: WorkerSetup): Worker =>
  new Worker(source, {
    eval: true,
    name,
    workerData: setup,
    // The host's loaders and debuggers have no business in there.
    execArgv: [],
  });
