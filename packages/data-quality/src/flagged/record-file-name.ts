import { createHash } from 'node:crypto';

/** File systems allow 255 bytes for a name, and `.json` and a temporary ending follow. */
const MAX_NAME_BYTES = 200;

const HASH_DIGITS = 16;

/** The id of records without one. */
const NO_ID = 'unknown';

const NOT_ALLOWED = /[^\p{Alphabetic}\p{N}._-]/gu;

/**
 * The name, without its ending, of the files that keep a record: its id, of which letters, digits, `-`, `_` and `.` are
 * kept, with `_` for each `..`.
 *
 * An id that is not kept as it is, or is too long for a name, gets a hash after a `~`, so that no two ids have the same
 * name; a record without an id gets its number there.
 */
export const recordFileName = (id: string, number: number): string => {
  if (id === NO_ID) return `${NO_ID}~${number}`;
  const kept = id.replace(NOT_ALLOWED, '').replaceAll('..', '_');
  const short = truncate(kept);
  if (short === id && id !== '') return id;
  return `${short}~${createHash('sha256').update(id).digest('hex').slice(0, HASH_DIGITS)}`;
};

/** The first characters of a text, up to {@link MAX_NAME_BYTES} in UTF-8. */
const truncate = (text: string): string => {
  if (text.length * 3 <= MAX_NAME_BYTES) return text;
  let bytes = 0;
  let short = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_NAME_BYTES) break;
    short += character;
  }
  return short;
};
