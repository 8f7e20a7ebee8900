import type { DataType } from '../data-type.js';
import type { MalformedReason } from '../reports.js';
import type { Terminator } from './skip-until.js';

/**
 * The position of reading within the document's structure: plain data, so that it can be sent to a worker thread and
 * compared. It holds everything that earlier bytes mean for later ones.
 */
export interface DocumentState {
  /**
   * `start` is before the very first byte, where a byte-order mark and an XML declaration may be; `epilog` is after the
   * end tag of a root.
   */
  phase: 'start' | 'prolog' | 'root' | 'rootless' | 'epilog';
  /** How many root elements are open: above 0 in `root`, and 0 in all other phases. */
  openRoots: number;
  /** From the caller or from the dump; always defined after the prolog. */
  dataType: DataType | undefined;
  /** The white space since the last line feed; `undefined` if something else is on the line. */
  indent: string | undefined;
  /** Whether there was nothing but white space so far. */
  blank: boolean;
  /** What is open, other than the root. */
  inside: Inside | undefined;
}

export type Inside =
  /** Text between records, already counted. */
  | { kind: 'text' }
  /** Markup in a place where it is not allowed: up to the next `>`, or before the next `<`. */
  | { kind: 'stray-markup' }
  /** A comment, CDATA section or processing instruction. */
  | { kind: 'until'; terminator: Terminator }
  /** An element that is not a record; `depth` counts open elements of its name. */
  | { kind: 'foreign'; name: string; depth: number; until: Terminator | undefined }
  /** A broken record: searching for a place to resume. */
  | {
      kind: 'resync';
      reason: MalformedReason;
      detail: string;
      afterEndTag: boolean;
      indent: string | undefined;
      /** Where reading resumes at the latest, if that is known: then it is in the bytes that are being scanned. */
      resumeAt: number | undefined;
    }
  /** The input ended in the middle of a broken record. */
  | { kind: 'cut-short' };

export const newDocumentState = (dataType?: DataType): DocumentState => ({
  phase: 'start',
  openRoots: 0,
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
  one.openRoots === other.openRoots &&
  one.dataType === other.dataType &&
  one.indent === other.indent &&
  one.blank === other.blank &&
  one.inside === undefined &&
  other.inside === undefined;

/** A longer indent counts as something else on the line. */
const MAX_INDENT = 256;

/** The white space between the last line feed before `position` and `position`, given what it was before `bytes`. */
export const indentAt = (bytes: Uint8Array, position: number, before: string | undefined): string | undefined => {
  let start = position;
  while (start > 0) {
    const byte = bytes[start - 1]!;
    if (byte === 0x0a) return position - start > MAX_INDENT ? undefined : latin1(bytes, start, position);
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return undefined;
    start--;
  }
  if (before === undefined || before.length + position > MAX_INDENT) return undefined;
  return before + latin1(bytes, 0, position);
};

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
