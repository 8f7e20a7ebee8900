import type { DataType } from '../data-type.js';
import type { Reading } from '../reading.js';

/** What of a read's options matters for encoding its blocks. */
export interface EncodeOptions {
  readonly dataType: DataType | undefined;
  readonly reading: Reading;
  readonly isNormalized: boolean;
  readonly signal: AbortSignal | undefined;
  readonly maxRecordBytes: number;
  readonly maxDepth: number;
  /** With output `packed`: the fields to keep; `undefined`: all. */
  readonly fields: readonly string[] | undefined;
}
