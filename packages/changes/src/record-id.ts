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

/** An attribute with the white space before it. */
const ATTRIBUTE = String.raw`\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*')`;

const START_TAG = new RegExp(`^<[A-Za-z_][\\w.-]*((?:${ATTRIBUTE})*)\\s*>`);

/**
 * Reads the id of a record from its XML, which may be malformed past the id: the attribute `id` of its start tag, else
 * the text of an element `id` directly in it. Returns `undefined` if anything before it is unclear, so that a wrong
 * record is never taken for the malformed one.
 *
 * @param xml - begins with the record's start tag
 */
export const readRecordId = (xml: Uint8Array): string | undefined => {
  const text = Buffer.from(xml.buffer, xml.byteOffset, xml.byteLength).toString('utf8');
  const start = START_TAG.exec(text);
  if (start === null) return undefined;
  const own = [...start[1]!.matchAll(/\s+([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].filter(
    ([, name]) => name === 'id',
  );
  if (own.length > 1) return undefined;
  if (own[0] !== undefined) return plain(own[0][2] ?? own[0][3]!);
  return readChildId(text, start[0].length);
};

const TAG = new RegExp(`<(?:(/)([\\w:.-]+)\\s*|([\\w:.-]+)((?:${ATTRIBUTE})*)\\s*(/?))>`, 'y');

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

/**
 * An id as the parser delivers it, or `undefined` if that is not certain: if it is empty, has references or invalid bytes,
 * or white space around it, which not every form of the records keeps.
 */
const plain = (value: string): string | undefined =>
  value === '' || value !== value.trim() || /[&<\uFFFD]/.test(value) ? undefined : value;
