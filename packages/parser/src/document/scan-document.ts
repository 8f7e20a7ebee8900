import { DATA_TYPES, type DataType, recordNameOf } from '../data-type.js';
import type { ParserErrorCode } from '../errors.js';
import type { IrregularityKind, MalformedReason } from '../reports.js';
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
  skipSpace,
} from './bytes.js';
import { checkEncoding, unsupportedEncoding } from './encoding.js';
import { describeFirstElement, recognizeFormat } from './recognize-format.js';
import { type Resync, resyncAfterEndTag, resyncAtLine, resyncAtRoot } from './resync.js';
import { scanDoctype } from './scan-doctype.js';
import { CDATA_START, COMMENT_START, type CommentOrInstruction, type RecordNames, scanRecord } from './scan-record.js';
import { BROKEN, INCOMPLETE, indexOfByte, scanEndTag, scanStartTag } from './scan-tag.js';
import { nameAt, skipForeignElement } from './skip-foreign-element.js';
import { skipUntil } from './skip-until.js';
import { type DocumentState, indentAt } from './state.js';

/** The next item of the document. `next` is where to continue. */
export type DocumentItem =
  | {
      kind: 'record';
      start: number;
      next: number;
      commentsAndInstructions: CommentOrInstruction[] | undefined;
      strayLessThan: number | undefined;
    }
  /** A broken record begins at `start`; `resumed` follows where it ends. */
  | { kind: 'broken'; start: number; next: number; reason: MalformedReason; detail: string }
  | { kind: 'resumed'; next: number }
  | { kind: 'irregularity'; irregularity: IrregularityKind; at: number; next: number; detail: string | undefined }
  /** Deciding what is at `next` takes more bytes. */
  | { kind: 'more'; next: number }
  | { kind: 'end'; next: number }
  | { kind: 'error'; code: ParserErrorCode; message: string; at: number; next: number };

export interface ScanInput {
  bytes: Buffer;
  /** How many bytes of the buffer are the document's. */
  end: number;
  /** Whether the document ends where the bytes do. */
  isFinal: boolean;
  /** `state.indent` as it was at the buffer's first byte. */
  indentBefore: string | undefined;
  maxRecordBytes: number;
}

const DOCTYPE = ascii('<!DOCTYPE');
const BYTE_ORDER_MARK = ascii('\xef\xbb\xbf');
const XML_DECLARATION = ascii('<?xml');

interface TypeNames extends RecordNames {
  recordName: string;
  rootName: string;
}

const NAMES = new Map<DataType, TypeNames>(
  DATA_TYPES.map((type) => {
    const recordName = recordNameOf(type);
    return [type, { recordName, rootName: type, record: ascii(recordName), root: ascii(type) }];
  }),
);

const namesOf = (state: DocumentState): TypeNames => NAMES.get(state.dataType!)!;

/** The names to search for inside a record; a dump without a root has no root to end. */
const recordNamesOf = (state: DocumentState): RecordNames => {
  const names = namesOf(state);
  return state.phase === 'root' ? names : { record: names.record, root: undefined };
};

/**
 * The next item at or after `from` (CONVERSION.md, sections 1 and 2). Pure except for `state`,
 * which it updates: the result never depends on where the buffer was cut off from the rest of the document.
 */
export const nextItem = (state: DocumentState, input: ScanInput, from: number): DocumentItem => {
  const { bytes, end, isFinal } = input;
  let position = from;

  if (state.phase === 'start') {
    const other = recognizeFormat(bytes, end, isFinal);
    if (other === 'incomplete') return { kind: 'more', next: position };
    if (other !== undefined) return error(other.code, other.message, 0);
    const check = checkEncoding(bytes, end, isFinal);
    if (check.kind === 'incomplete') return { kind: 'more', next: position };
    if (check.kind === 'unsupported') {
      return unsupported(check.encoding, 0);
    }
    state.phase = 'prolog';
    position = check.markLength;
  }

  for (;;) {
    if (state.inside !== undefined) {
      const item = continueInside(state, input, position);
      if (typeof item !== 'number') return item;
      position = item;
      continue;
    }

    position = skipSpace(bytes, position, end);
    if (position === end) return isFinal ? atEnd(state, position) : { kind: 'more', next: position };
    const start = position;
    state.blank = false;

    if (bytes[position] !== LESS_THAN) {
      // Documents that were joined may each begin with a mark.
      const isMark = state.phase === 'epilog' ? isAt(bytes, position, end, BYTE_ORDER_MARK) : false;
      if (isMark === undefined && !isFinal) return { kind: 'more', next: start };
      if (isMark) {
        position += BYTE_ORDER_MARK.length;
        continue;
      }
      state.inside = { kind: 'text' };
      return irregular('stray-text', start, position);
    }

    const more = (): DocumentItem => (isFinal ? cutShort(state, start, end) : { kind: 'more', next: start });
    if (position + 1 === end) return more();
    const next = bytes[position + 1]!;

    if (next === QUESTION_MARK) {
      if (state.phase === 'epilog') {
        const isDeclaration = isAt(bytes, position, end, XML_DECLARATION);
        const encoding = isDeclaration ? unsupportedEncoding(bytes, position, end, isFinal) : undefined;
        if (isDeclaration === undefined || encoding === 'incomplete') return more();
        if (encoding !== undefined) return unsupported(encoding.encoding, start);
      }
      state.inside = { kind: 'until', terminator: '?>' };
      position += 2;
      continue;
    }

    if (next === EXCLAMATION_MARK) {
      const comment = isAt(bytes, position, end, COMMENT_START);
      if (comment) {
        state.inside = { kind: 'until', terminator: '-->' };
        position += COMMENT_START.length;
        continue;
      }
      const cdata = isAt(bytes, position, end, CDATA_START);
      const isBeforeRoot = state.phase === 'prolog' || state.phase === 'epilog';
      const doctype = isBeforeRoot ? isAt(bytes, position, end, DOCTYPE) : false;
      if (comment === undefined) return more();
      if (cdata === undefined || doctype === undefined) return more();
      if (doctype) {
        const after = scanDoctype(bytes, position + DOCTYPE.length, Math.min(end, start + input.maxRecordBytes));
        if (after !== INCOMPLETE) return irregular('doctype', start, after);
        if (end - start < input.maxRecordBytes) return more();
        if (state.phase === 'prolog')
          return error('NOT_A_DUMP', 'The document type declaration does not end: this is not a Discogs dump', start);
      }
      state.inside = cdata ? { kind: 'until', terminator: ']]>' } : { kind: 'stray-markup' };
      return irregular('stray-markup', start, position + (cdata ? CDATA_START.length : 2));
    }

    if (next === SLASH) {
      if (state.phase === 'root') {
        const tag = scanEndTag(bytes, position, Math.min(end, start + input.maxRecordBytes));
        if (tag.end === INCOMPLETE && end - start < input.maxRecordBytes) return more();
        if (tag.end >= 0 && bytes.toString('latin1', position + 2, tag.nameEnd) === state.dataType) {
          state.openRoots--;
          if (state.openRoots === 0) state.phase = 'epilog';
          position = tag.end;
          continue;
        }
      }
      state.inside = { kind: 'stray-markup' };
      return irregular('stray-markup', start, position + 2);
    }

    if (!isNameStart(next)) {
      // A `<` that begins no markup is text.
      state.inside = { kind: 'text' };
      return irregular('stray-text', start, position + 1);
    }

    if (state.phase === 'prolog') {
      const item = openDocument(state, input, position);
      if (typeof item !== 'number') return item;
      position = item;
      continue;
    }

    const { record, root } = namesOf(state);
    const isRecord = beginsTag(bytes, position + 1, end, record);
    const isRoot = beginsTag(bytes, position + 1, end, root!);
    if (isRecord === undefined || isRoot === undefined) return more();
    if (isRoot) return repeatedRoot(state, input, position);
    if (!isRecord) return foreignItem(state, input, position);
    if (state.phase !== 'epilog') return recordItem(state, input, position);
    state.phase = 'rootless';
    return irregular('record-after-root', start, start);
  }
};

/** The first element: the root, or the first record of a dump without a root. */
const openDocument = (state: DocumentState, input: ScanInput, position: number): DocumentItem | number => {
  const { bytes, end, isFinal } = input;
  let nameEnd = position + 1;
  while (nameEnd < end && !isNameEnd(bytes[nameEnd]!) && nameEnd - position < 64) nameEnd++;
  if (nameEnd === end) return isFinal ? cutShort(state, position, end) : { kind: 'more', next: position };
  const name = bytes.toString('latin1', position + 1, nameEnd);

  const found = DATA_TYPES.find((type) => name === type || name === recordNameOf(type));
  if (found === undefined)
    return error('NOT_A_DUMP', `The first element is <${shortened(name)}>: ${describeFirstElement(name)}`, position);
  if (state.dataType !== undefined && state.dataType !== found) {
    return error('DATA_TYPE_MISMATCH', `This is a dump of ${found}, not of ${state.dataType}`, position);
  }
  if (name !== found) {
    state.dataType = found;
    state.phase = 'rootless';
    return position;
  }
  const tag = scanStartTag(bytes, nameEnd, Math.min(end, position + input.maxRecordBytes));
  if (tag.end === INCOMPLETE && end - position < input.maxRecordBytes) {
    return isFinal ? cutShort(state, position, end) : { kind: 'more', next: position };
  }
  if (tag.end < 0)
    return error('NOT_A_DUMP', 'The root element has a broken start tag: this is not a Discogs dump', position);
  state.dataType = found;
  openRoot(state, tag.selfClosing);
  return tag.end;
};

const openRoot = (state: DocumentState, isEmpty: boolean): void => {
  if (!isEmpty) state.openRoots++;
  state.phase = isEmpty ? 'epilog' : 'root';
};

/** Another root: its records are read as those of the first. */
const repeatedRoot = (state: DocumentState, input: ScanInput, start: number): DocumentItem => {
  const tag = scanStartTag(input.bytes, start + 2, Math.min(input.end, start + input.maxRecordBytes));
  if (tag.end < 0) return foreignItem(state, input, start);
  if (!tag.selfClosing || state.openRoots === 0) openRoot(state, tag.selfClosing);
  return irregular('repeated-root', start, tag.end);
};

const recordItem = (state: DocumentState, input: ScanInput, start: number): DocumentItem => {
  const { bytes, end, isFinal } = input;
  const scan = scanRecord(bytes, start, end, recordNamesOf(state), input.maxRecordBytes);
  switch (scan.kind) {
    case 'incomplete':
      return isFinal ? cutShort(state, start, end) : { kind: 'more', next: start };
    case 'complete':
      return {
        kind: 'record',
        start,
        next: scan.end,
        commentsAndInstructions: scan.commentsAndInstructions,
        strayLessThan: scan.strayLessThan,
      };
    case 'broken':
      state.inside = {
        kind: 'resync',
        reason: scan.reason,
        detail: scan.detail,
        afterEndTag: false,
        indent: indentAt(bytes, start, input.indentBefore),
        resumeAt: scan.resumeAt,
      };
      return { kind: 'broken', start, next: start + 1, reason: scan.reason, detail: scan.detail };
  }
};

const foreignItem = (state: DocumentState, input: ScanInput, start: number): DocumentItem => {
  const { bytes, end, isFinal } = input;
  const limit = Math.min(end, start + input.maxRecordBytes);
  const tag = scanStartTag(bytes, start + 2, limit);
  if (tag.end === INCOMPLETE) {
    if (end - start < input.maxRecordBytes)
      return isFinal ? cutShort(state, start, end) : { kind: 'more', next: start };
    return irregular('stray-markup', start, limit);
  }
  if (tag.end === BROKEN) return irregular('stray-markup', start, tag.brokenAt);
  const name = nameAt(bytes, start + 1);
  if (!tag.selfClosing) state.inside = { kind: 'foreign', name, depth: 1, until: undefined };
  return irregular('foreign-element', start, tag.end, `<${shortened(Buffer.from(name, 'latin1').toString())}>`);
};

/** Continues inside of what is open. A number is the position where that ends. */
const continueInside = (state: DocumentState, input: ScanInput, from: number): DocumentItem | number => {
  const { bytes, end, isFinal } = input;
  const inside = state.inside!;
  switch (inside.kind) {
    case 'cut-short':
      return cutShort(state, end, end);

    case 'until': {
      const after = skipUntil(bytes, from, end, inside.terminator);
      if (after.found) {
        state.inside = undefined;
        return after.position;
      }
      return isFinal ? cutShort(state, end, end) : { kind: 'more', next: after.position };
    }

    case 'text': {
      let position = from;
      for (;;) {
        position = indexOfByte(bytes, LESS_THAN, position, end);
        if (position === -1 || position + 1 === end) break;
        if (beginsMarkup(bytes[position + 1]!)) {
          state.inside = undefined;
          return position;
        }
        position++;
      }
      if (position === -1) position = end;
      if (!isFinal) return { kind: 'more', next: position };
      state.inside = undefined;
      return position;
    }

    case 'stray-markup': {
      for (let position = from; position < end; position++) {
        const byte = bytes[position];
        if (byte !== GREATER_THAN && byte !== LESS_THAN) continue;
        state.inside = undefined;
        return byte === GREATER_THAN ? position + 1 : position;
      }
      return isFinal ? cutShort(state, end, end) : { kind: 'more', next: end };
    }

    case 'foreign': {
      const position = skipForeignElement(inside, bytes, from, end, input.maxRecordBytes);
      if (inside.depth === 0) {
        state.inside = undefined;
        return position;
      }
      return isFinal ? cutShort(state, position, end) : { kind: 'more', next: position };
    }

    case 'resync': {
      const { recordName } = namesOf(state);
      const rootName = state.phase === 'root' ? namesOf(state).rootName : undefined;
      const searchEnd = inside.resumeAt ?? end;
      const atRecord: Resync =
        inside.indent === undefined
          ? resyncAfterEndTag(bytes, from, searchEnd, inside.afterEndTag, recordName, rootName)
          : resyncAtLine(bytes, from, searchEnd, inside.indent, recordName, rootName);
      const resync = rootName === undefined ? atRecord : resyncAtRoot(bytes, from, searchEnd, atRecord, rootName);
      if (resync.kind === 'found' || inside.resumeAt !== undefined) {
        state.inside = undefined;
        return { kind: 'resumed', next: resync.kind === 'found' ? resync.position : inside.resumeAt! };
      }
      if (!isFinal) {
        inside.afterEndTag = resync.afterEndTag;
        return { kind: 'more', next: resync.position };
      }
      // The broken record is reported first; the end follows as the next item.
      state.inside = { kind: 'cut-short' };
      return { kind: 'resumed', next: end };
    }
  }
};

/** The item for the end of the input. */
const atEnd = (state: DocumentState, position: number): DocumentItem => {
  switch (state.phase) {
    case 'start':
    case 'prolog':
      return state.blank
        ? error('EMPTY_INPUT', 'The dump is empty: download it again', position)
        : error('NOT_A_DUMP', 'The input is text without any element: this is not a Discogs dump', position);
    case 'root':
      return error('TRUNCATED', 'The dump ends before its root element does: download it again', position);
    case 'rootless':
    case 'epilog':
      return { kind: 'end', next: position };
  }
};

/**
 * The item for the end of the input inside of something that begins at `position`, or before. After the root's end, no
 * record can be missing, so that is not an error.
 */
const cutShort = (state: DocumentState, position: number, end: number): DocumentItem => {
  if (state.phase !== 'epilog')
    return error('TRUNCATED', 'The dump ends in the middle of a record or other markup: download it again', position);
  const { inside } = state;
  state.inside = undefined;
  const isCounted = inside !== undefined && !(inside.kind === 'until' && inside.terminator !== ']]>');
  return isCounted ? { kind: 'end', next: position } : irregular('stray-markup', position, end);
};

const unsupported = (encoding: string, at: number): DocumentItem =>
  error('UNSUPPORTED_ENCODING', `The dump declares the encoding ${encoding}: convert it to UTF-8`, at);

const irregular = (
  irregularity: IrregularityKind,
  at: number,
  next: number,
  detail: string | undefined = undefined,
): DocumentItem => ({ kind: 'irregularity', irregularity, at, next, detail });

/** A name is as long as the dump makes it, and may have control characters, which a terminal would obey. */
const MAX_NAME_LENGTH = 60;
const shortened = (name: string): string => {
  const shown = name.replace(/\p{Cc}/gu, '\uFFFD');
  return shown.length > MAX_NAME_LENGTH ? `${shown.slice(0, MAX_NAME_LENGTH)}…` : shown;
};

const error = (code: ParserErrorCode, message: string, at: number): DocumentItem => ({
  kind: 'error',
  code,
  message,
  at,
  next: at,
});

const beginsMarkup = (byte: number): boolean =>
  isNameStart(byte) || byte === SLASH || byte === EXCLAMATION_MARK || byte === QUESTION_MARK;

/** Whether a tag's name at `position` is `name`; `undefined` if the bytes end first. */
const beginsTag = (bytes: Buffer, position: number, end: number, name: Uint8Array): boolean | undefined => {
  const isName = isAt(bytes, position, end, name);
  if (!isName) return isName;
  if (position + name.length >= end) return undefined;
  return isNameEnd(bytes[position + name.length]!);
};
