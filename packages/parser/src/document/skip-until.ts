import { CDATA_END, COMMENT_END, INSTRUCTION_END } from './scan-record.js';
import { indexOfBytes } from './scan-tag.js';

/** The end of a comment, a CDATA section or a processing instruction. */
export type Terminator = '-->' | ']]>' | '?>';

const SEQUENCES: Record<Terminator, Uint8Array> = { '-->': COMMENT_END, ']]>': CDATA_END, '?>': INSTRUCTION_END };

/** The position after the next terminator; if there is none yet, the position where the next search has to begin. */
export const skipUntil = (
  bytes: Buffer,
  from: number,
  end: number,
  terminator: Terminator,
): { found: boolean; position: number } => {
  const sequence = SEQUENCES[terminator];
  const found = indexOfBytes(bytes, sequence, from, end);
  if (found !== -1) return { found: true, position: found + sequence.length };
  return { found: false, position: Math.max(from, end - sequence.length + 1) };
};
