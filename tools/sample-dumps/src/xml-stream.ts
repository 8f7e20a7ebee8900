import { artistRecord } from './artist-record.js';
import type { DataType } from './data-type.js';
import type { Era } from './era.js';
import { SampleDumpError } from './errors.js';
import { encodeXml, INVALID_BYTE } from './escape.js';
import { labelRecord } from './label-record.js';
import { masterRecord } from './master-record.js';
import { checkCharacters, checkCount, checkEra, checkSeed, checkType } from './options.js';
import { Pen } from './pen.js';
import { hashSeed } from './random.js';
import { releaseRecord } from './release-record.js';
import { TRAITS } from './traits.js';

/** What decides the bytes of a record, together with its number. */
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

/** {@link RecordOptions}, and how much of it. One of `records` and `xmlBytes` is required; with both, the first that is reached ends the dump. */
export interface XmlOptions extends RecordOptions {
  /** Number of records. */
  records?: number | undefined;
  /** Target size of the XML in bytes: the dump ends after the record that reaches it. */
  xmlBytes?: number | undefined;
  /**
   * Size of a block in bytes, about; a block ends at the end of a record.
   * @default 1 MiB
   */
  blockBytes?: number | undefined;
  /** Ends the iteration with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Whole records as they stand in the dump, with what stands before the first and after the last. */
export interface XmlBlock {
  bytes: Buffer;
  /** Records in this block. */
  records: number;
}

type RecordWriter = (pen: Pen, number: number) => string;

const WRITERS: Readonly<Record<DataType, readonly [stream: number, write: RecordWriter]>> = {
  artists: [1, artistRecord],
  labels: [2, labelRecord],
  masters: [3, masterRecord],
  releases: [4, releaseRecord],
};

const DEFAULT_BLOCK = 1024 * 1024;

interface Writing {
  root: boolean;
  /** Whether a character is a byte, as in XML that is all ASCII. */
  ascii: boolean;
  record: (number: number) => string;
}

const startWriting = (options: RecordOptions): Writing => {
  const [stream, write] = WRITERS[checkType(options.type)];
  const era = TRAITS[checkEra(options.era)];
  const traits = { ...era, characters: checkCharacters(options.characters) ?? era.characters };
  const pen = new Pen(traits, hashSeed(checkSeed(options.seed)));
  return {
    root: traits.root,
    ascii: traits.characters === 'references' && traits.irregular === 0,
    record: (number) => {
      pen.turnTo(stream, number);
      return write(pen, number);
    },
  };
};

/**
 * One record as it stands in a dump, without the line feed after it: a pure function of its arguments.
 *
 * @param number Record number, from 1.
 * @throws SampleDumpError `INVALID_OPTION`
 */
export function recordXml(options: RecordOptions, number: number): Buffer {
  const { record } = startWriting(options);
  checkCount('number', number, 1);
  return encodeXml(record(number));
}

/**
 * The XML of a dump of one type, in blocks. Records 1..N are the same whatever the number of records.
 *
 * @throws SampleDumpError `INVALID_OPTION`; the signal's reason when aborted.
 */
export async function* generateXml(options: XmlOptions): AsyncGenerator<Buffer, void, undefined> {
  for (const { bytes } of generateBlocks(options)) {
    yield bytes;
    options.signal?.throwIfAborted();
  }
}

/** {@link generateXml} with the number of records, at the caller's own pace. */
export function* generateBlocks(options: XmlOptions): Generator<XmlBlock, void, undefined> {
  const { root, ascii, record } = startWriting(options);
  const records = checkCount('records', options.records, 0) ?? Number.POSITIVE_INFINITY;
  const xmlBytes = checkCount('xmlBytes', options.xmlBytes, 1) ?? Number.POSITIVE_INFINITY;
  const blockBytes = checkCount('blockBytes', options.blockBytes, 1) ?? DEFAULT_BLOCK;
  if (records === Number.POSITIVE_INFINITY && xmlBytes === Number.POSITIVE_INFINITY) {
    throw new SampleDumpError('INVALID_OPTION', 'records or xmlBytes: one of them is required', { option: 'records' });
  }
  options.signal?.throwIfAborted();

  const block = new Block(blockBytes, ascii);
  if (root) block.add(`<${options.type}>\n`);
  const close = root ? `</${options.type}>` : '';
  // The root's end tag counts, though it stands after the last record.
  let total = block.size + close.length;
  let inBlock = 0;
  for (let number = 1; number <= records && total < xmlBytes; number++) {
    total += block.add(`${record(number)}\n`);
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
 * Gathers records as bytes. Each is written at once, since a mebibyte of string made of a hundred thousand pieces
 * outlives the young generation of the heap: that halves the speed.
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
    const most = this.ascii ? xml.length : xml.length * 3;
    if (this.buffer.length - this.size < most) {
      const larger = Buffer.allocUnsafe(this.capacity(this.size + most));
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

  private capacity(least: number): number {
    return Math.max(least, this.blockBytes) + 64 * 1024;
  }
}
