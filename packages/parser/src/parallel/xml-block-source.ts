import { AsyncSignal } from '@discogs-extractor/internal/async-signal';
import type { BlockRequest } from '../block/encode-block.js';
import type { DocumentState } from '../document/state.js';
import { assumedRange, type RecordRange } from '../record/record-range.js';
import type { BlockCutter, CutBlock } from './block-cutter.js';
import type { BlockRunner } from './block-runner.js';
import type { BlockSource, SpeculativeBlock } from './block-source.js';

/** The part of a request that is the same for all blocks. */
export type BlockSettings = Pick<
  BlockRequest,
  'output' | 'fields' | 'reading' | 'isNormalized' | 'maxDepth' | 'maxRecordBytes'
>;

export interface XmlBlockSourceOptions {
  readonly cutter: BlockCutter;
  readonly runner: BlockRunner;
  /** The state in which the next block is assumed to begin. */
  readonly state: DocumentState;
  readonly settings: BlockSettings;
  readonly maxBlocksInFlight: number;
  /** Returns the range of the block whose turn it is. */
  readonly nextRange: () => RecordRange;
}

/** Blocks that are cut from XML on the calling thread and transferred to the workers. */
export class XmlBlockSource implements BlockSource {
  readonly #options: XmlBlockSourceOptions;
  readonly #blocks: Promise<SpeculativeBlock>[] = [];
  readonly #blockStarted = new AsyncSignal();
  /** The state that the next block is assumed to begin in. */
  #nextState: DocumentState | undefined;
  #freeSlots: number;
  #stopped = false;
  #isRunning = false;
  /** The memory of the block taken last, if it can be reused. */
  #taken: Uint8Array | undefined;

  private constructor(options: XmlBlockSourceOptions) {
    this.#options = options;
    this.#nextState = options.state;
    this.#freeSlots = options.maxBlocksInFlight;
  }

  /** Starts cutting and encoding. */
  static start(options: XmlBlockSourceOptions): XmlBlockSource {
    const source = new XmlBlockSource(options);
    void source.#run();
    return source;
  }

  async take(): Promise<SpeculativeBlock> {
    for (;;) {
      const block = this.#blocks.shift();
      if (block !== undefined) return block;
      await this.#blockStarted.wait();
    }
  }

  done(): void {
    if (this.#taken !== undefined) this.#options.cutter.recycle(this.#taken);
    this.#taken = undefined;
    this.#freeSlots++;
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#freeSlots > 0 && !this.#stopped) {
      // Errors of the input come as part of the block.
      const cut = await this.#options.cutter.next();
      if (this.#stopped) return;
      this.#freeSlots--;
      const block = this.#encode(cut, this.#nextState);
      this.#nextState = cut.nextState;
      // `take` reports a failure; until it is called, this is not an unhandled rejection.
      block.catch(() => {});
      this.#blocks.push(block);
      this.#blockStarted.notify();
      if (cut.isFinal || cut.failure !== undefined) return;
    }
    this.#isRunning = false;
  }

  async #encode({ bytes, isFinal, failure }: CutBlock, state: DocumentState | undefined): Promise<SpeculativeBlock> {
    if (state === undefined) return { isFinal, failure, speculation: undefined, bytes: async () => bytes };
    const { runner, settings, nextRange } = this.#options;
    const range = assumedRange(nextRange());
    const done = await runner.encode({ ...settings, ...range, bytes, isFinal, state });
    const { result } = done;
    return {
      isFinal,
      failure,
      speculation: {
        state,
        range,
        result,
        leftover: () => {
          this.#taken = done.bytes;
          return done.bytes.slice(result.consumed);
        },
      },
      bytes: async () => done.bytes,
    };
  }
}
