import { ascii, isNameEnd, isSpace } from '../document/bytes.js';

/** After this many places that look like a boundary and are not one, the search is given up. */
const MAX_CANDIDATES = 64;

/**
 * Finds the last place in a block that looks like the boundary between two records: the start tag of a record after the
 * end tag of another. It only compares bytes and can be wrong, so the caller must verify the result of cutting there.
 *
 * @param indent - the white space before the dump's records, if each is on a line of its own: it mostly distinguishes
 *   them from elements of the same name deeper in a record
 */
export const findRecordBoundary = (
  bytes: Buffer,
  length: number,
  recordName: string,
  indent: string | undefined,
): number | undefined => {
  const endTag = ascii(`</${recordName}>`);
  const startTag = ascii(`<${recordName}`);
  const onOwnLine = indent === undefined ? undefined : ascii(`\n${indent}<${recordName}`);
  if (onOwnLine !== undefined) {
    let at = length;
    for (let candidates = 0; candidates < MAX_CANDIDATES && at > 0; candidates++) {
      at = bytes.lastIndexOf(onOwnLine, at - 1);
      if (at === -1) break;
      const delimiter = at + onOwnLine.length;
      if (delimiter < length && isNameEnd(bytes[delimiter]!) && followsEndTag(bytes, at, endTag)) {
        return delimiter - startTag.length;
      }
    }
  }
  let at = length;
  for (let candidates = 0; candidates < MAX_CANDIDATES && at > 0; candidates++) {
    at = bytes.lastIndexOf(endTag, at - 1);
    if (at === -1) return undefined;
    let start = at + endTag.length;
    while (start < length && isSpace(bytes[start])) start++;
    const delimiter = start + startTag.length;
    if (delimiter < length && isNameEnd(bytes[delimiter]!) && isAt(bytes, start, startTag)) return start;
  }
  return undefined;
};

const followsEndTag = (bytes: Buffer, before: number, endTag: Uint8Array): boolean => {
  let end = before;
  while (end > 0 && isSpace(bytes[end - 1])) end--;
  const start = end - endTag.length;
  return start >= 0 && isAt(bytes, start, endTag);
};

const isAt = (bytes: Buffer, position: number, part: Uint8Array): boolean =>
  Buffer.compare(bytes.subarray(position, position + part.length), part) === 0;
