import { type Escape, escapeFor, INVALID_BYTE } from './escape.js';
import { Names } from './names.js';
import { Random } from './random.js';
import type { Traits } from './traits.js';

/** Writes the elements of one dump in the form of its era. Keeps no state from record to record. */
export class RecordWriter {
  /** The random numbers of the current record. */
  readonly random = new Random();
  readonly names: Names;
  private readonly escape: Escape;

  constructor(
    readonly traits: Traits,
    private readonly seed: number,
  ) {
    this.names = new Names(seed);
    this.escape = escapeFor(traits.characters);
  }

  /** Starts a record: all further draws depend only on the seed, the stream and this number. */
  startRecord(stream: number, number: number): void {
    this.random.start(this.seed, stream, number);
  }

  text(raw: string): string {
    const written = this.escape.text(raw);
    const { irregular } = this.traits;
    return irregular > 0 && this.random.chance(irregular) ? this.corruptText(written) : written;
  }

  attribute(raw: string): string {
    return this.escape.attribute(raw);
  }

  /** `<name>text</name>`, or the era's form of an empty element. */
  element(name: string, raw: string): string {
    return raw === '' ? this.empty(name) : `<${name}>${this.text(raw)}</${name}>`;
  }

  /** `<name>` around elements, or the era's form of an empty element. */
  wrap(name: string, inner: string): string {
    return inner === '' ? this.empty(name) : `<${name}>${inner}</${name}>`;
  }

  empty(name: string): string {
    switch (this.traits.empty) {
      case 'closed':
        return `<${name}/>`;
      case 'white-space':
        return `<${name}>\n</${name}>`;
      case 'omitted':
        return '';
    }
  }

  /** A start tag without its `>`. `pairs` alternates attribute names and unescaped values. */
  tag(name: string, ...pairs: string[]): string {
    let xml = `<${name}`;
    if (!this.traits.unstableAttributes) {
      for (let at = 0; at < pairs.length; at += 2) xml += ` ${pairs[at]}="${this.attribute(pairs[at + 1] as string)}"`;
      return xml;
    }
    const first = this.random.below(pairs.length / 2) * 2;
    for (let step = 0; step < pairs.length; step += 2) {
      const at = (first + step) % pairs.length;
      if (pairs[at + 1] !== '') xml += ` ${pairs[at]}="${this.attribute(pairs[at + 1] as string)}"`;
    }
    return xml;
  }

  /** Breaks a text in one of the ways in which the dumps before 2012 did. */
  private corruptText(text: string): string {
    switch (this.random.below(5)) {
      case 0:
        return `${text} & co`;
      case 1:
        return `${text}\u000b`;
      case 2:
        return `\u001f${text}`;
      case 3:
        return `${text}&#x1F;`;
      default:
        return `${text}${INVALID_BYTE}`;
    }
  }
}
