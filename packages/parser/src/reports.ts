import type { DataType } from './data-type.js';

/** What is not as it should be and yet does no harm: counted by kind. CONVERSION.md says when each occurs. */
export type IrregularityKind =
  // Between the records.
  | 'doctype'
  | 'stray-text'
  | 'stray-markup'
  | 'foreign-element'
  | 'after-root'
  // Inside a record.
  | 'bare-ampersand'
  | 'unknown-entity'
  | 'invalid-character-reference'
  | 'invalid-utf8'
  | 'control-character'
  // A record as a whole: no object (and so not delivered), without a usable id.
  | 'not-an-object'
  | 'unknown-id';

export const IRREGULARITY_KINDS: readonly IrregularityKind[] = [
  'doctype',
  'stray-text',
  'stray-markup',
  'foreign-element',
  'after-root',
  'bare-ampersand',
  'unknown-entity',
  'invalid-character-reference',
  'invalid-utf8',
  'control-character',
  'not-an-object',
  'unknown-id',
];

export interface Irregularity {
  kind: IrregularityKind;
  /** How often it occurs in this record; 1 between records. */
  count: number;
  /** Where in the XML, in bytes: of the record's start tag, or of the thing itself between records. */
  byteOffset: number;
  /** The record's number; `undefined` between records and for what gets no number. */
  recordNumber: number | undefined;
}

/**
 * Why a record is malformed:
 *
 * - `broken-tag`: a `<` within a tag, or something glued to a closing quote.
 * - `markup-declaration`: `<!` that is neither a comment nor CDATA.
 * - `unclosed`: the root's end tag comes before the record's.
 * - `too-large`, `too-deep`: over `maxRecordBytes`, `maxDepth`.
 * - `duplicate-attribute`: the same name twice in one tag.
 * - `not-well-formed`: all the rest, as `detail` says.
 */
export type MalformedReason =
  | 'broken-tag'
  | 'markup-declaration'
  | 'unclosed'
  | 'too-large'
  | 'too-deep'
  | 'duplicate-attribute'
  | 'not-well-formed';

export interface MalformedRecord {
  /** 1 for a dump's first malformed record. */
  number: number;
  reason: MalformedReason;
  /** The reason in words, for people. */
  detail: string;
  /** Where in the XML the record begins, in bytes. */
  byteOffset: number;
  /** How many bytes were passed over, up to where reading resumed. */
  length: number;
  /** Those bytes as they came, at most `maxRecordBytes` of them. Yours to keep. */
  bytes: Uint8Array;
  /** Whether `bytes` is only the beginning. */
  truncated: boolean;
  /** The number of the last record before this one; 0 where it is the first. */
  recordsBefore: number;
}

/** Counters of one run, up to date at any moment; final when the iteration has ended. */
export interface ReadStats {
  /** `undefined` until the dump's root element (or first record) has been read. */
  dataType: DataType | undefined;
  /** Bytes taken from the source, as they came. */
  sourceBytes: number;
  /** Bytes of XML, after gunzip. */
  xmlBytes: number;
  /** Whether the source is gzipped; `undefined` until its first bytes have come. */
  gzipped: boolean | undefined;
  /** Records numbered so far, those that `skip` passed over included. */
  records: number;
  /** Records that `skip` passed over. */
  skipped: number;
  malformed: number;
  irregularities: Record<IrregularityKind, number>;
  /** True once the dump has been read to its end without an error; stays false where `limit` or the caller ended it. */
  complete: boolean;
}

export const newReadStats = (): ReadStats => ({
  dataType: undefined,
  sourceBytes: 0,
  xmlBytes: 0,
  gzipped: undefined,
  records: 0,
  skipped: 0,
  malformed: 0,
  irregularities: Object.fromEntries(IRREGULARITY_KINDS.map((kind) => [kind, 0])) as Record<IrregularityKind, number>,
  complete: false,
});
