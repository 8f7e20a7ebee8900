import type { Worker } from 'node:worker_threads';
import { ParserError } from '../errors.js';
import { startWorker, type WorkerSetup } from '../input/start-worker.js';
import type { BlockDone, BlockRunner, BlockTask, LegUnderWay } from './block-runner.js';
import { movableMemory, type WorkerRequest, type WorkerResponse } from './protocol.js';
import type { HandedOver, LegDone, LegTask } from './relay-leg.js';
import { WORKER_SOURCE } from './worker-source.generated.js';

interface Job {
  reader: symbol;
  message: WorkerRequest;
  onResponse: (response: WorkerResponse) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  /** One at work, the others waiting, so that a thread never idles between them. */
  jobs: Map<number, Job>;
  /** The last task it was given: of two with as many jobs, the one that has had them for longer will sooner be free. */
  lastTask: number;
}

const JOBS_PER_THREAD = 3;

/** Memory that is kept for results: consumers may give several blocks back at once. */
const SPARES_PER_THREAD = 4;

/** Threads that encode blocks. They keep the process alive only while they have something to do. */
export class BlockThreads {
  readonly #threads: Thread[] = [];
  readonly #queue: Job[] = [];
  readonly #spares: ArrayBuffer[] = [];
  #nextTask = 0;
  #failure: { error: unknown } | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    readonly threads: number,
    readonly nice?: number | undefined,
  ) {
    for (let index = 0; index < threads; index++) this.#threads.push(this.#start(index, { nice }));
  }

  /** The threads as one read sees them: `close` ends what that read has waiting, and the threads too where it is `alone`. */
  lease(engine: 'fast' | 'strict', alone: boolean): BlockRunner {
    const reader = Symbol('reader');
    return {
      run: (task, urgent) => this.#run(reader, engine, task, urgent),
      relay: (task, urgent) => this.#relay(reader, engine, task, urgent),
      recycle: (memory) => this.#recycle(memory),
      close: async () => {
        if (alone) await this.close();
        else this.#leave(reader);
      },
    };
  }

  #run(reader: symbol, engine: 'fast' | 'strict', task: BlockTask, urgent = false): Promise<BlockDone> {
    return new Promise((resolve, reject) => {
      const message: WorkerRequest = { ...task, kind: 'encode', engine, task: this.#nextTask++ };
      const onResponse = (response: WorkerResponse): void => {
        if (response.kind === 'encoded') resolve(response);
      };
      this.#queueUp({ reader, message, onResponse, reject }, urgent);
    });
  }

  #relay(reader: symbol, engine: 'fast' | 'strict', task: LegTask, urgent = false): LegUnderWay {
    let onHandedOver: (handedOver: HandedOver) => void;
    let failHandOver: (error: unknown) => void;
    const handedOver = new Promise<HandedOver>((resolve, reject) => {
      onHandedOver = resolve;
      failHandOver = reject;
    });
    // A leg that is run again hands over to nobody: whoever waits for its end hears of a failure there.
    handedOver.catch(() => {});
    const done = new Promise<LegDone>((resolve, reject) => {
      const message: WorkerRequest = { ...task, kind: 'leg', engine, task: this.#nextTask++ };
      const onResponse = (response: WorkerResponse): void => {
        if (response.kind === 'handed-over') onHandedOver(response.handedOver);
        else if (response.kind === 'leg-done') resolve(response.done);
      };
      const fail = (error: unknown): void => {
        failHandOver(error);
        reject(error);
      };
      this.#queueUp({ reader, message, onResponse, reject: fail }, urgent);
    });
    return { handedOver, done };
  }

  #queueUp(job: Job, urgent: boolean): void {
    if (this.#failure !== undefined) {
      job.reject(this.#failure.error);
      return;
    }
    if (urgent) this.#queue.unshift(job);
    else this.#queue.push(job);
    this.#dispatch();
  }

  #recycle(memory: ArrayBuffer): void {
    if (this.#spares.length < SPARES_PER_THREAD * this.#threads.length) this.#spares.push(memory);
  }

  /** Ends all threads, at once; what is under way fails. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#failWith(new ParserError('WORKER_FAILED', 'the worker threads were closed'));
      await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
    })();
    return this.#closing;
  }

  /** Nobody waits for what this reader has under way any more. */
  #leave(reader: symbol): void {
    const others = this.#queue.filter((job) => job.reader !== reader);
    this.#queue.splice(0, this.#queue.length, ...others);
  }

  #start(index: number, setup: WorkerSetup): Thread {
    const worker = startWorker(WORKER_SOURCE, `discogs-parser-${index + 1}`, setup);
    const thread: Thread = { worker, jobs: new Map(), lastTask: -1 };
    worker.on('message', (response: WorkerResponse) => {
      const job = thread.jobs.get(response.task);
      if (response.kind === 'handed-over') {
        job?.onResponse(response);
        return;
      }
      thread.jobs.delete(response.task);
      this.#dispatch();
      // A result that comes while the threads are ended must not undo `terminate`'s hold on the process, which would end in the middle.
      if (thread.jobs.size === 0 && this.#closing === undefined) worker.unref();
      job?.onResponse(response);
    });
    worker.on('error', (error) => this.#fail(error));
    worker.on('messageerror', (error) => this.#fail(error));
    worker.on('exit', (code) => {
      if (this.#closing === undefined) this.#fail(new Error(`a worker thread ended with status ${code}`));
    });
    // Last, since listening for messages is what holds a process.
    worker.unref();
    return thread;
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && this.#closing === undefined) {
      const thread = this.#threads.reduce((first, other) => (isSoonerFree(other, first) ? other : first));
      if (thread.jobs.size >= JOBS_PER_THREAD) return;
      const job = this.#queue.shift()!;
      if (thread.jobs.size === 0) thread.worker.ref();
      const { message } = job;
      thread.jobs.set(message.task, job);
      thread.lastTask = message.task;
      message.memory = this.#spares.pop();
      const moved = message.kind === 'encode' ? message.bytes.buffer : undefined;
      thread.worker.postMessage(message, movableMemory(moved, message.memory));
    }
  }

  #fail(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#failWith(new ParserError('WORKER_FAILED', `a worker thread failed: ${message}`, { cause }));
  }

  #failWith(error: ParserError): void {
    this.#failure ??= { error };
    const jobs = [...this.#queue, ...this.#threads.flatMap((thread) => [...thread.jobs.values()])];
    this.#queue.length = 0;
    for (const thread of this.#threads) thread.jobs.clear();
    for (const job of jobs) job.reject(this.#failure.error);
  }
}

const isSoonerFree = (one: Thread, other: Thread): boolean =>
  one.jobs.size < other.jobs.size || (one.jobs.size === other.jobs.size && one.lastTask < other.lastTask);
