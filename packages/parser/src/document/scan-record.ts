import type { MalformedReason } from '../reports.js';
import {
  ascii,
  EXCLAMATION_MARK,
  GREATER_THAN,
  isAt,
  isNameEnd,
  isNameStart,
  LESS_THAN,
  QUESTION_MARK,
  SLASH,
} from './bytes.js';
import { BROKEN, INCOMPLETE, indexOfByte, indexOfBytes, scanEndTag, scanStartTag } from './scan-tag.js';

export const COMMENT_START = ascii('<!--');
export const COMMENT_END = ascii('-->');
export const CDATA_START = ascii('<![CDATA[');
export const CDATA_END = ascii(']]>');
export const INSTRUCTION_END = ascii('?>');

/**
 * A comment or processing instruction inside a record, which is read or skipped separately from the content around it.
 */
export interface CommentOrInstruction {
  kind: 'comment' | 'instruction';
  start: number;
  end: number;
}

export type RecordScan =
  | {
      kind: 'complete';
      end: number;
      commentsAndInstructions: CommentOrInstruction[] | undefined;
      strayLessThan: number | undefined;
    }
  /** `resumeAt`: where reading resumes at the latest, if that is known. */
  | { kind: 'broken'; reason: MalformedReason; detail: string; resumeAt: number | undefined }
  | { kind: 'incomplete' };

export interface RecordNames {
  /** The record element's name. */
  record: Uint8Array;
  /** The root element's name; `undefined` if the dump has no root. */
  root: Uint8Array | undefined;
}

const INCOMPLETE_RECORD: RecordScan = { kind: 'incomplete' };

/**
 * Finds where the record ends whose start tag's `<` is at `start` (CONVERSION.md, section 2). It reads no byte at or
 * past `start + maxRecordBytes`, so the result does not depend on how much of the dump is available.
 */
export const scanRecord = (
  bytes: Buffer,
  start: number,
  available: number,
  names: RecordNames,
  maxRecordBytes: number,
): RecordScan => {
  const end = Math.min(available, start + maxRecordBytes);
  const unfinished = (): RecordScan =>
    start + maxRecordBytes <= available
      ? broken('too-large', `the record has more than ${maxRecordBytes} bytes`)
      : INCOMPLETE_RECORD;

  let commentsAndInstructions: CommentOrInstruction[] | undefined;
  let strayLessThan: number | undefined;
  let openRecords = 0;
  let openRoots = 0;
  let position = start;

  for (;;) {
    const markup = indexOfByte(bytes, LESS_THAN, position, end);
    if (markup === -1 || markup + 1 >= end) return unfinished();
    const next = bytes[markup + 1]!;

    if (isNameStart(next)) {
      const tag = scanStartTag(bytes, markup + 2, end);
      if (tag.end === INCOMPLETE) return unfinished();
      if (tag.end === BROKEN) return broken('broken-tag', `a tag breaks off ${tag.brokenAt - start} bytes in`);
      if (isNamed(bytes, markup + 1, names.record)) {
        if (!tag.selfClosing) openRecords++;
        else if (openRecords === 0) return { kind: 'complete', end: tag.end, commentsAndInstructions, strayLessThan };
      } else if (names.root !== undefined && !tag.selfClosing && isNamed(bytes, markup + 1, names.root)) {
        openRoots++;
      }
      position = tag.end;
    } else if (next === SLASH) {
      const tag = scanEndTag(bytes, markup, end);
      if (tag.end === INCOMPLETE) return unfinished();
      if (tag.end === BROKEN) {
        strayLessThan ??= markup;
        position = markup + 1;
        continue;
      }
      if (equals(bytes, markup + 2, tag.nameEnd, names.record)) {
        openRecords--;
        if (openRecords === 0) return { kind: 'complete', end: tag.end, commentsAndInstructions, strayLessThan };
      } else if (names.root !== undefined && equals(bytes, markup + 2, tag.nameEnd, names.root)) {
        if (openRoots === 0) return broken('unclosed', `the root ends ${markup - start} bytes in`, markup);
        openRoots--;
      }
      position = tag.end;
    } else if (next === EXCLAMATION_MARK) {
      const comment = isAt(bytes, markup, end, COMMENT_START);
      const cdata = isAt(bytes, markup, end, CDATA_START);
      if (comment === false && cdata === false) {
        return broken('markup-declaration', `a markup declaration ${markup - start} bytes in`);
      }
      if (!comment && !cdata) return unfinished();
      const closing = comment ? COMMENT_END : CDATA_END;
      const opening = comment ? COMMENT_START : CDATA_START;
      const found = indexOfBytes(bytes, closing, markup + opening.length, end);
      if (found === -1) return unfinished();
      position = found + closing.length;
      if (comment) {
        commentsAndInstructions ??= [];
        commentsAndInstructions.push({ kind: 'comment', start: markup, end: position });
      }
    } else if (next === QUESTION_MARK) {
      const found = indexOfBytes(bytes, INSTRUCTION_END, markup + 2, end);
      if (found === -1) return unfinished();
      position = found + INSTRUCTION_END.length;
      commentsAndInstructions ??= [];
      commentsAndInstructions.push({ kind: 'instruction', start: markup, end: position });
    } else {
      strayLessThan ??= markup;
      position = markup + 1;
    }
  }
};

const broken = (reason: MalformedReason, detail: string, resumeAt?: number): RecordScan => ({
  kind: 'broken',
  reason,
  detail,
  resumeAt,
});

/** Whether the start tag's name at `position` is `name`. */
const isNamed = (bytes: Buffer, position: number, name: Uint8Array): boolean => {
  for (let index = 0; index < name.length; index++) {
    if (bytes[position + index] !== name[index]) return false;
  }
  return isNameEnd(bytes[position + name.length] ?? GREATER_THAN);
};

const equals = (bytes: Buffer, from: number, to: number, name: Uint8Array): boolean => {
  if (to - from !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    if (bytes[from + index] !== name[index]) return false;
  }
  return true;
};
