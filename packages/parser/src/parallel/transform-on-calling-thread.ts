import type { BlockResult } from '../block/encode-block.js';
import type { RecordRange } from '../record/record-range.js';
import { LoadedTransforms, type TransformSource } from '../transform/load-transforms.js';
import { changeBlock, sendBlock } from '../transform/map-block.js';
import { type BlockTransformer, type TransformSettings, transformResults } from './transform-results.js';

/** Transforms block by block on the calling thread. `encode` encodes the blocks with output `raw`. */
export const transformOnCallingThread = (
  encode: (nextRange: () => RecordRange) => AsyncGenerator<BlockResult, void, undefined>,
  transforms: readonly TransformSource[],
  engine: 'fast' | 'strict',
  settings: TransformSettings,
): AsyncGenerator<BlockResult, void, undefined> =>
  transformResults(encode, { ...settings, maxInFlight: 1, transformer: createTransformer(transforms, engine) });

const createTransformer = (transforms: readonly TransformSource[], engine: 'fast' | 'strict'): BlockTransformer => {
  let loaded: LoadedTransforms | undefined;
  let memory: ArrayBuffer | undefined;
  return {
    load: async () => {
      loaded = await LoadedTransforms.load(transforms, engine);
    },
    transform: async (request) => {
      const result = changeBlock({ ...request, memory }, loaded!);
      memory = undefined;
      // Results are copies, as those from other threads are.
      return sendBlock(result, request, (changed) => {
        const results = structuredClone(changed.transformed.results);
        return { ...changed, transformed: { ...changed.transformed, results } };
      });
    },
    recycle: (released) => {
      memory = released;
    },
  };
};
