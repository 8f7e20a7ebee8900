import sax from 'sax';
import type { CommentOrInstruction } from '../document/scan-record.js';
import type { Reading } from '../reading.js';
import { addChild, type Element, newElement } from '../record/element.js';
import { trimWhiteSpace } from '../record/white-space.js';
import type { IrregularityKind, MalformedReason } from '../reports.js';
import { AMPERSAND_MARK, decodeText, decodeValue, restoreAmpersands } from './decode-references.js';
import { decodeUtf8 } from './decode-utf8.js';

/** A record's bytes and the result of `scanRecord`. Offsets are into `bytes`. */
export interface RecordBytes {
  bytes: Buffer;
  start: number;
  end: number;
  commentsAndInstructions: CommentOrInstruction[] | undefined;
  strayLessThan: number | undefined;
}

export type ReadElement =
  | { kind: 'element'; element: Element; irregularities: Map<IrregularityKind, number> }
  | { kind: 'malformed'; reason: MalformedReason; detail: string };

/** Literal control characters, other than tab, line feed and carriage return. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f]/g;

export interface ReadElementOptions {
  readonly reading: Reading;
  readonly maxDepth: number;
}

class Malformed extends Error {
  constructor(
    readonly reason: MalformedReason,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The object in which `sax` keeps a tag's attributes. It asks this object whether a name was seen before, silently
 * drops a repeated one, and fails on an attribute called `hasOwnProperty`. Attributes are collected here instead, so
 * this object always says no.
 */
const noAttributes = new Proxy({} as Record<string, string>, {
  get: () => () => false,
  set: () => true,
});

/**
 * Reads one record with `sax` in strict mode. `sax` decides whether the record is well-formed; entities,
 * duplicate attributes, the extent of comments and instructions, and white space are handled here (CONVERSION.md,
 * sections 3, 4 and 7).
 */
export const readElement = (record: RecordBytes, options: ReadElementOptions): ReadElement => {
  if (record.strayLessThan !== undefined) {
    // `sax` would skip white space after a `<`.
    const offset = record.strayLessThan - record.start;
    return {
      kind: 'malformed',
      reason: 'not-well-formed',
      detail: `a "<" that begins no markup, ${offset} bytes into the record`,
    };
  }
  const builder = new ElementBuilder(options);
  try {
    let position = record.start;
    for (const commentOrInstruction of record.commentsAndInstructions ?? []) {
      builder.feed(record.bytes.subarray(position, commentOrInstruction.start), true);
      // `sax` does not take `??>` for the end of an instruction, so it is never given one. Entities must not span
      // either.
      builder.endText();
      if (commentOrInstruction.kind === 'comment')
        builder.feed(record.bytes.subarray(commentOrInstruction.start, commentOrInstruction.end), false);
      position = commentOrInstruction.end;
    }
    builder.feed(record.bytes.subarray(position, record.end), true);
    return { kind: 'element', element: builder.finish(), irregularities: builder.irregularities };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { kind: 'malformed', reason: error.reason, detail: error.message };
  }
};

/** Builds the element tree from the events of one `sax` parser. */
class ElementBuilder {
  readonly irregularities = new Map<IrregularityKind, number>();
  readonly #reading: Reading;
  readonly #parser: sax.SAXParser;
  readonly #open: Element[] = [];
  #root: Element | undefined;

  constructor({ reading, maxDepth }: ReadElementOptions) {
    this.#reading = reading;
    const parser = sax.parser(true, { position: false });
    this.#parser = parser;
    // Text of any length comes in one piece: the size of records is limited already.
    (parser as unknown as { bufferCheckPosition: number }).bufferCheckPosition = Number.POSITIVE_INFINITY;
    const count = this.#count;

    parser.onerror = (error) => {
      throw new Malformed('not-well-formed', error.message.split('\n', 1)[0]!);
    };
    parser.onopentagstart = (tag) => {
      (tag as sax.Tag).attributes = noAttributes;
      if (this.#open.length >= maxDepth) throw new Malformed('too-deep', `deeper than ${maxDepth} elements`);
      const element = newElement(tag.name);
      const parent = this.#open.at(-1);
      if (parent === undefined) this.#root = element;
      else addChild(parent, element);
      this.#open.push(element);
    };
    parser.onattribute = ({ name, value }) => {
      const element = this.#open.at(-1)!;
      element.attributes ??= new Map();
      if (element.attributes.has(name)) {
        throw new Malformed('duplicate-attribute', `attribute ${name} twice in one tag`);
      }
      element.attributes.set(name, decodeValue(this.#checkControls(value), reading, count));
    };
    parser.onclosetag = () => {
      const element = this.#open.pop()!;
      const trimmed = trimWhiteSpace(element.text);
      if (reading === 'xmltodict' || trimmed === '') element.text = trimmed;
    };
    parser.ontext = (text) => {
      this.#append(decodeText(this.#checkControls(text), reading, count));
    };
    parser.oncdata = (text) => {
      this.#append(restoreAmpersands(this.#checkControls(text)));
    };
  }

  feed(bytes: Buffer, isContent: boolean): void {
    const { text, replaced } = decodeUtf8(bytes);
    if (isContent && replaced > 0) this.#count('invalid-utf8', replaced);
    this.#parser.write(text.includes('&') ? text.replaceAll('&', AMPERSAND_MARK) : text);
  }

  endText(): void {
    this.#parser.flush();
  }

  finish(): Element {
    this.#parser.close();
    return this.#root!;
  }

  #append(text: string): void {
    const element = this.#open.at(-1);
    if (element !== undefined) element.text += text;
  }

  /** Counts literal control characters, and replaces U+0000 for the platform: PostgreSQL does not store it in JSONB. */
  #checkControls(text: string): string {
    const found = text.match(CONTROL);
    if (found === null) return text;
    const nuls = this.#reading === 'platform' ? found.filter((control) => control === '\0').length : 0;
    if (found.length > nuls) this.#count('control-character', found.length - nuls);
    if (nuls === 0) return text;
    this.#count('nul-character', nuls);
    return text.replaceAll('\0', '\uFFFD');
  }

  readonly #count = (kind: IrregularityKind, times = 1): void => {
    this.irregularities.set(kind, (this.irregularities.get(kind) ?? 0) + times);
  };
}
