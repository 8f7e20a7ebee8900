/** A private-use character that {@link encodeXml} replaces with a byte that is not UTF-8. */
export const INVALID_BYTE = '\uf8ff';

const IN_TEXT: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };
const IN_ATTRIBUTE: Readonly<Record<string, string>> = {
  ...IN_TEXT,
  '"': '&quot;',
  '\r': '&#xD;',
  '\n': '&#xA;',
  '\t': '&#x9;',
};

/** Writes text and attribute values as XML. */
export interface Escape {
  text(raw: string): string;
  attribute(raw: string): string;
}

/** The form of the excerpts: ASCII only, with decimal references in text and hexadecimal ones in attributes. */
const asReferences: Escape = {
  text: (raw) =>
    /[&<>\r\u0080-\uffff]/.test(raw)
      ? raw.replace(/[&<>\r\u0080-\u{10ffff}]/gu, (at) => IN_TEXT[at] ?? `&#${at.codePointAt(0)};`)
      : raw,
  attribute: (raw) =>
    /[&<>"\r\n\t\u0080-\uffff]/.test(raw)
      ? raw.replace(
          /[&<>"\r\n\t\u0080-\u{10ffff}]/gu,
          (at) => IN_ATTRIBUTE[at] ?? `&#x${(at.codePointAt(0) as number).toString(16).toUpperCase()};`,
        )
      : raw,
};

const asUtf8: Escape = {
  text: (raw) => (/[&<>\r]/.test(raw) ? raw.replace(/[&<>\r]/g, (at) => IN_TEXT[at] as string) : raw),
  attribute: (raw) =>
    /[&<>"\r\n\t]/.test(raw) ? raw.replace(/[&<>"\r\n\t]/g, (at) => IN_ATTRIBUTE[at] as string) : raw,
};

export const escapeFor = (characters: 'references' | 'utf8'): Escape =>
  characters === 'references' ? asReferences : asUtf8;

/** The bytes of generated XML. */
export const encodeXml = (xml: string): Buffer => {
  if (!xml.includes(INVALID_BYTE)) return Buffer.from(xml, 'utf8');
  const parts: Buffer[] = [];
  for (const part of xml.split(INVALID_BYTE)) {
    if (parts.length > 0) parts.push(Buffer.of(0xe9));
    parts.push(Buffer.from(part, 'utf8'));
  }
  return Buffer.concat(parts);
};
