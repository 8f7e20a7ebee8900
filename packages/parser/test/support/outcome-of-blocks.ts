import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { encodeBlock } from '../../src/block/encode-block.js';
import { Inflater, inflaterModule } from '../../src/gzip/inflater.js';
import type { ReadOptions } from '../../src/index.js';
import type { ByteSource } from '../../src/input/byte-source.js';
import { openInput } from '../../src/input/open-input.js';
import { resolveEngine } from '../../src/kernel/engine.js';
import type { FastRecords } from '../../src/kernel/fast-records.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { RegularRecords } from '../../src/kernel/regular-records.js';
import type { BlockRunner, BlockTask, EncodedBytes, RunningSegment } from '../../src/parallel/block-runner.js';
import { encodeOnCallingThread } from '../../src/parallel/encode-on-calling-thread.js';
import { encodeOnWorkers, type WorkerInput } from '../../src/parallel/encode-on-workers.js';
import {
  type DecoderHandoff,
  inflateSegment,
  type SegmentResult,
  type SegmentTask,
} from '../../src/parallel/inflate-segment.js';
import { transformOnCallingThread } from '../../src/parallel/transform-on-calling-thread.js';
import { Collector } from '../../src/read/collector.js';
import { MessageBlock } from '../../src/read/message-block.js';
import { resolveReadOptions } from '../../src/read/resolve-options.js';
import type { RecordRange } from '../../src/record/record-range.js';
import { newReadStats } from '../../src/reports.js';
import { chunksOf } from './chunks.js';
import { emptyOutcome, finishOutcome, listening, type Outcome, takeBlock } from './outcome.js';

/** Does what worker threads do, on this thread: interleaved with the caller, and with the task's memory transferred. */
export class LocalRunner implements BlockRunner {
  encoded = 0;
  segments = 0;
  readonly #regular: RegularRecords | undefined;

  constructor(regular: RegularRecords | undefined) {
    this.#regular = regular;
  }

  isShared(): boolean {
    return false;
  }

  async encode(task: BlockTask): Promise<EncodedBytes> {
    this.encoded++;
    const moved = structuredClone(task, { transfer: [task.bytes.buffer as ArrayBuffer] });
    // Later blocks may be done before earlier ones.
    for (let delay = this.encoded % 3; delay > 0; delay--) await undefined;
    const { bytes } = moved;
    const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return { result: encodeBlock({ ...moved, bytes: block }, this.#regular), bytes };
  }

  inflateSegment(task: SegmentTask): RunningSegment {
    this.segments++;
    // What threads would share is shared; the rest is a copy.
    const { decoder, input, next, ...rest } = task;
    const { memory, ...place } = decoder;
    const own: SegmentTask = { ...structuredClone(rest), decoder: { memory, ...structuredClone(place) }, input, next };
    const regular = this.#regular as FastRecords;
    const kernel = regular.kernelFor(task.boundary.dataType!);
    let handOff!: (handoff: DecoderHandoff) => void;
    const handoff = new Promise<DecoderHandoff>((resolve) => {
      handOff = resolve;
    });
    const run = async (delay: number): Promise<SegmentResult> => {
      const tools = { inflater: inflaterFor(kernel), blockMemory: kernel.inputBuffer, regular };
      const done = structuredClone(inflateSegment(own, tools, (next) => handOff(structuredClone(next))));
      for (let left = delay; left > 0; left--) await undefined;
      return done;
    };
    return { handoff, done: run(this.segments % 3) };
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

/** Encodes the segments of a gzip stream that comes in chunks; both may be of any size. */
export const outcomeOfSegments = async (
  input: Buffer | AsyncIterable<Uint8Array>,
  { chunkBytes, segmentBytes }: { chunkBytes?: number; segmentBytes: number },
  options: ReadOptions,
  runner: BlockRunner,
): Promise<Outcome> => {
  const gzip = Buffer.isBuffer(input) ? chunksOf(gzipSync(input), chunkBytes ?? input.length) : input;
  const opened = await openInput(gzip, options.signal, { onBytes: () => {}, onXml: () => {} });
  try {
    return await outcomeOf(opened, segmentBytes, options, runner);
  } finally {
    await opened.xml.close();
  }
};

/** Encodes blocks of XML of any size, as worker threads do. */
export const outcomeOfBlocks = (
  input: Buffer,
  blockBytes: number,
  options: ReadOptions,
  runner: BlockRunner,
): Promise<Outcome> => outcomeOf({ xml: wholeSource(input), gunzip: undefined }, blockBytes, options, runner);

/** Encodes blocks of XML of any size and transforms them, as the calling thread does without workers. */
export const outcomeOfTransformedBlocks = async (
  input: Buffer,
  blockBytes: number,
  options: ReadOptions,
  regular: RegularRecords | undefined,
): Promise<Outcome> => {
  const outcome = emptyOutcome();
  const resolved = resolveReadOptions({ ...listening(outcome, options), onInventory: undefined });
  const stats = newReadStats();
  const collector = new Collector(resolved, stats);
  const encode = (nextRange: () => RecordRange) =>
    encodeOnCallingThread(wholeSource(input), resolved, 'raw', nextRange, regular, blockBytes);
  const settings = { ...resolved, output: 'messages' } as const;
  for await (const result of transformOnCallingThread(
    encode,
    resolved.transforms,
    resolveEngine(resolved.engine),
    settings,
  )) {
    const { delivery } = collector.take(result);
    if (delivery !== undefined) takeBlock(outcome, new MessageBlock(delivery));
  }
  return finishOutcome(outcome, stats, undefined);
};

const outcomeOf = async (
  input: WorkerInput,
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
    const nextRange = (): RecordRange => collector.nextRange;
    for await (const result of encodeOnWorkers(input, resolved, runner, 'messages', nextRange, blockBytes)) {
      // Lets the block source get as far ahead as it may.
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
