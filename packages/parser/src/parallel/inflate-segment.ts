import { type BlockRequest, type BlockResult, encodeBlock } from '../block/encode-block.js';
import { recordNameOf } from '../data-type.js';
import { type DocumentState, indentAt } from '../document/state.js';
import {
  type DecoderPlace,
  GzipDecoder,
  type GzipFault,
  MAX_OVERRUN_BYTES,
  type SavedDecoder,
} from '../gzip/gzip-decoder.js';
import type { Inflater } from '../gzip/inflater.js';
import type { RegularRecords } from '../kernel/regular-records.js';
import type { RecordRange } from '../record/record-range.js';
import { MAX_BLOCK_BYTES } from './block-cutter.js';
import { findRecordBoundary } from './find-record-boundary.js';

/**
 * A segment of a gzip stream, to be inflated and encoded on a worker thread: inflate one block, find its end, hand the
 * stream over, encode the block. It is plain data, except for memory shared between threads: `decoder.memory`, `input`
 * and `next`.
 */
export interface SegmentTask
  extends RecordRange,
    Pick<BlockRequest, 'output' | 'fields' | 'reading' | 'isNormalized' | 'maxDepth' | 'maxRecordBytes'> {
  /** The state of the stream. */
  readonly decoder: SavedDecoder;
  /** XML that was inflated earlier but belongs to no block yet. */
  readonly rest: Uint8Array;
  /** The compressed bytes that are available. */
  readonly input: readonly Uint8Array[];
  /** Whether more comes after `input`: not if the stream is complete with it, or if reading failed there. */
  readonly inputEnd: 'open' | 'complete' | 'failed';
  /** How much to inflate. */
  readonly blockBytes: number;
  /** A state between records, from which the next block's state is derived. */
  readonly boundary: DocumentState;
  /** The state to encode the block from. Without it, the block is only inflated and returned as XML. */
  readonly state: DocumentState | undefined;
  /** Memory for the decoder's state after this segment. */
  readonly next: Uint8Array;
}

/** What the next segment needs to know, and where this one's block ends. */
export interface DecoderHandoff {
  /** The place that belongs to `next`; without meaning if the stream is over. */
  readonly place: DecoderPlace;
  /** How many bytes of the input were not used: its last ones. */
  readonly unused: number;
  readonly rest: Uint8Array;
  /** How many bytes were inflated. */
  readonly xmlBytes: number;
  /** The length of the block; `undefined` if the stream so far holds no complete one. */
  readonly blockBytes: number | undefined;
  /** Whether all of the input was used as far as possible, so that only more input makes progress. */
  readonly isShort: boolean;
  /** The state that the next block begins in, if the boundary is what it looks like. */
  readonly nextState: DocumentState | undefined;
  /** Whether nothing comes after this block: the stream ends here, is at fault, or reading its input failed. */
  readonly isOver: boolean;
  readonly fault: GzipFault | undefined;
}

export interface SegmentResult {
  readonly result: BlockResult | undefined;
  /** The part of the block that the result did not consume; without a result, all of the block. */
  readonly leftover: Uint8Array;
}

/** What a thread works with. */
export interface SegmentTools {
  readonly inflater: Inflater;
  /** Memory for a block, twice {@link MAX_BLOCK_BYTES} long, where the inflater's output begins. */
  readonly blockMemory: Buffer;
  readonly regular: RegularRecords | undefined;
}

/** Inflates and encodes a segment. Calls `handOff` as soon as the next one can begin. */
export const inflateSegment = (
  task: SegmentTask & { memory?: ArrayBuffer | undefined },
  { inflater, blockMemory, regular }: SegmentTools,
  handOff: (handoff: DecoderHandoff) => void,
): SegmentResult => {
  const { state, boundary, inputEnd } = task;
  const decoder = new GzipDecoder(inflater, task.decoder, task.rest.length);
  for (const piece of task.input) decoder.push(piece);
  if (inputEnd === 'complete') decoder.finish();

  blockMemory.set(task.rest);
  let length = task.rest.length;
  let cut: number | undefined;
  let isShort = false;
  let isOver = false;
  const recordName = recordNameOf(boundary.dataType!);
  while (cut === undefined && !isShort) {
    const wanted = Math.min(task.blockBytes, blockMemory.length - MAX_OVERRUN_BYTES - length);
    const filled = decoder.readInPlace(wanted);
    length += filled;
    isShort = filled < wanted;
    isOver = decoder.failed || (isShort && inputEnd !== 'open');
    cut = isOver ? length : findRecordBoundary(blockMemory.subarray(0, length), length, recordName, boundary.indent);
    if (cut === undefined && length >= MAX_BLOCK_BYTES) cut = length;
  }
  const block = blockMemory.subarray(0, cut ?? 0);
  const { fault } = decoder;
  const isFinal = isOver && fault === undefined && inputEnd === 'complete';
  let nextState: DocumentState | undefined;
  if (cut === undefined) nextState = state;
  else if (cut < length) nextState = { ...boundary, indent: indentAt(blockMemory, cut, undefined) };
  handOff({
    place: isOver ? placeOf(task.decoder) : decoder.save(task.next),
    unused: decoder.unused,
    rest: new Uint8Array(blockMemory.subarray(block.length, length)),
    xmlBytes: length - task.rest.length,
    blockBytes: cut,
    isShort,
    nextState,
    isOver,
    fault,
  });

  if (state === undefined || cut === undefined) return { result: undefined, leftover: new Uint8Array(block) };
  const result = encodeBlock({ ...task, state, bytes: block, isFinal }, regular);
  return { result, leftover: new Uint8Array(block.subarray(result.consumed)) };
};

const placeOf = ({ place, member }: DecoderPlace): DecoderPlace => ({ place, member });
