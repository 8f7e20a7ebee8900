import { createEngine, resolveEngine } from '../../src/kernel/engine.js';
import type { RegularRecords } from '../../src/kernel/regular-records.js';

interface Engine {
  name: 'strict' | 'fast';
  /** What makes the block encoder use it, made once: the kernel's memory is not small. */
  regular: (limits?: { maxDepth?: number; maxRecordBytes?: number }) => RegularRecords | undefined;
}

const made = new Map<string, RegularRecords | undefined>();

const engine = (name: 'strict' | 'fast'): Engine => ({
  name,
  regular: ({ maxDepth = 256, maxRecordBytes = 64 * 1024 * 1024 } = {}) => {
    const key = `${name} ${maxDepth} ${maxRecordBytes}`;
    if (!made.has(key)) made.set(key, createEngine(name, { maxDepth, maxRecordBytes }));
    return made.get(key);
  },
});

/** Both engines. Where the fast one does not run, the tests of it must fail: every supported Node has it. */
export const ENGINES: readonly Engine[] = [engine('strict'), engine(resolveEngine('fast'))];
