import { ParserError } from '../errors.js';
import type { EngineName } from '../options.js';
import { FastRecords, type FastRecordsOptions, isFastEngineSupported } from './fast-records.js';
import type { RegularRecords } from './regular-records.js';

/** The engine that `engine` stands for in this runtime. @throws ParserError `ENGINE_UNAVAILABLE` */
export const resolveEngine = (engine: EngineName): 'fast' | 'strict' => {
  if (engine === 'strict') return 'strict';
  if (isFastEngineSupported()) return 'fast';
  if (engine === 'auto') return 'strict';
  throw new ParserError(
    'ENGINE_UNAVAILABLE',
    "This runtime has no WebAssembly with SIMD, which the engine 'fast' needs: use 'auto' or 'strict'",
  );
};

/** The argument that makes `encodeBlock` use this engine; `undefined` for the strict one. */
export const createEngine = (engine: 'fast' | 'strict', options: FastRecordsOptions): RegularRecords | undefined =>
  engine === 'fast' ? new FastRecords(options) : undefined;
