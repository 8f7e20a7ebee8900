import type { BlockResult } from '../block/encode-block.js';
import type { RecordRange } from '../record/record-range.js';
import type { BlockRunner } from './block-runner.js';
import { type BlockTransformer, type TransformSettings, transformResults } from './transform-results.js';

/** Blocks that are transformed for each worker: one in progress, one that waits; and one whose result waits. */
const maxInFlightFor = (workers: number): number => 2 * workers + 1;

/** Encodes blocks with output `raw`. */
export type EncodeRaw = (
  nextRange: () => RecordRange,
  runner: BlockRunner,
  signal: AbortSignal,
) => AsyncGenerator<BlockResult, void, undefined>;

/** Transforms blocks on worker threads, in turn with encoding them. Closes `runner` at the end. */
export async function* transformOnWorkers(
  encode: EncodeRaw,
  runner: BlockRunner & BlockTransformer,
  { workers, ...settings }: TransformSettings & { readonly workers: number },
): AsyncGenerator<BlockResult, void, undefined> {
  // When the last block is encoded, some are still to be transformed.
  const encoder: BlockRunner = { ...runner, close: async () => {} };
  try {
    yield* transformResults((nextRange, signal) => encode(nextRange, encoder, signal), {
      ...settings,
      transformer: runner,
      maxInFlight: maxInFlightFor(workers),
    });
  } finally {
    await runner.close();
  }
}
