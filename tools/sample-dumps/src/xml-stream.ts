import { artistRecord } from './artist-record.js';
import type { DataType } from './data-type.js';
import type { Era } from './era.js';
import { SampleDumpError } from './errors.js';
import { encodeXml, INVALID_BYTE } from './escape.js';
import { labelRecord } from './label-record.js';
import { masterRecord } from './master-record.js';
import { type MonthOptions, placesOf } from './months.js';
import { checkCharacters, checkCount, checkEra, checkSeed, checkType } from './options.js';
import { hashSeed } from './random.js';
import { releaseRecord } from './release-record.js';
import { TRAITS } from './traits.js';
import { RecordWriter } from './xml-writer.js';

/** The options that, with its number, determine the bytes of a record. */
export interface RecordOptions {
  type: DataType;
  /** A string or an integer; the same seed gives the same bytes on every machine and Node version. */
  seed: string | number;
  /** @default '2020' */
  era?: Era | undefined;
  /**
   * How characters outside ASCII are written: as they are, or as references (`&#228;`) as in the excerpts.
   * @default 'references' for the era 2020, else 'utf8'
   */
  characters?: 'references' | 'utf8' | undefined;
}

/**
 * {@link RecordOptions}, and the size of the dump. `records` or `xmlBytes` is required; with both, the first limit
 * that is reached ends the dump.
 */
export interface XmlOptions extends RecordOptions {
  /** Number of records. */
  records?: number | undefined;
  /** Target size of the XML in bytes: the dump ends after the record that reaches it. */
  xmlBytes?: number | undefined;
  /**
   * Approximate size of a block in bytes; a block ends after a record.
   * @default 1 MiB
   */
  blockBytes?: number | undefined;
  /**
   * The dump some months later: each month changes some of the records of the one before. Ids stay the same.
   * @default no change: the first month
   */
  months?: MonthOptions | undefined;
  /** Ends the iteration with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Complete records as in the dump, with the root's start tag before the first and its end tag after the last. */
export interface XmlBlock {
  bytes: Buffer;
  /** Records in this block. */
  records: number;
}

type WriteRecord = (writer: RecordWriter, number: number) => string;

const WRITER_BY_TYPE: Readonly<Record<DataType, readonly [stream: number, write: WriteRecord]>> = {
  artists: [1, artistRecord],
  labels: [2, labelRecord],
  masters: [3, masterRecord],
  releases: [4, releaseRecord],
};

const QUALITY = /(<data_quality>)[^<]*(<\/data_quality>)/;

/** Each edition of a record has random numbers of its own. */
const EDITION_STREAMS = 16;

const DEFAULT_BLOCK_BYTES = 1024 * 1024;

interface DumpWriter {
  root: boolean;
  /** Whether the XML is all ASCII, so that each character takes one byte. */
  ascii: boolean;
  /** A record; `edition` is 0 for a record as it was at first. */
  record: (number: number, edition?: number) => string;
}

const createDumpWriter = (options: RecordOptions): DumpWriter => {
  const [stream, write] = WRITER_BY_TYPE[checkType(options.type)];
  const era = TRAITS[checkEra(options.era)];
  const traits = { ...era, characters: checkCharacters(options.characters) ?? era.characters };
  const writer = new RecordWriter(traits, hashSeed(checkSeed(options.seed)));
  return {
    root: traits.root,
    ascii: traits.characters === 'references' && traits.irregular === 0,
    record: (number, edition = 0) => {
      writer.startRecord(stream + edition * EDITION_STREAMS, number);
      const xml = write(writer, number);
      // Two short records can be alike by chance: this member differs in any case.
      return edition === 0 ? xml : xml.replace(QUALITY, `$1Needs Vote in month ${edition}$2`);
    },
  };
};

/**
 * One record as in a dump, without the line feed after it: a pure function of its arguments.
 *
 * @param number - record number, from 1
 * @throws {@link SampleDumpError} `INVALID_OPTIONS`
 */
export const recordXml = (options: RecordOptions, number: number): Buffer => {
  const { record } = createDumpWriter(options);
  checkCount('number', number, 1);
  return encodeXml(record(number));
};

/**
 * The XML of a dump of one type, in blocks. Records 1..N are the same for any number of records.
 *
 * @throws {@link SampleDumpError} `INVALID_OPTIONS`; the signal's reason after an abort
 */
export async function* generateXml(options: XmlOptions): AsyncGenerator<Buffer, void, undefined> {
  for (const { bytes } of generateBlocks(options)) {
    yield bytes;
    options.signal?.throwIfAborted();
  }
}

/** {@link generateXml}, synchronous, with the number of records of each block. */
export function* generateBlocks(options: XmlOptions): Generator<XmlBlock, void, undefined> {
  const { root, ascii, record } = createDumpWriter(options);
  const records = checkCount('records', options.records, 0) ?? Number.POSITIVE_INFINITY;
  const xmlBytes = checkCount('xmlBytes', options.xmlBytes, 1) ?? Number.POSITIVE_INFINITY;
  const blockBytes = checkCount('blockBytes', options.blockBytes, 1) ?? DEFAULT_BLOCK_BYTES;
  if (records === Number.POSITIVE_INFINITY && xmlBytes === Number.POSITIVE_INFINITY) {
    throw new SampleDumpError('INVALID_OPTIONS', 'records or xmlBytes is required', {
      facts: { option: 'records' },
    });
  }
  options.signal?.throwIfAborted();

  const block = new Block(blockBytes, ascii);
  if (root) block.add(`<${options.type}>\n`);
  const close = root ? `</${options.type}>` : '';
  // The root's end tag counts, although it follows the last record.
  let total = block.size + close.length;
  let inBlock = 0;
  for (const { number, edition } of placesOf(options.seed, options.months, records)) {
    if (total >= xmlBytes) break;
    total += block.add(`${record(number, edition)}\n`);
    inBlock++;
    if (block.size >= blockBytes) {
      yield { bytes: block.take(), records: inBlock };
      options.signal?.throwIfAborted();
      inBlock = 0;
    }
  }
  block.add(close);
  if (block.size > 0) yield { bytes: block.take(), records: inBlock };
}

/**
 * Collects records as bytes. Encodes each record immediately: a string of 1 MiB made of a hundred thousand pieces would
 * outlive the young generation of the heap, which halves the speed.
 */
class Block {
  size = 0;
  private buffer: Buffer;

  constructor(
    private readonly blockBytes: number,
    /** Whether each character is one byte. */
    private readonly ascii: boolean,
  ) {
    this.buffer = Buffer.allocUnsafe(this.capacity(0));
  }

  /** @returns the number of bytes added */
  add(xml: string): number {
    const maxBytes = this.ascii ? xml.length : xml.length * 3;
    if (this.buffer.length - this.size < maxBytes) {
      const larger = Buffer.allocUnsafe(this.capacity(this.size + maxBytes));
      this.buffer.copy(larger, 0, 0, this.size);
      this.buffer = larger;
    }
    const added = this.ascii ? this.buffer.write(xml, this.size, 'latin1') : this.write(xml);
    this.size += added;
    return added;
  }

  take(): Buffer {
    const bytes = this.buffer.subarray(0, this.size);
    this.buffer = Buffer.allocUnsafe(this.capacity(0));
    this.size = 0;
    return bytes;
  }

  private write(xml: string): number {
    return xml.includes(INVALID_BYTE) ? encodeXml(xml).copy(this.buffer, this.size) : this.buffer.write(xml, this.size);
  }

  private capacity(minBytes: number): number {
    return Math.max(minBytes, this.blockBytes) + 64 * 1024;
  }
}
