import { Worker } from 'node:worker_threads';

/** What a worker is started with. */
export interface WorkerSetup {
  /** Its niceness. @default that of the process */
  nice?: number | undefined;
}

/**
 * Starts a thread from its source. It keeps the process alive until it is `unref`ed, which is best done after adding
 * listeners.
 */
export const startWorker = (source: string, name: string, setup: WorkerSetup): Worker =>
  new Worker(source, {
    eval: true,
    name,
    workerData: setup,
    // Loaders and debuggers of the host process are not meant for this thread.
    execArgv: [],
  });
