import { CDATA_END, COMMENT_END, INSTRUCTION_END } from './scan-record.js';
import { indexOfBytes } from './scan-tag.js';

/** What ends a comment, a CDATA section, an instruction. */
export type Terminator = '-->' | ']]>' | '?>';

const SEQUENCES: Record<Terminator, Uint8Array> = { '-->': COMMENT_END, ']]>': CDATA_END, '?>': INSTRUCTION_END };

/** Goes to behind a terminator; where there is none, to where the next look for it has to begin. */
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
