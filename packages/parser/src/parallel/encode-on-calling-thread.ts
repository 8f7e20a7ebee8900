import { type BlockResult, encodeBlock } from '../block/encode-block.js';
import { newDocumentState } from '../document/state.js';
import type { ByteSource } from '../input/byte-source.js';
import type { RegularRecords } from '../kernel/regular-records.js';
import type { OutputKind } from '../record/message-layout.js';
import type { RecordRange } from '../record/record-range.js';
import { BlockReader } from './block-reader.js';
import type { EncodeOptions } from './encode-options.js';

/** Encodes a document block by block on the calling thread. Calls `nextRange` before each block. */
export async function* encodeOnCallingThread(
  source: ByteSource,
  options: EncodeOptions,
  output: OutputKind,
  nextRange: () => RecordRange,
  regular: RegularRecords | undefined,
  blockBytes?: number,
): AsyncGenerator<BlockResult, void, undefined> {
  const reader = new BlockReader(source, blockBytes);
  let state = newDocumentState(options.dataType);
  let leftover: Uint8Array = new Uint8Array(0);
  let memory: ArrayBuffer | undefined;
  for (;;) {
    const { bytes, isFinal, failure } = await reader.read(leftover);
    options.signal?.throwIfAborted();
    const { fields, reading, isNormalized, maxRecordBytes, maxDepth } = options;
    const settings = { output, fields, reading, isNormalized, maxRecordBytes, maxDepth };
    const request = { ...settings, ...nextRange(), state, bytes, isFinal, memory };
    memory = undefined;
    const result = encodeBlock(request, regular);
    result.release = () => {
      memory = result.bytes.buffer as ArrayBuffer;
    };
    yield result;
    if (failure !== undefined) throw failure.error;
    if (isFinal) return;
    ({ state } = result);
    leftover = bytes.subarray(result.consumed);
  }
}
