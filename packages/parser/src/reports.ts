import type { DataType } from './data-type.js';

/** Deviations that are tolerated and counted by kind. CONVERSION.md defines each. */
export type IrregularityKind =
  // Between the records.
  | 'doctype'
  | 'stray-text'
  | 'stray-markup'
  | 'foreign-element'
  | 'repeated-root'
  | 'record-after-root'
  // Inside a record.
  | 'bare-ampersand'
  | 'unknown-entity'
  | 'invalid-character-reference'
  | 'invalid-utf8'
  | 'control-character'
  | 'nul-character'
  // A record as a whole: it is empty (and so not delivered), or something is wrong with its id.
  | 'not-an-object'
  | 'id-not-a-string'
  | 'conflicting-id'
  | 'unknown-id';

export const IRREGULARITY_KINDS: readonly IrregularityKind[] = [
  'doctype',
  'stray-text',
  'stray-markup',
  'foreign-element',
  'repeated-root',
  'record-after-root',
  'bare-ampersand',
  'unknown-entity',
  'invalid-character-reference',
  'invalid-utf8',
  'control-character',
  'nul-character',
  'not-an-object',
  'id-not-a-string',
  'conflicting-id',
  'unknown-id',
];

/**
 * The irregularities that stand for content that is in no record, and so is not delivered: a dump that has one of them
 * may have more records than were read, such as one whose start tag is damaged. Each counts a place.
 */
export const LEFT_OUT_KINDS: readonly IrregularityKind[] = ['stray-text', 'stray-markup', 'foreign-element'];

export interface Irregularity {
  kind: IrregularityKind;
  /** How many times it occurs in this record; 1 between records. */
  count: number;
  /** Position in the XML, in bytes: of the record's start tag, or between records of the deviation itself. */
  byteOffset: number;
  /** The record's number; `undefined` between records, and for an element that is not delivered. */
  recordNumber: number | undefined;
  /** The start tag of a `foreign-element`, such as `<labels>`, without its attributes; else `undefined`. */
  detail: string | undefined;
}

/**
 * Why a record is malformed:
 *
 * - `broken-tag`: a `<` within a tag, or something glued to a closing quote.
 * - `markup-declaration`: `<!` that is neither a comment nor CDATA.
 * - `unclosed`: the root's end tag comes before the record's.
 * - `too-large`, `too-deep`: over `maxRecordBytes`, `maxDepth`.
 * - `duplicate-attribute`: the same name twice in one tag.
 * - `not-an-object`: text, but neither attributes nor elements.
 * - `not-well-formed`: anything else; see `detail`.
 * - `transform-failed`: a transform threw an error, or returned something that is not a record; see `cause`.
 * - `mapper-failed`: a mapper threw an error, or returned something that cannot be copied; see `cause`.
 */
export type MalformedReason =
  | 'broken-tag'
  | 'markup-declaration'
  | 'unclosed'
  | 'too-large'
  | 'too-deep'
  | 'duplicate-attribute'
  | 'not-an-object'
  | 'not-well-formed'
  | 'transform-failed'
  | 'mapper-failed';

export interface MalformedRecord {
  /** 1 for a dump's first malformed record. */
  number: number;
  reason: MalformedReason;
  /** The reason in words, for people. */
  detail: string;
  /** Position of the record in the XML, in bytes. */
  byteOffset: number;
  /** How many bytes were skipped, up to where reading resumed. */
  length: number;
  /** These bytes unchanged, at most `maxRecordBytes` of them: a copy, which you may keep. */
  bytes: Uint8Array;
  /** Whether `bytes` is only the beginning. */
  truncated: boolean;
  /** The number of the last record before this one; 0 if it is the first. */
  recordsBefore: number;
  /**
   * The record's number, `recordsBefore` + 1, if a transform or mapper failed on it. Others have none.
   */
  recordNumber: number | undefined;
  /** What the transform or mapper threw: a structured clone, which has the standard properties of an error. */
  cause: unknown;
}

/** Something that a transform or mapper reported about a record. */
export interface RecordFinding {
  /** The record's number. */
  readonly number: number;
  /** The record's id before any transform, or `unknown`. */
  readonly id: string;
  /** What was reported: a structured clone. */
  readonly finding: unknown;
}

/** Counters of one read, updated while it runs and final once the iteration has ended. */
export interface ReadStats {
  /** `undefined` until the dump's root element (or first record) has been read. */
  dataType: DataType | undefined;
  /** Bytes read from the input, compressed if it is gzipped. */
  sourceBytes: number;
  /** Bytes of XML, after gunzip. */
  xmlBytes: number;
  /** Of these, the bytes up to the end of the last block whose records were yielded or skipped: reading goes ahead. */
  parsedXmlBytes: number;
  /** Whether the input is gzipped; `undefined` until its first bytes were read. */
  gzipped: boolean | undefined;
  /** Records numbered so far, including those that were skipped. */
  records: number;
  /** Records that were skipped because of the option `skip`. */
  skipped: number;
  /** Records that a transform or mapper omitted. */
  omitted: number;
  malformed: number;
  irregularities: Record<IrregularityKind, number>;
  /**
   * True once the dump was read to its end without an error and without content that is in no record
   * ({@link LEFT_OUT_KINDS}). Malformed records up to `maxMalformed` are tolerated: see `malformed`. Stays false if
   * `limit` or the caller ended the read.
   */
  complete: boolean;
}

export const newReadStats = (): ReadStats => ({
  dataType: undefined,
  sourceBytes: 0,
  xmlBytes: 0,
  parsedXmlBytes: 0,
  gzipped: undefined,
  records: 0,
  skipped: 0,
  omitted: 0,
  malformed: 0,
  irregularities: Object.fromEntries(IRREGULARITY_KINDS.map((kind) => [kind, 0])) as Record<IrregularityKind, number>,
  complete: false,
});
