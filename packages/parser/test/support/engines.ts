import { createEngine, resolveEngine } from '../../src/kernel/engine.js';
import type { RegularRecords } from '../../src/kernel/regular-records.js';
import type { Reading } from '../../src/reading.js';

interface EngineOptions {
  reading?: Reading;
  isNormalized?: boolean;
  maxDepth?: number;
  maxRecordBytes?: number;
}

interface Engine {
  name: 'strict' | 'fast';
  /** The argument that makes `encodeBlock` use the engine; created once, because a kernel's memory is large. */
  regular: (options?: EngineOptions) => RegularRecords | undefined;
}

const made = new Map<string, RegularRecords | undefined>();

const engine = (name: 'strict' | 'fast'): Engine => ({
  name,
  regular: ({
    reading = 'xmltodict',
    isNormalized = false,
    maxDepth = 256,
    maxRecordBytes = 64 * 1024 * 1024,
  } = {}) => {
    const key = `${name} ${reading} ${isNormalized} ${maxDepth} ${maxRecordBytes}`;
    if (!made.has(key)) made.set(key, createEngine(name, { reading, isNormalized, maxDepth, maxRecordBytes }));
    return made.get(key);
  },
});

/** Both engines. Every supported Node runs the fast one; if it does not, its tests must fail. */
export const ENGINES: readonly Engine[] = [engine('strict'), engine(resolveEngine('fast'))];
