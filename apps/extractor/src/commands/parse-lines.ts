import {
  type DataType,
  type DumpInput,
  encodeRecords,
  parseRecords,
  type RawRecords,
  type ReadOptions,
  type ReadStats,
  type ShapeOptions,
  toArtist,
  toLabel,
  toMaster,
  toRelease,
} from '@discogs-extractor/parser';
import type { Shape } from './parse-shapes.js';

/** Some lines of NDJSON. */
export interface Lines {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** To be called when the bytes are no longer in use. */
  readonly release: () => void;
}

/** The lines of a dump, and the counters of the read. */
export interface LineStream {
  readonly lines: AsyncIterable<Lines>;
  readonly stats: ReadStats;
  /** Values of records that the shape `clean` has no field for. */
  readonly dropped: { count: number; firstPath: string | undefined };
}

/** Reads a dump in a shape. */
export const readLines = (input: DumpInput, shape: Shape, options: ReadOptions): LineStream => {
  const dropped: LineStream['dropped'] = { count: 0, firstPath: undefined };
  if (shape === 'message') {
    const stream = encodeRecords(input, options);
    return { lines: messageLines(stream), stats: stream.stats, dropped };
  }
  const stream = parseRecords(input, options);
  const onDropped: ShapeOptions['onDropped'] = ({ path }) => {
    dropped.count++;
    dropped.firstPath ??= path;
  };
  return { lines: cleanLines(stream, stream.stats, { onDropped }), stats: stream.stats, dropped };
};

async function* messageLines(blocks: ReturnType<typeof encodeRecords>): AsyncGenerator<Lines, void, undefined> {
  for await (const block of blocks) yield { bytes: block.bytes, count: block.count, release: () => block.release() };
}

const CONVERTERS: { readonly [T in DataType]: (record: RawRecords[T], options: ShapeOptions) => object } = {
  artists: toArtist,
  labels: toLabel,
  masters: toMaster,
  releases: toRelease,
};

/** Few enough lines per write to come soon, enough to cost little. */
const LINES_PER_WRITE = 200;

async function* cleanLines(
  records: ReturnType<typeof parseRecords>,
  stats: ReadStats,
  options: ShapeOptions,
): AsyncGenerator<Lines, void, undefined> {
  let lines: string[] = [];
  const taken = (): Lines => {
    const bytes = Buffer.from(lines.join(''));
    const count = lines.length;
    lines = [];
    return { bytes, count, release: () => {} };
  };
  let failure: { error: unknown } | undefined;
  try {
    for await (const { record } of records) {
      const convert = CONVERTERS[stats.dataType!] as (record: object, options: ShapeOptions) => object;
      lines.push(`${JSON.stringify(convert(record, options))}\n`);
      if (lines.length === LINES_PER_WRITE) yield taken();
    }
  } catch (error) {
    failure = { error };
  }
  // The records before an error are delivered.
  if (lines.length > 0) yield taken();
  if (failure !== undefined) throw failure.error;
}
