import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { encodeBlock } from '../../src/block/encode-block.js';
import { Inflater, inflaterModule } from '../../src/gzip/inflater.js';
import type { ReadOptions } from '../../src/index.js';
import type { ByteSource } from '../../src/input/byte-source.js';
import { GunzipSource } from '../../src/input/gunzip-source.js';
import { openSource } from '../../src/input/open-source.js';
import type { FastRecords } from '../../src/kernel/fast-records.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { RegularRecords } from '../../src/kernel/regular-records.js';
import type { BlockDone, BlockRunner, BlockTask, LegUnderWay } from '../../src/parallel/block-runner.js';
import { type HandedOver, type LegDone, type LegTask, runLeg } from '../../src/parallel/relay-leg.js';
import { runOnWorkers } from '../../src/parallel/run-on-workers.js';
import { Collector } from '../../src/read/collector.js';
import { MessageBlock } from '../../src/read/message-block.js';
import { resolveReadOptions } from '../../src/read/resolve-options.js';
import { newReadStats } from '../../src/reports.js';
import { chunksOf } from './chunks.js';
import { emptyOutcome, finishOutcome, listening, type Outcome, takeBlock } from './outcome.js';

/** Does what worker threads do, on this thread: in turn with the caller, and with the memory gone meanwhile. */
export class LocalRunner implements BlockRunner {
  runs = 0;
  readonly #regular: RegularRecords | undefined;

  constructor(regular: RegularRecords | undefined) {
    this.#regular = regular;
  }

  async run(task: BlockTask): Promise<BlockDone> {
    this.runs++;
    const moved = structuredClone(task, { transfer: [task.bytes.buffer as ArrayBuffer] });
    // Later blocks may be done before earlier ones.
    for (let turns = this.runs % 3; turns > 0; turns--) await undefined;
    const { bytes } = moved;
    const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return { result: encodeBlock({ ...moved, bytes: block }, this.#regular), bytes };
  }

  legs = 0;

  relay(task: LegTask): LegUnderWay {
    this.legs++;
    // What threads would share is shared; the rest is a copy.
    const { decoder, input, next, ...rest } = task;
    const { memory, ...place } = decoder;
    const own: LegTask = { ...structuredClone(rest), decoder: { memory, ...structuredClone(place) }, input, next };
    const regular = this.#regular as FastRecords;
    const kernel = regular.kernelFor(task.boundary.dataType!);
    let handOver!: (handedOver: HandedOver) => void;
    const handedOver = new Promise<HandedOver>((resolve) => {
      handOver = resolve;
    });
    const run = async (turns: number): Promise<LegDone> => {
      const tools = { inflater: inflaterFor(kernel), room: kernel.room, regular };
      const done = structuredClone(runLeg(own, tools, (over) => handOver(structuredClone(over))));
      for (let turn = 0; turn < turns; turn++) await undefined;
      return done;
    };
    return { handedOver, done: run(this.legs % 3) };
  }

  recycle(): void {}

  async close(): Promise<void> {}
}

const inflaters = new WeakMap<Kernel, Inflater>();
const inflaterFor = (kernel: Kernel): Inflater => {
  const inflater = inflaters.get(kernel) ?? new Inflater(inflaterModule(), kernel.memory);
  inflaters.set(kernel, inflater);
  return inflater;
};

/** The same for a gzip stream that comes in chunks, and is gunzipped in legs of any size. */
export const outcomeOfLegs = async (
  input: Buffer | AsyncIterable<Uint8Array>,
  { chunkBytes, legBytes }: { chunkBytes?: number; legBytes: number },
  options: ReadOptions,
  runner: BlockRunner,
): Promise<Outcome> => {
  const gzip = Buffer.isBuffer(input) ? chunksOf(gzipSync(input), chunkBytes ?? input.length) : input;
  const source = new GunzipSource(await openSource(gzip, options.signal), options.signal);
  try {
    return await outcomeOf(source, legBytes, options, runner);
  } finally {
    await source.close();
  }
};

/** Runs what worker threads are fed by, with blocks of any size. */
export const outcomeOfBlocks = (
  input: Buffer,
  blockBytes: number,
  options: ReadOptions,
  runner: BlockRunner,
): Promise<Outcome> => outcomeOf(wholeSource(input), blockBytes, options, runner);

const outcomeOf = async (
  source: ByteSource,
  blockBytes: number,
  options: ReadOptions,
  runner: BlockRunner,
): Promise<Outcome> => {
  const outcome = emptyOutcome();
  const resolved = { ...resolveReadOptions(listening(outcome, options)), workers: 2 };
  const stats = newReadStats();
  const collector = new Collector(resolved, stats);
  let error: unknown;
  try {
    for await (const result of runOnWorkers(source, resolved, runner, 'messages', () => collector.toSkip, blockBytes)) {
      // Others get ahead as far as they may.
      await setImmediate();
      const collected = collector.take(result);
      if (collected.delivery !== undefined) takeBlock(outcome, new MessageBlock(collected.delivery));
      if (collected.error !== undefined) throw collected.error;
      if (collected.done) break;
    }
  } catch (thrown) {
    error = thrown;
  }
  return finishOutcome(outcome, stats, error);
};

const wholeSource = (input: Buffer): ByteSource => {
  let given = false;
  return {
    read: async () => {
      const first = !given && input.length > 0;
      given = true;
      return first ? input : undefined;
    },
    close: async () => {},
  };
};
