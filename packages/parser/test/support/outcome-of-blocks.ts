import { encodeBlock, type RegularRecords } from '../../src/block/encode-block.js';
import type { ReadOptions } from '../../src/index.js';
import type { ByteSource } from '../../src/source/byte-source.js';
import { Collector } from '../../src/stream/collector.js';
import { MessageBlock } from '../../src/stream/message-block.js';
import { resolveReadOptions } from '../../src/stream/options.js';
import { newReadStats } from '../../src/stream/reports.js';
import type { BlockDone, BlockRunner, BlockTask } from '../../src/workers/block-runner.js';
import { runOnWorkers } from '../../src/workers/run-on-workers.js';
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

  recycle(): void {}

  async close(): Promise<void> {}
}

/** Runs what worker threads are fed by, with blocks of any size. */
export const outcomeOfBlocks = async (
  input: Buffer,
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
    for await (const result of runOnWorkers(
      wholeSource(input),
      resolved,
      runner,
      'messages',
      () => collector.toSkip,
      blockBytes,
    )) {
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
