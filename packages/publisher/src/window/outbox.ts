import type { Deferred } from '../deferred.js';
import type { OwnProperties } from '../message-properties.js';
import { SequenceRing } from './sequence-ring.js';

/** A message to send, until the broker has it. */
export interface OutboxEntry {
  /** Number of the message, counted from 1; 0 for a probe, which is not part of the sequence. */
  readonly sequence: number;
  readonly routingKey: string;
  readonly messageId: string | undefined;
  readonly body: Buffer;
  /** `undefined` if the message has the exchange and the properties of the publisher. */
  readonly own: OwnProperties | undefined;
  /** Chooses the partition of queues that have some; at most 255 bytes. `undefined` for all of them. */
  readonly partitionKey: string | undefined;
  /** Settled with the message, for a caller who waits for this one. */
  confirmation: Deferred<number> | undefined;
  settled: boolean;
  returned: boolean;
}

/**
 * The messages that the broker is not known to have, in order, and the contiguous watermark before them.
 *
 * The window is counted from the watermark: a single message that stays unsettled stops the others `maxInFlight` later,
 * so the ring stays as small as the window.
 */
export class Outbox {
  readonly #entries = new SequenceRing<OutboxEntry>();
  #settled = 0;
  #bytes = 0;

  /** Messages added so far, which is the number of the last one. */
  get published(): number {
    return this.#entries.last;
  }

  /** Messages 1 … `confirmed` are settled. */
  get confirmed(): number {
    return this.#entries.first - 1;
  }

  /** Messages settled so far, in any order. */
  get settled(): number {
    return this.#settled;
  }

  get unsettled(): number {
    return this.published - this.#settled;
  }

  /** Bytes of the bodies past the watermark. */
  get bytes(): number {
    return this.#bytes;
  }

  add(
    routingKey: string,
    messageId: string | undefined,
    body: Buffer,
    own?: OwnProperties,
    confirmation?: Deferred<number>,
    partitionKey?: string,
  ): OutboxEntry {
    const sequence = this.#entries.last + 1;
    const entry: OutboxEntry = {
      sequence,
      routingKey,
      messageId,
      body,
      own,
      partitionKey,
      confirmation,
      settled: false,
      returned: false,
    };
    this.#entries.push(entry);
    this.#bytes += body.length;
    return entry;
  }

  /** The entry of a number between `confirmed` (exclusive) and `published`. */
  at(sequence: number): OutboxEntry {
    return this.#entries.at(sequence) as OutboxEntry;
  }

  /** Marks an entry as confirmed by the broker and moves the watermark as far as possible. */
  settle(entry: OutboxEntry): void {
    entry.settled = true;
    this.#settled++;
    for (;;) {
      const { first } = this.#entries;
      const oldest = this.#entries.at(first);
      if (!oldest?.settled) return;
      this.#bytes -= oldest.body.length;
      this.#entries.delete(first);
    }
  }

  *unsettledEntries(): IterableIterator<OutboxEntry> {
    for (let sequence = this.confirmed + 1; sequence <= this.published; sequence++) {
      const entry = this.at(sequence);
      if (!entry.settled) yield entry;
    }
  }
}
