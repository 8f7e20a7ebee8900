import type { DataType } from '../data-type.js';

/** What of a read's options matters for encoding its blocks. */
export interface EncodeOptions {
  readonly dataType: DataType | undefined;
  readonly signal: AbortSignal | undefined;
  readonly maxRecordBytes: number;
  readonly maxDepth: number;
}
