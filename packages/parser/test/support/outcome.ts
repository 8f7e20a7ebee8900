import { encodeBlock } from '../../src/block/encode-block.js';
import { newDocumentState } from '../../src/document/state.js';
import {
  addInventory,
  createInventory,
  type DataType,
  type DumpInput,
  type EncodedBlock,
  encodeRecords,
  type IrregularityKind,
  type MalformedReason,
  type MalformedRecord,
  ParserError,
  type ParserErrorCode,
  type ReadOptions,
  type ReadStats,
  type RecordInventory,
} from '../../src/index.js';
import type { RegularRecords } from '../../src/kernel/regular-records.js';
import { Collector } from '../../src/read/collector.js';
import { MessageBlock } from '../../src/read/message-block.js';
import { resolveReadOptions } from '../../src/read/resolve-options.js';
import { newReadStats } from '../../src/reports.js';

/** Everything that a read of a dump produced, in a form to compare. */
export interface Outcome {
  dataType: DataType | null;
  messages: string[];
  records: [id: string, sha256: string][];
  numbers: number[];
  irregularities: Partial<Record<IrregularityKind, number>>;
  /** Each irregularity as it was reported: kind, count, byte offset, record number. */
  reported: [IrregularityKind, number, number, number | undefined][];
  malformed: { reason: MalformedReason; byteOffset: number; length: number; recordsBefore: number }[];
  malformedBytes: string[];
  /** What `onInventory` was called with, added up; of a read that failed with `TOO_MANY_MALFORMED` it has no meaning. */
  inventory: RecordInventory | undefined;
  /** The ranges of records, joined: one pair unless there is a gap. */
  inventoryRanges: [firstRecord: number, lastRecord: number][];
  error: ParserErrorCode | undefined;
  errorOffset: number | undefined;
}

export const emptyOutcome = (): Outcome => ({
  dataType: null,
  messages: [],
  records: [],
  numbers: [],
  irregularities: {},
  reported: [],
  malformed: [],
  malformedBytes: [],
  inventory: undefined,
  inventoryRanges: [],
  error: undefined,
  errorOffset: undefined,
});

export const listening = (outcome: Outcome, options: ReadOptions): ReadOptions => ({
  ...options,
  onMalformed: ({ reason, byteOffset, length, recordsBefore, bytes }: MalformedRecord) => {
    outcome.malformed.push({ reason, byteOffset, length, recordsBefore });
    outcome.malformedBytes.push(Buffer.from(bytes).toString('latin1'));
  },
  onInventory: (block) => {
    const { firstRecord, lastRecord, dataType } = block;
    outcome.inventory ??= createInventory(dataType);
    addInventory(outcome.inventory, block);
    const last = outcome.inventoryRanges.at(-1);
    if (last?.[1] === firstRecord - 1) last[1] = lastRecord;
    else outcome.inventoryRanges.push([firstRecord, lastRecord]);
  },
  onIrregularity: ({ kind, count, byteOffset, recordNumber }) => {
    outcome.reported.push([kind, count, byteOffset, recordNumber]);
  },
});

export const takeBlock = (outcome: Outcome, block: EncodedBlock): void => {
  for (const { id, sha256, message, number } of block) {
    outcome.messages.push(Buffer.from(message).toString('utf8'));
    outcome.records.push([id, sha256]);
    outcome.numbers.push(number);
  }
};

export const finishOutcome = (outcome: Outcome, stats: ReadStats, error: unknown): Outcome => {
  if (error !== undefined) {
    if (!(error instanceof ParserError)) throw error;
    outcome.error = error.code;
    if (error.code === 'TOO_MANY_MALFORMED') Object.assign(outcome, { inventory: undefined, inventoryRanges: [] });
    outcome.errorOffset = error.facts.byteOffset;
  }
  outcome.dataType = stats.dataType ?? null;
  for (const [kind, count] of Object.entries(stats.irregularities)) {
    if (count > 0) outcome.irregularities[kind as IrregularityKind] = count;
  }
  return outcome;
};

/** Runs the public entry point. */
export const outcomeOf = async (source: DumpInput, options: ReadOptions = {}): Promise<Outcome> => {
  const outcome = emptyOutcome();
  const stream = encodeRecords(source, listening(outcome, options));
  let error: unknown;
  try {
    for await (const block of stream) takeBlock(outcome, block);
  } catch (thrown) {
    error = thrown;
  }
  return finishOutcome(outcome, stream.stats, error);
};

/**
 * Encodes blocks that are cut exactly at `cuts`: nothing is gathered or held back in between.
 *
 * @param what.inventory - takes no inventory if `false`, which is faster
 */
export const outcomeOfCut = (
  input: Buffer,
  cuts: readonly number[],
  options: ReadOptions = {},
  regular?: RegularRecords,
  { inventory = true }: { readonly inventory?: boolean } = {},
): Outcome => {
  const outcome = emptyOutcome();
  const listened = listening(outcome, options);
  const resolved = resolveReadOptions(inventory ? listened : { ...listened, onInventory: undefined });
  const stats = newReadStats();
  const collector = new Collector(resolved, stats);
  const { reading, isNormalized, maxDepth, maxRecordBytes } = resolved;
  let state = newDocumentState(resolved.dataType);
  let consumed = 0;
  let error: unknown;
  for (const end of [...cuts, input.length]) {
    const isFinal = end === input.length;
    const bytes = input.subarray(consumed, end);
    const request = {
      state,
      bytes,
      isFinal,
      output: 'messages',
      reading,
      isNormalized,
      ...collector.nextRange,
      maxDepth,
      maxRecordBytes,
    } as const;
    const result = encodeBlock(request, regular);
    const collected = collector.take(result);
    if (collected.delivery !== undefined) takeBlock(outcome, new MessageBlock(collected.delivery));
    error = collected.error;
    if (collected.done) break;
    ({ state } = result);
    consumed += result.consumed;
  }
  return finishOutcome(outcome, stats, error);
};
