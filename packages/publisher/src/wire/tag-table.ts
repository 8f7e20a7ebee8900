import type { OutboxEntry } from '../window/outbox.js';
import { SequenceRing } from '../window/sequence-ring.js';

/**
 * The message of each outstanding delivery tag of a channel. Brokers number the messages of a channel 1, 2, 3, … and
 * confirm them one by one, or all up to a tag.
 */
export class TagTable {
  readonly #entries = new SequenceRing<OutboxEntry>();
  #outstanding = 0;

  /** The tag of the last message sent. */
  get last(): number {
    return this.#entries.last;
  }

  /** Messages sent and not confirmed. */
  get outstanding(): number {
    return this.#outstanding;
  }

  add(entry: OutboxEntry): void {
    this.#entries.push(entry);
    this.#outstanding++;
  }

  /** Removes what a confirm of `tag` settles, and calls `visit` for each message with its tag, in order. */
  take(tag: number, multiple: boolean, visit: (entry: OutboxEntry, tag: number) => void): void {
    const entries = this.#entries;
    const end = Math.min(tag, entries.last);
    for (let each = multiple ? entries.first : tag; each <= end; each++) {
      const entry = entries.at(each);
      if (!entry) continue;
      entries.delete(each);
      this.#outstanding--;
      visit(entry, each);
    }
  }

  /** The oldest outstanding message that `matches`. */
  find(matches: (entry: OutboxEntry) => boolean): OutboxEntry | undefined {
    for (let tag = this.#entries.first; tag <= this.#entries.last; tag++) {
      const entry = this.#entries.at(tag);
      if (entry && matches(entry)) return entry;
    }
    return undefined;
  }
}
