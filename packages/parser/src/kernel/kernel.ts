/**
 * The typed face of the WebAssembly kernel (`assembly/`): XML bytes in, finished message bytes out.
 *
 * How to use it, for one data type and one thread:
 *
 * ```ts
 * const kernel = createKernel({ dataType: 'releases' });   // undefined where WebAssembly SIMD is missing
 * kernel.load(block);                                       // one copy into linear memory; stays loaded
 * for (let at = 0; ; ) {
 *   const run = kernel.run(at, 'messages');
 *   take(run.output, run.table, run.records);               // copy: the views live until the next call of this kernel
 *   at = run.offset;
 *   if (run.status === 'incomplete') break;                 // keep block.subarray(at) for the next block
 *   if (run.status === 'irregular') at = strictItem(block, at);
 * }                                                         // 'full': just call again
 * ```
 *
 * The kernel never guesses: what it cannot prove regular, by the rules of READING.md, it leaves where it is and says so.
 */

/** The data type whose records the kernel reads. */
export type KernelDataType = 'artists' | 'labels' | 'masters' | 'releases';

/** What a run makes of the records. */
export type KernelMode =
  /** Message bodies with their hashes: `{"type":"data","id":…,"sha256":…,…}`, each followed by a line feed. */
  | 'messages'
  /** Canonical JSON without hashes, each followed by a line feed. */
  | 'json'
  /** Nothing; the records are proven regular and counted. */
  | 'count';

/** Why a run ended. */
export type KernelStatus =
  /** The loaded bytes end at `offset` (all was consumed) or in a record that begins there. */
  | 'incomplete'
  /** What begins at `offset` is no record, or one that the kernel cannot prove regular: it is the strict engine's. */
  | 'irregular'
  /** The output or its table is full, or `maxRecords` were read: call again with `offset`. */
  | 'full';

/** What a kernel is made for. */
export interface KernelOptions {
  /** The data type; its singular is the record's name. */
  readonly dataType: KernelDataType;
  /** Deepest element, the record itself being 1; deeper records are irregular. @default 256, which is also the most */
  readonly maxDepth?: number;
  /** Longest record in bytes; longer ones are irregular. @default 8 MiB, which is also the most */
  readonly maxRecordBytes?: number;
}

/** The result of one run. `output` and `table` are views of the kernel's memory: they hold until the next call of this kernel. */
export interface KernelRun {
  readonly status: KernelStatus;
  /** First byte that was not consumed, counted from the start of the loaded bytes. */
  readonly offset: number;
  /** Records read by this run. */
  readonly records: number;
  /** How many of them have no id that is a string (their id is `unknown`). Not counted in mode `count`. */
  readonly unknownIds: number;
  /** What was written: `records` lines, each ended by a line feed. Empty in mode `count`. */
  readonly output: Uint8Array;
  /**
   * {@link TABLE_WIDTH} numbers a record: start of its line in `output`, end of its line (line feed not counted), start and end of its id.
   * In mode `messages` the id is a span of `output`, and the hash's 64 digits begin {@link HASH_AFTER_ID} bytes after its end.
   * In mode `json` it is a span of the loaded bytes, or -1, -1 where the record has none. Ids are printable ASCII without escapes
   * (a record with any other id is irregular). Empty in mode `count`.
   */
  readonly table: Int32Array;
}

/** A kernel: one WebAssembly instance with its own memory. Not shared between threads. */
export interface Kernel {
  /**
   * Copies XML into the kernel's memory. It must begin between records (at root level) and stays loaded until the next call.
   *
   * @throws RangeError when there are more than {@link MAX_LOAD_BYTES}.
   */
  load(bytes: Uint8Array): void;
  /**
   * Reads records from `from` on, at most `maxRecords` of them.
   *
   * @param from - where to begin, counted from the start of the loaded bytes: between records
   * @param maxRecords - @default no limit
   */
  run(from: number, mode: KernelMode, maxRecords?: number): KernelRun;
}

/** Numbers per record in {@link KernelRun.table}. */
export const TABLE_WIDTH = 4;

/** Bytes from an id's end to its hash in a message: `","sha256":"`. */
export const HASH_AFTER_ID = 12;

/** The most bytes that can be loaded at once. A record over 8 MiB is reported irregular, never incomplete, so that no more are needed. */
export const MAX_LOAD_BYTES = 16 * 1024 * 1024;

/** Whether this runtime has WebAssembly with fixed-width SIMD. */
export function isKernelSupported(): boolean {
  return false;
}

/** Makes a kernel, or `undefined` where {@link isKernelSupported} is false. */
export function createKernel(_options: KernelOptions): Kernel | undefined {
  return undefined;
}
