import type { Worker } from 'node:worker_threads';
import { messageOf } from '@discogs-extractor/internal/errno';
import { ParserError } from '../errors.js';
import type { TransformSource } from '../transform/load-transforms.js';
import type { TransformBlockRequest, TransformedBlock } from '../transform/transform-block.js';
import type { BlockRunner, BlockTask, EncodedBytes, RunningSegment } from './block-runner.js';
import type { DecoderHandoff, SegmentResult, SegmentTask } from './inflate-segment.js';
import { startWorker, type WorkerSetup } from './start-worker.js';
import type { BlockTransformer } from './transform-results.js';
import {
  type EngineRequest,
  type TransformRequest,
  transferableMemory,
  type WorkerRequest,
  type WorkerResponse,
} from './worker-messages.js';
import { WORKER_SOURCE } from './worker-source.generated.js';

interface Job {
  /** The read that it is for. */
  read: number;
  message: EngineRequest | TransformRequest;
  onResponse: (response: WorkerResponse) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  /** One in progress, the others waiting, so that a thread is never idle between them. */
  jobs: Map<number, Job>;
  /**
   * The last task it was given: of two threads with the same number of jobs, the one given work earlier is free sooner.
   */
  lastTask: number;
  /** The reads whose transforms it has. */
  transforms: Set<number>;
}

const JOBS_PER_THREAD = 3;

/** Memory that is kept for results: consumers may release several blocks together. */
const SPARES_PER_THREAD = 4;

/**
 * Threads that encode blocks. The first lease starts them; they keep the process alive only while they have work to do.
 */
export class BlockThreads {
  readonly #threads: Thread[] = [];
  readonly #queue: Job[] = [];
  readonly #spares: ArrayBuffer[] = [];
  #nextTask = 0;
  #nextRead = 0;
  /** Reads that have a lease. */
  readonly #reads = new Set<number>();
  /** The transforms of each read that is in progress. */
  readonly #transforms = new Map<number, readonly TransformSource[]>();
  #failure: { error: unknown } | undefined;
  #closing: Promise<void> | undefined;

  /** @param threads - how many */
  constructor(
    readonly threads: number,
    readonly setup: WorkerSetup = {},
  ) {}

  /** Starts the threads, unless they were. */
  start(): void {
    if (this.#closing !== undefined) return;
    while (this.#threads.length < this.threads) this.#threads.push(this.#startThread(this.#threads.length));
  }

  /**
   * The threads as one read uses them. Closing the lease drops what that read has waiting; with `ownsThreads` it ends
   * the threads too.
   */
  lease(
    engine: 'fast' | 'strict',
    ownsThreads: boolean,
    transforms: readonly TransformSource[] = [],
  ): BlockRunner & BlockTransformer {
    this.start();
    const read = this.#nextRead++;
    const reads = this.#reads.add(read);
    if (transforms.length > 0) this.#transforms.set(read, transforms);
    return {
      isShared: () => reads.size > 1,
      encode: (task, urgent) => this.#encode(read, engine, task, urgent),
      inflateSegment: (task, urgent) => this.#inflateSegment(read, engine, task, urgent),
      load: async () => {
        await this.#transform(read, engine, undefined);
      },
      transform: async (block) => (await this.#transform(read, engine, block))!,
      recycle: (memory) => this.#recycle(memory),
      close: async () => {
        if (ownsThreads) await this.close();
        else this.#drop(read);
      },
    };
  }

  #encode(read: number, engine: 'fast' | 'strict', task: BlockTask, urgent = false): Promise<EncodedBytes> {
    return new Promise((resolve, reject) => {
      const message: EngineRequest = { ...task, kind: 'encode', engine, task: this.#nextTask++ };
      const onResponse = (response: WorkerResponse): void => {
        if (response.kind === 'encoded') resolve(response);
      };
      this.#enqueue({ read, message, onResponse, reject }, urgent);
    });
  }

  /** @param block - undefined: the transforms are only loaded, by one thread */
  #transform(
    read: number,
    engine: 'fast' | 'strict',
    block: TransformBlockRequest | undefined,
  ): Promise<TransformedBlock | undefined> {
    return new Promise((resolve, reject) => {
      const message: TransformRequest = { kind: 'transform', read, engine, task: this.#nextTask++, block };
      const onResponse = (response: WorkerResponse): void => {
        if (response.kind === 'transform-refused') {
          const { message, module, cause } = response;
          reject(new ParserError('INVALID_TRANSFORM', message, { facts: { module }, cause }));
        } else if (response.kind === 'transformed') {
          if (response.memory !== undefined) this.#recycle(response.memory);
          resolve(response.block);
        }
      };
      this.#enqueue({ read, message, onResponse, reject }, false);
    });
  }

  #inflateSegment(read: number, engine: 'fast' | 'strict', task: SegmentTask, urgent = false): RunningSegment {
    let resolveHandoff: (handoff: DecoderHandoff) => void;
    let rejectHandoff: (error: unknown) => void;
    const handoff = new Promise<DecoderHandoff>((resolve, reject) => {
      resolveHandoff = resolve;
      rejectHandoff = reject;
    });
    // The handoff of a segment that is inflated again is not awaited: a failure is reported by `done`.
    handoff.catch(() => {});
    const done = new Promise<SegmentResult>((resolve, reject) => {
      const message: EngineRequest = { ...task, kind: 'inflate-segment', engine, task: this.#nextTask++ };
      const onResponse = (response: WorkerResponse): void => {
        if (response.kind === 'handoff') resolveHandoff(response.handoff);
        else if (response.kind === 'segment-done') resolve(response.done);
      };
      const fail = (error: unknown): void => {
        rejectHandoff(error);
        reject(error);
      };
      this.#enqueue({ read, message, onResponse, reject: fail }, urgent);
    });
    return { handoff, done };
  }

  #enqueue(job: Job, urgent: boolean): void {
    if (this.#failure !== undefined) {
      job.reject(this.#failure.error);
      return;
    }
    if (urgent) this.#queue.unshift(job);
    else this.#queue.push(job);
    this.#dispatch();
  }

  #recycle(memory: ArrayBuffer): void {
    if (memory.byteLength > 0 && this.#spares.length < SPARES_PER_THREAD * this.threads) this.#spares.push(memory);
  }

  /** Ends all threads at once; work in progress fails. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#failWith(new ParserError('WORKER_FAILED', 'The worker threads were closed while a read was using them'));
      await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
    })();
    return this.#closing;
  }

  /** Drops the waiting jobs of a read that needs no more results, and its transforms. */
  #drop(read: number): void {
    this.#reads.delete(read);
    const others = this.#queue.filter((job) => job.read !== read);
    this.#queue.splice(0, this.#queue.length, ...others);
    this.#transforms.delete(read);
    for (const { worker, transforms } of this.#threads) {
      if (transforms.delete(read)) worker.postMessage({ kind: 'forget-transforms', read } satisfies WorkerRequest);
    }
  }

  #startThread(index: number): Thread {
    const worker = startWorker(WORKER_SOURCE, `discogs-parser-${index + 1}`, this.setup);
    const thread: Thread = { worker, jobs: new Map(), lastTask: -1, transforms: new Set() };
    worker.on('message', (response: WorkerResponse) => {
      const job = thread.jobs.get(response.task);
      if (response.kind === 'handoff') {
        job?.onResponse(response);
        return;
      }
      thread.jobs.delete(response.task);
      this.#dispatch();
      // While the threads are being ended, `terminate` keeps the process alive; a late result must not undo that.
      if (thread.jobs.size === 0 && this.#closing === undefined) worker.unref();
      job?.onResponse(response);
    });
    worker.on('error', (error) => this.#fail(error));
    worker.on('messageerror', (error) => this.#fail(error));
    worker.on('exit', (code) => {
      if (this.#closing === undefined) this.#fail(new Error(`the thread ended with status ${code}`));
    });
    // After adding the listeners, since listening for messages keeps the process alive.
    worker.unref();
    return thread;
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && this.#closing === undefined) {
      const thread = this.#threads.reduce((first, other) => (isFreeSooner(other, first) ? other : first));
      if (thread.jobs.size >= JOBS_PER_THREAD) return;
      const job = this.#queue.shift()!;
      if (thread.jobs.size === 0) thread.worker.ref();
      const { message } = job;
      thread.jobs.set(message.task, job);
      thread.lastTask = message.task;
      message.memory = this.#spares.pop();
      if (message.kind === 'transform' && !thread.transforms.has(message.read)) {
        thread.transforms.add(message.read);
        message.sources = this.#transforms.get(message.read);
      }
      thread.worker.postMessage(message, transferableMemory(...movedMemory(message), message.memory));
    }
  }

  #fail(cause: unknown): void {
    this.#failWith(new ParserError('WORKER_FAILED', `A worker thread failed: ${messageOf(cause)}`, { cause }));
  }

  #failWith(error: ParserError): void {
    this.#failure ??= { error };
    const jobs = [...this.#queue, ...this.#threads.flatMap((thread) => [...thread.jobs.values()])];
    this.#queue.length = 0;
    for (const thread of this.#threads) thread.jobs.clear();
    for (const job of jobs) job.reject(this.#failure.error);
  }
}

/** The memory of a request that is not available to the calling thread until the response. */
const movedMemory = (message: EngineRequest | TransformRequest): (ArrayBufferLike | undefined)[] => {
  if (message.kind === 'encode') return [message.bytes.buffer];
  return message.kind === 'transform' ? [message.block?.bytes.buffer, message.block?.table.buffer] : [];
};

const isFreeSooner = (one: Thread, other: Thread): boolean =>
  one.jobs.size < other.jobs.size || (one.jobs.size === other.jobs.size && one.lastTask < other.lastTask);
