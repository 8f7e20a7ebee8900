import { AsyncSignal } from '@discogs-extractor/internal/async-signal';
import type { DocumentState } from '../document/state.js';
import type { SavedDecoder } from '../gzip/gzip-decoder.js';
import { gzipError } from '../gzip/gzip-error.js';
import type { GzipHandoff } from '../input/gunzip-source.js';
import { assumedRange, type RecordRange } from '../record/record-range.js';
import type { BlockRunner, RunningSegment } from './block-runner.js';
import type { BlockSource, SpeculativeBlock } from './block-source.js';
import { CompressedInput, type InputShare } from './compressed-input.js';
import type { DecoderHandoff, SegmentTask } from './inflate-segment.js';
import type { BlockSettings } from './xml-block-source.js';

/** The first segments are short, so that the second thread soon has something to do. */
const FIRST_SEGMENT_BYTES = 512 * 1024;

/**
 * Dumps inflate to four and a half times their size and more: a segment starts once its input most likely makes a
 * block.
 */
const MIN_RATIO = 4;

export interface GzipBlockSourceOptions {
  readonly stream: GzipHandoff;
  /** XML before the stream's. */
  readonly xml: Uint8Array;
  readonly runner: BlockRunner;
  /** The state in which the next block begins. */
  readonly state: DocumentState;
  readonly settings: BlockSettings;
  readonly maxBlocksInFlight: number;
  /** Returns the range of the block whose turn it is. */
  readonly nextRange: () => RecordRange;
  /** How much XML the next segment inflates. */
  readonly segmentBytes: () => number;
}

interface Segment {
  readonly block: Promise<SpeculativeBlock | undefined>;
  readonly task: SegmentTask;
  readonly share: InputShare;
}

/**
 * Blocks of a gzip stream that is handed from worker to worker: each inflates a segment into the memory of its own
 * kernel, passes the decoder's state on, and encodes its block while the next worker inflates. So XML is never copied
 * between threads, and gunzip needs no thread of its own.
 *
 * What a segment began with is kept until its block is done: if the speculation was wrong, it is inflated again.
 */
export class GzipBlockSource implements BlockSource {
  readonly #options: GzipBlockSourceOptions;
  readonly #input: CompressedInput;
  readonly #segments: Segment[] = [];
  readonly #segmentStarted = new AsyncSignal();
  /** Notified when input comes, a slot becomes free, and by `stop`. */
  readonly #stateChanged: AsyncSignal;
  readonly #memories: Uint8Array[] = [];
  #freeSlots: number;
  #nextSegmentBytes: number;
  /** The state that the next block is assumed to begin in. */
  #nextState: DocumentState | undefined;
  #decoder: SavedDecoder;
  #rest: Uint8Array;
  /** XML before the next segment. */
  #xmlBytes: number;
  /** How many bytes of the waiting input are known to make no progress on their own. */
  #undecodable = 0;
  #stopped = false;
  #taken: Segment | undefined;

  private constructor(options: GzipBlockSourceOptions, input: CompressedInput, stateChanged: AsyncSignal) {
    const { stream, xml, state, maxBlocksInFlight, segmentBytes } = options;
    this.#options = options;
    this.#input = input;
    this.#stateChanged = stateChanged;
    this.#nextSegmentBytes = Math.min(FIRST_SEGMENT_BYTES, segmentBytes());
    this.#freeSlots = maxBlocksInFlight;
    this.#nextState = state;
    const memory = newMemory(stream.decoder.memory.length);
    memory.set(stream.decoder.memory);
    this.#decoder = { ...stream.decoder, memory };
    this.#rest = new Uint8Array(Buffer.concat([xml, stream.xml]));
    this.#xmlBytes = stream.xmlBytes;
  }

  /** Starts reading ahead, and the first segment. */
  static start(options: GzipBlockSourceOptions): GzipBlockSource {
    const { stream, segmentBytes } = options;
    const stateChanged = new AsyncSignal();
    const input = CompressedInput.start({
      source: stream.input,
      first: stream.unused,
      maxAheadBytes: () => Math.ceil((2 * segmentBytes()) / MIN_RATIO),
      onChange: () => stateChanged.notify(),
    });
    const source = new GzipBlockSource(options, input, stateChanged);
    void source.#run();
    return source;
  }

  async take(): Promise<SpeculativeBlock> {
    for (;;) {
      const segment = this.#segments.shift();
      if (segment === undefined) {
        await this.#segmentStarted.wait();
        continue;
      }
      this.#taken = segment;
      const block = await segment.block;
      if (block !== undefined) return block;
      this.done();
    }
  }

  done(): void {
    const { task, share } = this.#taken!;
    share.release();
    this.#memories.push(task.decoder.memory);
    this.#freeSlots++;
    this.#stateChanged.notify();
  }

  stop(): void {
    this.#stopped = true;
    this.#stateChanged.notify();
    this.#input.stop();
  }

  async #run(): Promise<void> {
    for (;;) {
      while (!this.#isReady && !this.#stopped) await this.#stateChanged.wait();
      if (this.#stopped) return;
      this.#freeSlots--;
      const share = this.#input.share();
      const task = this.#nextTask(share);
      const running = this.#options.runner.inflateSegment(task);
      const block = this.#blockOf(task, running);
      // `take` reports a failure; until it is called, this is not an unhandled rejection.
      block.catch(() => {});
      this.#segments.push({ block, task, share });
      this.#segmentStarted.notify();
      let handoff: DecoderHandoff;
      try {
        handoff = await running.handoff;
      } catch {
        // `block` rejects with the same error.
        return;
      }
      if (handoff.isOver || this.#stopped) return;
      this.#continueFrom(task, handoff);
    }
  }

  /** Whether a slot is free and there is input enough for a segment; if all slots are free, any input is enough. */
  get #isReady(): boolean {
    const { waiting, ended } = this.#input;
    if (this.#freeSlots === 0) return false;
    const isIdle = this.#freeSlots === this.#options.maxBlocksInFlight;
    return ended || (waiting > this.#undecodable && (isIdle || waiting >= this.#nextSegmentBytes / MIN_RATIO));
  }

  #nextTask(share: InputShare): SegmentTask {
    const { settings, nextRange } = this.#options;
    const { ended, failure } = this.#input;
    return {
      ...settings,
      decoder: this.#decoder,
      rest: this.#rest,
      input: share.bytes,
      inputEnd: !ended ? 'open' : failure === undefined ? 'complete' : 'failed',
      blockBytes: this.#nextSegmentBytes,
      boundary: this.#options.state,
      state: this.#nextState,
      ...assumedRange(nextRange()),
      next: this.#memories.pop() ?? newMemory(this.#decoder.memory.length),
    };
  }

  #continueFrom(task: SegmentTask, { place, unused, isShort, rest, nextState, xmlBytes }: DecoderHandoff): void {
    this.#input.use(task.input.reduce((sum, { length }) => sum + length, -unused));
    this.#undecodable = isShort ? unused : 0;
    if (isShort) this.#input.readMoreThan(unused);
    this.#decoder = { memory: task.next, ...place };
    this.#rest = rest;
    this.#nextState = nextState;
    this.#xmlBytes += xmlBytes;
    this.#nextSegmentBytes = Math.min(2 * this.#nextSegmentBytes, this.#options.segmentBytes());
  }

  /** The block of a segment; `undefined` if it holds none. */
  async #blockOf(task: SegmentTask, running: RunningSegment): Promise<SpeculativeBlock | undefined> {
    const xmlBytes = this.#xmlBytes;
    const [handoff, { result, leftover }] = await Promise.all([running.handoff, running.done]);
    this.#options.stream.onXml(handoff.xmlBytes);
    const { isOver, fault, blockBytes } = handoff;
    let failure: SpeculativeBlock['failure'];
    if (fault !== undefined) failure = { error: gzipError(fault, { byteOffset: xmlBytes + handoff.xmlBytes }) };
    else if (isOver && task.inputEnd === 'failed') failure = this.#input.failure;
    else if (blockBytes === undefined) return undefined;
    return {
      isFinal: isOver && failure === undefined,
      failure,
      speculation:
        result === undefined ? undefined : { state: task.state!, range: task, result, leftover: () => leftover },
      bytes: async () => (result === undefined ? leftover : this.#inflateAgain(task)),
    };
  }

  async #inflateAgain(task: SegmentTask): Promise<Uint8Array> {
    const again = { ...task, state: undefined, next: newMemory(task.next.length) };
    const { done } = this.#options.runner.inflateSegment(again, true);
    return (await done).leftover;
  }
}

const newMemory = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes));
