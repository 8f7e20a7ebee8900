import { abortable, linkAbort } from '@discogs-extractor/internal/abort';
import type { BlockNote, BlockResult } from '../block/encode-block.js';
import type { DeliveredKind } from '../record/message-layout.js';
import { type ReadRange, type RecordRange, rangeAfter } from '../record/record-range.js';
import type { TransformBlockRequest, TransformedBlock } from '../transform/transform-block.js';

/** Takes the records of blocks through transforms. */
export interface BlockTransformer {
  /** Loads the modules. @throws ParserError `INVALID_TRANSFORM` */
  load(): Promise<void>;
  transform(request: TransformBlockRequest): Promise<TransformedBlock>;
  /** Takes memory that a transformed block's bytes were in, to reuse it. */
  recycle(memory: ArrayBuffer): void;
}

/** What of a read's options matters for transforming its records. */
export interface TransformSettings extends ReadRange {
  readonly output: DeliveredKind;
  /** With output `packed`: the fields to keep; `undefined`: all. */
  readonly fields: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface TransformResultsOptions extends TransformSettings {
  readonly transformer: BlockTransformer;
  /** How many blocks may be transformed at a time. With 1, nothing is read ahead. */
  readonly maxInFlight: number;
}

/**
 * Transforms the records of blocks, several blocks at a time, and yields them in order. The blocks have to be encoded
 * with output `raw`.
 *
 * Only here is a record's number known: blocks are encoded before it is known how many records are before them.
 *
 * @param encode - encodes the blocks. `nextRange` returns the range of the next block; `signal` ends encoding.
 */
export async function* transformResults(
  encode: (nextRange: () => RecordRange, signal: AbortSignal) => AsyncGenerator<BlockResult, void, undefined>,
  options: TransformResultsOptions,
): AsyncGenerator<BlockResult, void, undefined> {
  const { transformer, maxInFlight } = options;
  const { controller, release } = linkAbort([options.signal]);
  const { signal } = controller;
  const tasks = new TransformTasks(options);
  const results = encode(() => tasks.nextRange, signal);
  const running: Promise<BlockResult>[] = [];
  /** The next block, while it is awaited. */
  let next: Promise<'next'> | undefined;
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  const readNext = async (): Promise<'next'> => {
    try {
      const { done, value } = await results.next();
      if (done) isOver = true;
      else {
        const task = tasks.start(value);
        // It is awaited when it is its turn; until then, this is not an unhandled rejection.
        task.catch(() => {});
        running.push(task);
      }
    } catch (error) {
      isOver = true;
      failure = { error };
    }
    next = undefined;
    return 'next';
  };
  try {
    await abortable(transformer.load(), signal);
    for (;;) {
      if (!isOver && running.length < maxInFlight) next ??= readNext();
      const [first] = running;
      if (first === undefined) {
        if (next === undefined) break;
        await next;
        continue;
      }
      // A block that is done does not wait for the input, but several blocks are started if there is enough input.
      const winner = await abortable(Promise.race(next === undefined ? [first] : [next, first]), signal);
      if (winner === 'next') continue;
      running.shift();
      yield winner;
    }
    // The records before an error are delivered.
    if (failure !== undefined) throw failure.error;
  } finally {
    release();
    // The next block may still be awaited, and a generator ends only then.
    controller.abort();
    await results.return();
  }
}

/** Makes requests of blocks, and results of what comes of them. */
class TransformTasks {
  readonly #options: TransformResultsOptions;
  /** Records of earlier blocks, and those of them that were skipped. */
  #records = 0;
  #skipped = 0;

  constructor(options: TransformResultsOptions) {
    this.#options = options;
  }

  get nextRange(): RecordRange {
    return rangeAfter(this.#options, this.#records, this.#skipped);
  }

  /** Has to be called with consecutive blocks. */
  start(result: BlockResult): Promise<BlockResult> {
    const { output, fields, limit } = this.#options;
    const { bytes, table, xml, skipped } = result;
    const lines = result.records - skipped;
    const left = limit - (this.#records - this.#skipped);
    const firstNumber = this.#records + skipped + 1;
    this.#records += result.records;
    this.#skipped += skipped;
    if (xml === undefined || lines === 0) return Promise.resolve(result);
    const { dataType } = result.state;
    return this.#finish(result, {
      dataType: dataType!,
      output,
      fields,
      skipped,
      firstNumber,
      count: Math.max(0, Math.min(lines, left)),
      bytes,
      table,
      xml,
    });
  }

  async #finish(result: BlockResult, request: TransformBlockRequest): Promise<BlockResult> {
    const { transformer } = this.#options;
    const { bytes, table, hashes, packed, transformed, failures } = await transformer.transform(request);
    // On worker threads it was transferred.
    if (result.bytes.buffer.byteLength > 0) result.release?.();
    return {
      ...result,
      bytes,
      table,
      hashes,
      packed,
      xml: undefined,
      transformed,
      notes: failures.length === 0 ? result.notes : merged(result.notes, failures),
      release: () => transformer.recycle(bytes.buffer as ArrayBuffer),
    };
  }
}

/** All notes in document order: what was noted about a record comes before its failure. */
const merged = (notes: readonly BlockNote[], failures: readonly BlockNote[]): BlockNote[] => {
  const all: BlockNote[] = [];
  let at = 0;
  for (const failure of failures) {
    while (at < notes.length && notes[at]!.recordsBefore <= failure.recordsBefore) all.push(notes[at++]!);
    all.push(failure);
  }
  return [...all, ...notes.slice(at)];
};
