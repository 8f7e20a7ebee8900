import { type Escape, escapeFor, INVALID_BYTE } from './escape.js';
import { Names } from './names.js';
import { Random } from './random.js';
import type { Traits } from './traits.js';

/** Writes the elements of one dump, in the way of its era. Keeps nothing from record to record. */
export class Pen {
  /** The stream of the record in hand. */
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

  /** Turns to a record: what is drawn from now on depends on nothing but the seed, the stream and this number. */
  turnTo(stream: number, number: number): void {
    this.random.start(this.seed, stream, number);
  }

  text(raw: string): string {
    const written = this.escape.text(raw);
    const { irregular } = this.traits;
    return irregular > 0 && this.random.chance(irregular) ? this.spoil(written) : written;
  }

  attribute(raw: string): string {
    return this.escape.attribute(raw);
  }

  /** `<name>text</name>`, or what the era makes of an empty one. */
  element(name: string, raw: string): string {
    return raw === '' ? this.empty(name) : `<${name}>${this.text(raw)}</${name}>`;
  }

  /** `<name>` around elements, or what the era makes of an empty one. */
  wrap(name: string, inner: string): string {
    return inner === '' ? this.empty(name) : `<${name}>${inner}</${name}>`;
  }

  empty(name: string): string {
    switch (this.traits.empty) {
      case 'closed':
        return `<${name}/>`;
      case 'white-space':
        return `<${name}>\n</${name}>`;
      case 'left-out':
        return '';
    }
  }

  /** A start tag without its `>`: names and values by turns, the values not yet escaped. */
  tag(name: string, ...pairs: string[]): string {
    let xml = `<${name}`;
    if (!this.traits.looseAttributes) {
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

  /** What the dumps before 2012 did to texts. */
  private spoil(text: string): string {
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
