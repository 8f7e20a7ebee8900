import { ascii, isAt, isNameEnd, LESS_THAN, skipSpace } from './bytes.js';
import { indexOfBytes } from './scan-tag.js';

export type Resync =
  /** Reading resumes at `position`. */
  | { kind: 'found'; position: number }
  /** Nothing before `position`; continue from there with more bytes. */
  | { kind: 'more'; position: number; afterEndTag: boolean };

/**
 * Searches for the place where reading resumes after a broken record that was the first thing on its line: the next
 * line that begins with the same indent and a record's start tag, or the root's end tag (CONVERSION.md, section 2).
 */
export const resyncAtLine = (
  bytes: Buffer,
  from: number,
  end: number,
  indent: string,
  recordName: string,
  rootName: string | undefined,
): Resync => {
  const record = ascii(`\n${indent}<${recordName}`);
  const root = rootName === undefined ? undefined : ascii(`\n${indent}</${rootName}`);
  const atRecord = firstDelimited(bytes, record, from, end);
  const atRoot =
    root === undefined ? NONE : firstDelimited(bytes, root, from, Math.min(end, atRecord + root.length + 1));
  const found = Math.min(atRecord, atRoot);
  if (found !== NONE) return { kind: 'found', position: found + 1 + indent.length };
  const longest = Math.max(record.length, root?.length ?? 0);
  return { kind: 'more', position: Math.max(from, end - longest), afterEndTag: false };
};

/**
 * The same for a broken record that followed something else on its line: a record's start tag, or the root's end tag,
 * that follows a record's end tag with only white space between.
 */
export const resyncAfterEndTag = (
  bytes: Buffer,
  from: number,
  end: number,
  afterEndTag: boolean,
  recordName: string,
  rootName: string | undefined,
): Resync => {
  const endTag = ascii(`</${recordName}>`);
  const record = ascii(`<${recordName}`);
  const root = rootName === undefined ? undefined : ascii(`</${rootName}`);
  let position = from;
  let follows = afterEndTag;
  for (;;) {
    if (!follows) {
      const found = indexOfBytes(bytes, endTag, position, end);
      if (found === -1) {
        return { kind: 'more', position: Math.max(position, end - endTag.length + 1), afterEndTag: false };
      }
      position = found + endTag.length;
    }
    position = skipSpace(bytes, position, end);
    const here =
      startsTag(bytes, position, end, record) || (root !== undefined && startsTag(bytes, position, end, root));
    if (here) return { kind: 'found', position };
    const undecided =
      position === end ||
      (bytes[position] === LESS_THAN &&
        (startsTag(bytes, position, end, record) === undefined ||
          (root !== undefined && startsTag(bytes, position, end, root) === undefined)));
    if (undecided) return { kind: 'more', position, afterEndTag: true };
    follows = false;
  }
};

/**
 * The root's start tag, if it comes before the place where reading would resume: another document begins in the broken
 * record, because the one before was cut off there.
 */
export const resyncAtRoot = (bytes: Buffer, from: number, end: number, resync: Resync, rootName: string): Resync => {
  const limit = resync.kind === 'found' ? resync.position : end;
  const position = firstDelimited(bytes, ascii(`<${rootName}`), from, limit);
  return position === NONE ? resync : { kind: 'found', position };
};

const NONE = Number.POSITIVE_INFINITY;

/** The first occurrence of `tag` that a delimiter follows. */
const firstDelimited = (bytes: Buffer, tag: Uint8Array, from: number, end: number): number => {
  let position = from;
  for (;;) {
    position = indexOfBytes(bytes, tag, position, end);
    if (position === -1) return NONE;
    const delimiter = position + tag.length;
    if (delimiter < end && isNameEnd(bytes[delimiter]!)) return position;
    position++;
  }
};

const startsTag = (bytes: Buffer, position: number, end: number, tag: Uint8Array): boolean | undefined => {
  const isTag = isAt(bytes, position, end, tag);
  if (!isTag) return isTag;
  if (position + tag.length >= end) return undefined;
  return isNameEnd(bytes[position + tag.length]!);
};
