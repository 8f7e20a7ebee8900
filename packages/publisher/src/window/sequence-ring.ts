const INITIAL_CAPACITY = 1024;

/**
 * Items numbered 1, 2, 3, … in a ring buffer indexed by number: adding, finding and deleting one costs neither a search
 * nor an allocation. Items may be deleted in any order; the ring is as large as the widest span it has held.
 */
export class SequenceRing<T extends object> {
  #slots: (T | undefined)[] = new Array(INITIAL_CAPACITY);
  /** The capacity is a power of two, so that a mask maps numbers to slots. */
  #mask = INITIAL_CAPACITY - 1;
  #first = 1;
  #last = 0;

  /** The lowest number that is not deleted; one past {@link SequenceRing.last} if the ring is empty. */
  get first(): number {
    return this.#first;
  }

  /** The number of the item added last. */
  get last(): number {
    return this.#last;
  }

  /** Adds an item, which gets the number after {@link SequenceRing.last}. */
  push(item: T): void {
    if (this.#last + 1 - this.#first > this.#mask) this.#grow();
    this.#slots[++this.#last & this.#mask] = item;
  }

  /** The item of a number, if it was added and not deleted. */
  at(number: number): T | undefined {
    return number >= this.#first && number <= this.#last ? this.#slots[number & this.#mask] : undefined;
  }

  /** Deletes the item of a number between `first` and `last`. */
  delete(number: number): void {
    this.#slots[number & this.#mask] = undefined;
    while (this.#first <= this.#last && this.#slots[this.#first & this.#mask] === undefined) this.#first++;
  }

  #grow(): void {
    const mask = this.#mask * 2 + 1;
    const slots: (T | undefined)[] = new Array(mask + 1);
    for (let number = this.#first; number <= this.#last; number++) slots[number & mask] = this.at(number);
    this.#slots = slots;
    this.#mask = mask;
  }
}
