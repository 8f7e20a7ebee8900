import type { RegularRecords } from '../../src/block/encode-block.js';

/** Every engine that this machine can run, and what makes the block encoder use it. */
export const ENGINES: readonly { name: 'strict' | 'fast'; regular: () => RegularRecords | undefined }[] = [
  { name: 'strict', regular: () => undefined },
];
