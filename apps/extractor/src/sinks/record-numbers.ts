/**
 * Which records the messages of a file are. Records that a transform omitted have no message: they are done once every
 * record before them is.
 */
export class RecordNumbers {
  /** How many messages were sent, and the last record that is one of them or was omitted after them. */
  #sent = 0;
  #last: number;
  /** From each message on, counted from 1, how much higher the number of its record is. In ascending order. */
  readonly #shifts: { readonly message: number; readonly shift: number }[];

  /** @param after - the file's records before the first message */
  constructor(after: number) {
    this.#last = after;
    this.#shifts = [{ message: 1, shift: after }];
  }

  /** The last record that was sent or omitted. */
  get last(): number {
    return this.#last;
  }

  /** The messages that were sent for records. */
  get messages(): number {
    return this.#sent;
  }

  /** Has to be called for each message, in order. @param record - its number */
  sent(record: number): void {
    this.#sent++;
    this.#last = record;
    const shift = record - this.#sent;
    if (shift !== this.#shifts.at(-1)!.shift) this.#shifts.push({ message: this.#sent, shift });
  }

  /** Records up to this one were sent or omitted. */
  reached(record: number): void {
    this.#last = record;
  }

  /** The record of a message that was sent. */
  recordOf(message: number): number {
    return message + this.#shifts.findLast((each) => each.message <= message)!.shift;
  }

  /** Records 1 to this one are done if the first `messages` messages are confirmed. `messages` must not decrease. */
  doneAfter(messages: number): number {
    if (messages >= this.#sent) return this.#last;
    while (this.#shifts[1] !== undefined && this.#shifts[1].message <= messages) this.#shifts.shift();
    return this.recordOf(messages + 1) - 1;
  }
}
