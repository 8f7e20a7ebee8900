import type { DataType } from './data-type.js';
import type { Era } from './era.js';

/** What decides the bytes of a record, together with its number. */
export interface RecordOptions {
  type: DataType;
  /** Any string or integer; the same seed gives the same bytes on every machine and Node version. */
  seed: string | number;
  /** @default '2020' */
  era?: Era;
  /**
   * How characters outside ASCII are written: as they are, or as decimal references (`&#228;`) as in the excerpts.
   * @default 'references' for the era 2020, else 'utf8'
   */
  characters?: 'references' | 'utf8';
}

/** {@link RecordOptions}, and how much of it. One of `records` and `xmlBytes` is required; with both, the first that is reached ends the dump. */
export interface XmlOptions extends RecordOptions {
  /** Number of records. */
  records?: number;
  /** Target size of the XML in bytes: the dump ends after the record that reaches it. */
  xmlBytes?: number;
  /**
   * Size of a block in bytes, about; a block ends at the end of a record.
   * @default 1 MiB
   */
  blockBytes?: number;
  /** Ends the iteration with the signal's reason. */
  signal?: AbortSignal;
}

/** A block of whole records, with what stands before and after them in the dump. */
export interface XmlBlock {
  bytes: Buffer;
  /** Records that end in this block. */
  records: number;
}

/**
 * One record as it stands in a dump, without the line feed after it: a pure function of its arguments.
 *
 * @param number Record number, from 1.
 * @throws SampleDumpError `INVALID_OPTION`
 */
export function recordXml(_options: RecordOptions, _number: number): Buffer {
  throw new Error('not written yet');
}

/**
 * The XML of a dump of one type, in blocks. Records 1..N are the same whatever the number of records.
 *
 * @throws SampleDumpError `INVALID_OPTION`
 */
// biome-ignore lint/correctness/useYield: signature only, so far
export async function* generateXml(_options: XmlOptions): AsyncGenerator<Buffer, void, undefined> {
  throw new Error('not written yet');
}
