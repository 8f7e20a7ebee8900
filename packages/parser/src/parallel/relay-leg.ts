import { type BlockRequest, type BlockResult, encodeBlock } from '../block/encode-block.js';
import { recordNameOf } from '../data-type.js';
import { type DocumentState, indentAt } from '../document/state.js';
import {
  type DecoderPlace,
  GzipDecoder,
  type GzipFault,
  OVERHANG_BYTES,
  type SavedDecoder,
} from '../gzip/gzip-decoder.js';
import type { Inflater } from '../gzip/inflater.js';
import type { RegularRecords } from '../kernel/regular-records.js';
import { LARGEST_BLOCK } from './block-cutter.js';
import { findCut } from './find-cut.js';

/**
 * One block of a gzip stream that goes from thread to thread: gunzip it, see where to cut it, hand the stream over, encode it. It is plain
 * data, but for memory that threads share: `decoder.memory`, `input` and `next`.
 */
export interface LegTask extends Pick<BlockRequest, 'output' | 'maxDepth' | 'maxRecordBytes' | 'skip'> {
  /** Where the stream stands. */
  readonly decoder: SavedDecoder;
  /** XML that was gunzipped before but is in no block. */
  readonly rest: Uint8Array;
  /** What may be used of the compressed bytes. */
  readonly input: readonly Uint8Array[];
  /** Whether more will come after `input`: the stream is whole with it, or its source failed there. */
  readonly inputEnd: 'open' | 'whole' | 'failed';
  /** How much to gunzip. */
  readonly blockBytes: number;
  /** A state between records, for what the next block's begins with. */
  readonly boundary: DocumentState;
  /** What to encode the block from. Without it, the block is gunzipped only and comes back as XML. */
  readonly state: DocumentState | undefined;
  /** Where to write what the next leg goes on from. */
  readonly next: Uint8Array;
}

/** What the next leg needs to know, and what this one's block is. */
export interface HandedOver {
  /** The place belonging to `next`; means nothing where the stream is over. */
  readonly place: DecoderPlace;
  /** How many bytes of the input were not used: its last ones. */
  readonly unused: number;
  readonly rest: Uint8Array;
  /** How many bytes were gunzipped. */
  readonly xmlBytes: number;
  /** How long the block is; `undefined` where what there is of the stream holds none yet. */
  readonly blockBytes: number | undefined;
  /** Whether all of the input that can be gunzipped was: only more of it brings the stream on. */
  readonly isShort: boolean;
  /** What the next block begins with, if the cut is what it looks like. */
  readonly nextState: DocumentState | undefined;
  /** Whether nothing comes after this block: the stream ends here, is at fault, or its input failed. */
  readonly isOver: boolean;
  readonly fault: GzipFault | undefined;
}

export interface LegDone {
  readonly result: BlockResult | undefined;
  /** What the result did not consume; without one, all of the block. */
  readonly leftover: Uint8Array;
}

/** What a thread runs its legs with. */
export interface LegTools {
  readonly inflater: Inflater;
  /** Memory for a block, twice {@link LARGEST_BLOCK} long: where the inflater's output begins. */
  readonly room: Buffer;
  readonly regular: RegularRecords | undefined;
}

/** Runs a leg. `handOver` is called as soon as the next one can begin. */
export const runLeg = (
  task: LegTask & { memory?: ArrayBuffer | undefined },
  { inflater, room, regular }: LegTools,
  handOver: (handedOver: HandedOver) => void,
): LegDone => {
  const { state, boundary, inputEnd, output, skip, maxDepth, maxRecordBytes, memory } = task;
  const decoder = new GzipDecoder(inflater, task.decoder, task.rest.length);
  for (const piece of task.input) decoder.push(piece);
  if (inputEnd === 'whole') decoder.finish();

  room.set(task.rest);
  let length = task.rest.length;
  let cut: number | undefined;
  let isShort = false;
  let isOver = false;
  const recordName = recordNameOf(boundary.dataType!);
  while (cut === undefined && !isShort) {
    const wanted = Math.min(task.blockBytes, room.length - OVERHANG_BYTES - length);
    const filled = decoder.readInPlace(wanted);
    length += filled;
    isShort = filled < wanted;
    isOver = decoder.failed || (isShort && inputEnd !== 'open');
    cut = isOver ? length : findCut(room.subarray(0, length), length, recordName, boundary.indent);
    if (cut === undefined && length >= LARGEST_BLOCK) cut = length;
  }
  const block = room.subarray(0, cut ?? 0);
  const { fault } = decoder;
  const isFinal = isOver && fault === undefined && inputEnd === 'whole';
  let nextState: DocumentState | undefined;
  if (cut === undefined) nextState = state;
  else if (cut < length) nextState = { ...boundary, indent: indentAt(room, cut, undefined) };
  handOver({
    place: isOver ? placeOf(task.decoder) : decoder.save(task.next),
    unused: decoder.unused,
    rest: new Uint8Array(room.subarray(block.length, length)),
    xmlBytes: length - task.rest.length,
    blockBytes: cut,
    isShort,
    nextState,
    isOver,
    fault,
  });

  if (state === undefined || cut === undefined) return { result: undefined, leftover: new Uint8Array(block) };
  const request = { state, bytes: block, isFinal, output, skip, maxDepth, maxRecordBytes, memory };
  const result = encodeBlock(request, regular);
  return { result, leftover: new Uint8Array(block.subarray(result.consumed)) };
};

const placeOf = ({ place, member }: DecoderPlace): DecoderPlace => ({ place, member });
