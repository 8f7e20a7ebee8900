/** The id of a record that has none. Such a record is always sent, is in no store, and is never reported as deleted. */
export const UNKNOWN_ID = 'unknown';

const MAX_DIGITS = 15;

/** A number, for ids that are one in canonical form, else the text. So that `7`, `07` and `7 ` stay different ids. */
export type IdKey = number | string;

/** Returns the key of an id. Nearly all ids are numbers, which take a fraction of the space of texts. */
export const keyOf = (id: string): IdKey => {
  const { length } = id;
  if (length === 0 || length > MAX_DIGITS) return id;
  let value = 0;
  for (let index = 0; index < length; index++) {
    const digit = id.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return id;
    value = value * 10 + digit;
  }
  return id.charCodeAt(0) === 48 && length > 1 ? id : value;
};

/**
 * Reads the id of a record from its XML, which may be malformed past the id: the attribute `id` of its start tag, else
 * the text of an element `id` directly in it. Returns `undefined` if anything before it is unclear, so that a wrong
 * record is never taken for the malformed one.
 *
 * @param xml - begins with the record's start tag
 */
export const readRecordId = (xml: Uint8Array): string | undefined => {
  const text = Buffer.from(xml.buffer, xml.byteOffset, xml.byteLength).toString('utf8');
  const start = /^<([A-Za-z_][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*>/.exec(text);
  if (start === null) return undefined;
  const own = /\sid\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(start[2]!);
  if (own !== null) return plain(own[1] ?? own[2]!);
  return readChildId(text, start[0].length);
};

const TAG = /<(?:(\/)([\w:.-]+)\s*|([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?))>/y;

const readChildId = (text: string, from: number): string | undefined => {
  const open: string[] = [];
  for (let at = text.indexOf('<', from); at !== -1; at = text.indexOf('<', at + 1)) {
    TAG.lastIndex = at;
    const tag = TAG.exec(text);
    if (tag === null) return undefined;
    const [whole, isEnd, endName, name, , isEmpty] = tag;
    if (isEnd) {
      if (open.pop() !== endName) return undefined;
    } else if (name === 'id' && open.length === 0) {
      const value = /^([^<&]*)<\/id\s*>/.exec(text.slice(at + whole.length, at + whole.length + 200));
      return isEmpty || value === null ? undefined : plain(value[1]!);
    } else if (!isEmpty) open.push(name!);
  }
  return undefined;
};

/** An id as the parser delivers it, or `undefined` if it has references or nothing in it. */
const plain = (value: string): string | undefined => {
  const trimmed = value.trim();
  return trimmed === '' || /[&<]/.test(trimmed) ? undefined : trimmed;
};
