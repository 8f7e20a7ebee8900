/** What the very first bytes say about the encoding. */
export type EncodingCheck =
  | { kind: 'incomplete' }
  | { kind: 'supported'; markLength: number }
  | { kind: 'unsupported'; encoding: string };

const SUPPORTED = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

/** An XML declaration is one line; one that is longer than this is ignored. */
const MAX_DECLARATION_BYTES = 1024;

/** Reads a byte-order mark and an XML declaration at the very start. */
export const checkEncoding = (bytes: Buffer, end: number, isFinal: boolean): EncodingCheck => {
  if (bytes[0] === 0xff && end >= 2 && bytes[1] === 0xfe) return { kind: 'unsupported', encoding: 'UTF-16LE' };
  if (bytes[0] === 0xfe && end >= 2 && bytes[1] === 0xff) return { kind: 'unsupported', encoding: 'UTF-16BE' };
  if (end < 8 && !isFinal) return { kind: 'incomplete' };

  const markLength = end >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const encoding = unsupportedEncoding(bytes, markLength, end, isFinal);
  if (encoding === 'incomplete') return { kind: 'incomplete' };
  return encoding === undefined ? { kind: 'supported', markLength } : { kind: 'unsupported', ...encoding };
};

/** The encoding that an XML declaration at `start` names, unless there is none or it is supported. */
export const unsupportedEncoding = (
  bytes: Buffer,
  start: number,
  end: number,
  isFinal: boolean,
): { encoding: string } | 'incomplete' | undefined => {
  const head = bytes.toString('latin1', start, Math.min(end, start + MAX_DECLARATION_BYTES));
  if (!head.startsWith('<?xml')) return undefined;
  const close = head.indexOf('?>');
  if (close === -1) return !isFinal && head.length < MAX_DECLARATION_BYTES ? 'incomplete' : undefined;
  const declared = /^<\?xml\s(?:.*\s)?encoding\s*=\s*(?:"([^"]*)"|'([^']*)')/s.exec(head.slice(0, close));
  const encoding = declared?.[1] ?? declared?.[2];
  return encoding === undefined || SUPPORTED.has(encoding.toLowerCase()) ? undefined : { encoding };
};
