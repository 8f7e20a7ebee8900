import { EXCLAMATION_MARK, isAt, isNameEnd, isNameStart, LESS_THAN, QUESTION_MARK, SLASH } from './bytes.js';
import { CDATA_START, COMMENT_START } from './scan-record.js';
import { BROKEN, INCOMPLETE, indexOfByte, scanEndTag, scanStartTag } from './scan-tag.js';
import { skipUntil } from './skip-until.js';
import type { DocumentState } from './state.js';

export type Foreign = Extract<NonNullable<DocumentState['inside']>, { kind: 'foreign' }>;

/** Skips a foreign element; `foreign.depth` is 0 once it has ended. Returns the position reached. */
export const skipForeignElement = (
  foreign: Foreign,
  bytes: Buffer,
  from: number,
  end: number,
  maxRecordBytes: number,
): number => {
  let position = from;
  for (;;) {
    if (foreign.until !== undefined) {
      const after = skipUntil(bytes, position, end, foreign.until);
      if (!after.found) return after.position;
      foreign.until = undefined;
      position = after.position;
    }
    position = indexOfByte(bytes, LESS_THAN, position, end);
    if (position === -1) return end;
    if (position + 1 === end) return position;
    const next = bytes[position + 1]!;
    const limit = Math.min(end, position + maxRecordBytes);
    const isOverLimit = end - position >= maxRecordBytes;

    if (next === QUESTION_MARK) {
      foreign.until = '?>';
      position += 2;
    } else if (next === EXCLAMATION_MARK) {
      const comment = isAt(bytes, position, end, COMMENT_START);
      const cdata = isAt(bytes, position, end, CDATA_START);
      if (comment === undefined || cdata === undefined) return position;
      if (comment) foreign.until = '-->';
      else if (cdata) foreign.until = ']]>';
      position += comment ? COMMENT_START.length : cdata ? CDATA_START.length : 2;
    } else if (next === SLASH) {
      const tag = scanEndTag(bytes, position, limit);
      if (tag.end === INCOMPLETE && !isOverLimit) return position;
      if (tag.end < 0) {
        position += 2;
        continue;
      }
      if (bytes.toString('latin1', position + 2, tag.nameEnd) === foreign.name) foreign.depth--;
      position = tag.end;
      if (foreign.depth === 0) return position;
    } else if (isNameStart(next)) {
      const tag = scanStartTag(bytes, position + 2, limit);
      if (tag.end === INCOMPLETE && !isOverLimit) return position;
      if (tag.end >= 0 && !tag.selfClosing && nameAt(bytes, position + 1) === foreign.name) foreign.depth++;
      position = tag.end === INCOMPLETE ? limit : tag.end === BROKEN ? tag.brokenAt : tag.end;
    } else {
      position++;
    }
  }
};

/** The tag name that begins at `position`; the tag must be complete. */
export const nameAt = (bytes: Buffer, position: number): string => {
  let end = position;
  while (!isNameEnd(bytes[end]!)) end++;
  return bytes.toString('latin1', position, end);
};
