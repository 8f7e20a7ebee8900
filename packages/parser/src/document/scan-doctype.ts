import {
  APOSTROPHE,
  GREATER_THAN,
  isAt,
  LEFT_BRACKET,
  LESS_THAN,
  QUESTION_MARK,
  QUOTATION_MARK,
  RIGHT_BRACKET,
} from './bytes.js';
import { COMMENT_END, COMMENT_START, INSTRUCTION_END } from './scan-record.js';
import { INCOMPLETE, indexOfByte, indexOfBytes } from './scan-tag.js';

/**
 * Finds the end of a document type declaration, past quotes, a bracketed subset, and comments and instructions in that.
 * Returns the position after its `>`, or `INCOMPLETE`.
 */
export const scanDoctype = (bytes: Buffer, from: number, end: number): number => {
  let inSubset = false;
  let position = from;
  while (position < end) {
    const byte = bytes[position]!;
    if (byte === QUOTATION_MARK || byte === APOSTROPHE) {
      position = indexOfByte(bytes, byte, position + 1, end);
      if (position === -1) return INCOMPLETE;
    } else if (byte === LEFT_BRACKET) {
      inSubset = true;
    } else if (byte === RIGHT_BRACKET) {
      inSubset = false;
    } else if (byte === GREATER_THAN && !inSubset) {
      return position + 1;
    } else if (byte === LESS_THAN && inSubset) {
      const comment = isAt(bytes, position, end, COMMENT_START);
      if (comment === undefined) return INCOMPLETE;
      const terminator = comment ? COMMENT_END : bytes[position + 1] === QUESTION_MARK ? INSTRUCTION_END : undefined;
      if (terminator !== undefined) {
        const found = indexOfBytes(bytes, terminator, position + (comment ? 4 : 2), end);
        if (found === -1) return INCOMPLETE;
        position = found + terminator.length - 1;
      }
    }
    position++;
  }
  return INCOMPLETE;
};
