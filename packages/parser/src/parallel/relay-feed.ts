import { AsyncSignal } from '@discogs-extractor/internal/async-signal';
import type { DocumentState } from '../document/state.js';
import type { SavedDecoder } from '../gzip/gzip-decoder.js';
import { gzipError } from '../gzip/gzip-error.js';
import type { GzipStream } from '../input/byte-source.js';
import type { Attempt, BlockFeed } from './block-feed.js';
import type { BlockRunner, LegUnderWay } from './block-runner.js';
import type { BlockTerms } from './cut-feed.js';
import { type InputShare, RelayInput } from './relay-input.js';
import type { HandedOver, LegTask } from './relay-leg.js';

/** The first legs are short, so that the second thread has something to do soon. */
const FIRST_LEG_BYTES = 512 * 1024;

/** Dumps are gunzipped to four and a half times their size and more: a leg begins with what most likely makes a block. */
const LEAST_RATIO = 4;

export interface RelayFeedOptions {
  readonly stream: GzipStream;
  /** XML before the stream's. */
  readonly xml: Uint8Array;
  readonly pool: BlockRunner;
  /** The state in which the next block begins. */
  readonly state: DocumentState;
  readonly terms: BlockTerms;
  /** How many blocks may be under way. */
  readonly room: number;
  /** How many records are to be passed over yet. */
  readonly toSkip: () => number;
  /** How much XML a leg gunzips. */
  readonly legBytes: number;
}

/** A leg under way. */
interface Leg {
  readonly attempt: Promise<Attempt | undefined>;
  readonly task: LegTask;
  readonly share: InputShare;
}

/**
 * Blocks of a gzip stream that goes from worker to worker like the baton of a relay race: each gunzips a block where it will read it, says
 * where the next one goes on, and encodes its block while that one gunzips. So XML is never copied from thread to thread, and gunzip needs
 * no thread of its own.
 *
 * What a leg began with is kept until its block is done with: where the guess was wrong, it is gunzipped again.
 */
export class RelayFeed implements BlockFeed {
  readonly #options: RelayFeedOptions;
  readonly #input: RelayInput;
  readonly #legs: Leg[] = [];
  /** Rung when a leg begins. */
  readonly #news = new AsyncSignal();
  /** Rung when input comes, and when there is room for another leg. */
  readonly #change = new AsyncSignal();
  readonly #memories: Uint8Array[] = [];
  #room: number;
  #nextLegBytes: number;
  #guess: DocumentState | undefined;
  #decoder: SavedDecoder;
  #rest: Uint8Array;
  /** XML before the next leg. */
  #xmlBytes: number;
  /** How much of the input that waits is known to bring the stream no further. */
  #undecodable = 0;
  #stopped = false;
  #taken: Leg | undefined;

  constructor(options: RelayFeedOptions) {
    const { stream, xml, state, room, legBytes } = options;
    this.#options = options;
    this.#nextLegBytes = Math.min(FIRST_LEG_BYTES, legBytes);
    this.#room = room;
    this.#guess = state;
    const memory = newMemory(stream.decoder.memory.length);
    memory.set(stream.decoder.memory);
    this.#decoder = { ...stream.decoder, memory };
    this.#rest = new Uint8Array(Buffer.concat([xml, stream.xml]));
    this.#xmlBytes = stream.xmlBytes;
    const mostAhead = Math.ceil((2 * legBytes) / LEAST_RATIO);
    this.#input = new RelayInput(stream.input, stream.unused, mostAhead, () => this.#change.notify());
    void this.#run();
  }

  async take(): Promise<Attempt> {
    for (;;) {
      const leg = this.#legs.shift();
      if (leg === undefined) {
        await this.#news.wait();
        continue;
      }
      this.#taken = leg;
      const attempt = await leg.attempt;
      if (attempt !== undefined) return attempt;
      this.done();
    }
  }

  done(): void {
    const { task, share } = this.#taken!;
    share.release();
    this.#memories.push(task.decoder.memory);
    this.#room++;
    this.#change.notify();
  }

  stop(): void {
    this.#stopped = true;
    this.#change.notify();
    this.#input.stop();
  }

  async #run(): Promise<void> {
    for (;;) {
      while (!this.#isReady && !this.#stopped) await this.#change.wait();
      if (this.#stopped) return;
      this.#room--;
      const share = this.#input.share();
      const task = this.#nextTask(share);
      const underWay = this.#options.pool.relay!(task);
      const attempt = this.#attempt(task, underWay);
      // Whoever takes it hears of a failure; until then it is nobody's unhandled rejection.
      attempt.catch(() => {});
      this.#legs.push({ attempt, task, share });
      this.#news.notify();
      let next: HandedOver;
      try {
        next = await underWay.handedOver;
      } catch {
        // So does `attempt`.
        return;
      }
      if (next.isOver || this.#stopped) return;
      this.#goOn(task, next);
    }
  }

  /** Whether there is room for a leg, and input enough for it; where nobody has anything to do, any input is. */
  get #isReady(): boolean {
    const { waiting, ended } = this.#input;
    if (this.#room === 0) return false;
    const isIdle = this.#room === this.#options.room;
    return ended || (waiting > this.#undecodable && (isIdle || waiting >= this.#nextLegBytes / LEAST_RATIO));
  }

  #nextTask(share: InputShare): LegTask {
    const { terms, toSkip } = this.#options;
    const { ended, failure } = this.#input;
    return {
      ...terms,
      decoder: this.#decoder,
      rest: this.#rest,
      input: share.bytes,
      inputEnd: !ended ? 'open' : failure === undefined ? 'whole' : 'failed',
      blockBytes: this.#nextLegBytes,
      boundary: this.#options.state,
      state: this.#guess,
      skip: toSkip() > 0 ? Number.POSITIVE_INFINITY : 0,
      next: this.#memories.pop() ?? newMemory(this.#decoder.memory.length),
    };
  }

  #goOn(task: LegTask, { place, unused, isShort, rest, nextState, xmlBytes }: HandedOver): void {
    this.#input.use(task.input.reduce((sum, { length }) => sum + length, -unused));
    this.#undecodable = isShort ? unused : 0;
    this.#decoder = { memory: task.next, ...place };
    this.#rest = rest;
    this.#guess = nextState;
    this.#xmlBytes += xmlBytes;
    this.#nextLegBytes = Math.min(2 * this.#nextLegBytes, this.#options.legBytes);
  }

  /** What comes of a leg; `undefined` where it found no block. */
  async #attempt(task: LegTask, underWay: LegUnderWay): Promise<Attempt | undefined> {
    const xmlBytes = this.#xmlBytes;
    const [handedOver, { result, leftover }] = await Promise.all([underWay.handedOver, underWay.done]);
    this.#options.stream.onXml(handedOver.xmlBytes);
    const { isOver, fault, blockBytes } = handedOver;
    let failure: Attempt['failure'];
    if (fault !== undefined) failure = { error: gzipError(fault, { byteOffset: xmlBytes + handedOver.xmlBytes }) };
    else if (isOver && task.inputEnd === 'failed') failure = this.#input.failure;
    else if (blockBytes === undefined) return undefined;
    return {
      isFinal: isOver && failure === undefined,
      failure,
      guess:
        result === undefined
          ? undefined
          : { state: task.state!, countOnly: task.skip > 0, result, leftover: () => leftover },
      bytes: async () => (result === undefined ? leftover : this.#gunzipAgain(task)),
    };
  }

  async #gunzipAgain(task: LegTask): Promise<Uint8Array> {
    const again = { ...task, state: undefined, next: newMemory(task.next.length) };
    const { done } = this.#options.pool.relay!(again, true);
    return (await done).leftover;
  }
}

const newMemory = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes));
