/** One message on its way. */
export interface Entry {
  readonly sequence: number;
  readonly routingKey: string;
  readonly messageId: string | undefined;
  readonly body: Buffer;
  settled: boolean;
  returned: boolean;
}

/**
 * The messages that are not known to be with the broker, in order, and the contiguous watermark before them.
 *
 * A ring indexed by sequence number: taking, settling and moving the watermark cost no search and no allocation
 * beyond the entry. The window is counted from the watermark, so one message that is stuck stops the others
 * `maxInFlight` later and the ring stays as small as the window.
 */
export class Outbox {
  #ring: (Entry | undefined)[] = new Array(1024);
  #mask = 1023;
  #published = 0;
  #confirmed = 0;
  #settled = 0;
  #bytes = 0;

  /** Messages taken so far; the last one's number. */
  get published(): number {
    return this.#published;
  }

  /** Messages 1 … `confirmed` are settled. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Messages settled so far, in any order. */
  get settled(): number {
    return this.#settled;
  }

  get unsettled(): number {
    return this.#published - this.#settled;
  }

  /** Bytes of the bodies beyond the watermark. */
  get bytes(): number {
    return this.#bytes;
  }

  add(routingKey: string, messageId: string | undefined, body: Buffer): Entry {
    if (this.#published - this.#confirmed > this.#mask) this.#grow();
    const sequence = ++this.#published;
    const entry: Entry = { sequence, routingKey, messageId, body, settled: false, returned: false };
    this.#ring[sequence & this.#mask] = entry;
    this.#bytes += body.length;
    return entry;
  }

  /** The entry of a number between `confirmed` (exclusive) and `published`. */
  at(sequence: number): Entry {
    return this.#ring[sequence & this.#mask] as Entry;
  }

  /** Marks an entry as with the broker and moves the watermark as far as it goes. */
  settle(entry: Entry): void {
    entry.settled = true;
    this.#settled++;
    while (this.#confirmed < this.#published) {
      const index = (this.#confirmed + 1) & this.#mask;
      const first = this.#ring[index] as Entry;
      if (!first.settled) break;
      this.#ring[index] = undefined;
      this.#confirmed++;
      this.#bytes -= first.body.length;
    }
  }

  *unsettledEntries(): IterableIterator<Entry> {
    for (let sequence = this.#confirmed + 1; sequence <= this.#published; sequence++) {
      const entry = this.at(sequence);
      if (!entry.settled) yield entry;
    }
  }

  #grow(): void {
    const mask = this.#mask * 2 + 1;
    const ring: (Entry | undefined)[] = new Array(mask + 1);
    for (let sequence = this.#confirmed + 1; sequence <= this.#published; sequence++) {
      ring[sequence & mask] = this.at(sequence);
    }
    this.#ring = ring;
    this.#mask = mask;
  }
}
