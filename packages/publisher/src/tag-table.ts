import type { Entry } from './outbox.js';

/**
 * Which message each outstanding delivery tag of one channel stands for. Brokers number the messages of a channel
 * 1, 2, 3, … and confirm them one by one or all up to a tag.
 */
export class TagTable {
  #ring: (Entry | undefined)[] = new Array(1024);
  #mask = 1023;
  #last = 0;
  /** Lowest tag that may be outstanding. */
  #low = 1;
  #outstanding = 0;

  /** The tag of the last message sent. */
  get last(): number {
    return this.#last;
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  add(entry: Entry): void {
    if (this.#last + 1 - this.#low > this.#mask) this.#grow();
    this.#last++;
    this.#ring[this.#last & this.#mask] = entry;
    this.#outstanding++;
  }

  /** Takes what a confirm of `tag` settles, each with its own tag, in order. */
  take(tag: number, multiple: boolean, visit: (entry: Entry, tag: number) => void): void {
    for (let each = multiple ? this.#low : tag; each <= tag; each++) {
      const index = each & this.#mask;
      const entry = each >= this.#low && each <= this.#last ? this.#ring[index] : undefined;
      if (!entry) continue;
      this.#ring[index] = undefined;
      this.#outstanding--;
      visit(entry, each);
    }
    while (this.#low <= this.#last && !this.#ring[this.#low & this.#mask]) this.#low++;
  }

  /** The oldest outstanding entry that `matches`. */
  find(matches: (entry: Entry) => boolean): Entry | undefined {
    for (let tag = this.#low; tag <= this.#last; tag++) {
      const entry = this.#ring[tag & this.#mask];
      if (entry && matches(entry)) return entry;
    }
    return undefined;
  }

  #grow(): void {
    const mask = this.#mask * 2 + 1;
    const ring: (Entry | undefined)[] = new Array(mask + 1);
    for (let tag = this.#low; tag <= this.#last; tag++) ring[tag & mask] = this.#ring[tag & this.#mask];
    this.#ring = ring;
    this.#mask = mask;
  }
}
