import type { DataType } from '../data-type.js';
import type { MalformedReason } from '../reports.js';
import type { Terminator } from './skip-until.js';

/**
 * Where reading stands in the document: plain data, so that it can be sent to a worker thread and compared.
 * It says all that the bytes before it mean for the bytes behind it.
 */
export interface DocumentState {
  /** `start` is before the very first byte, where a byte-order mark and an XML declaration may stand. */
  phase: 'start' | 'prolog' | 'root' | 'rootless' | 'epilog';
  /** Given by the caller or told by the dump; always there in `root` and `rootless`. */
  dataType: DataType | undefined;
  /** The white space since the last line feed; `undefined` where something else stands on the line. */
  indent: string | undefined;
  /** Whether nothing but white space has come. */
  blank: boolean;
  /** What is open, other than the root. */
  inside: Inside | undefined;
}

export type Inside =
  /** A run of text where none belongs; it is counted already. */
  | { kind: 'text' }
  /** Markup that makes no sense where it is: up to the next `>`, or before the next `<`. */
  | { kind: 'junk' }
  /** A comment, CDATA section or processing instruction. */
  | { kind: 'until'; terminator: Terminator }
  /** An element that is no record; `depth` counts open elements of its name. */
  | { kind: 'foreign'; name: string; depth: number; until: Terminator | undefined }
  /** A broken record: looking for a place to go on. */
  | { kind: 'resync'; reason: MalformedReason; detail: string; afterEndTag: boolean; indent: string | undefined }
  /** The input ended in the middle of a broken record. */
  | { kind: 'cut-short' }
  /** What follows the root and is not looked at. */
  | { kind: 'ignored' };

export const newDocumentState = (dataType?: DataType): DocumentState => ({
  phase: 'start',
  dataType,
  indent: '',
  blank: true,
  inside: undefined,
});

export const copyState = (state: DocumentState): DocumentState => ({
  ...state,
  inside: state.inside === undefined ? undefined : { ...state.inside },
});

/** Whether two states mean the same for the bytes that follow. */
export const sameState = (one: DocumentState, other: DocumentState): boolean =>
  one.phase === other.phase &&
  one.dataType === other.dataType &&
  one.indent === other.indent &&
  one.blank === other.blank &&
  one.inside === undefined &&
  other.inside === undefined;

/** A line's indent longer than this counts as something else on the line. */
const LONGEST_INDENT = 256;

/** The white space between the last line feed before `position` and `position`, given what it was before `bytes`. */
export const indentAt = (bytes: Uint8Array, position: number, before: string | undefined): string | undefined => {
  let start = position;
  while (start > 0) {
    const byte = bytes[start - 1]!;
    if (byte === 0x0a) return position - start > LONGEST_INDENT ? undefined : latin1(bytes, start, position);
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return undefined;
    start--;
  }
  if (before === undefined || before.length + position > LONGEST_INDENT) return undefined;
  return before + latin1(bytes, 0, position);
};

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
