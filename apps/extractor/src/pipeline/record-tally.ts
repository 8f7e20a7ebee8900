/** Counts records of a file by their numbers, up to a watermark that rises. */
export class RecordTally {
  /** Of the records up to the watermark. */
  #counted: number;
  /** Those past it: ranges of record numbers, in ascending order. */
  readonly #later: { first: number; readonly last: number }[] = [];

  /** @param counted - those up to the watermark that reading resumes after */
  constructor(counted = 0) {
    this.#counted = counted;
  }

  /** Records that were added, wherever the watermark is. */
  get total(): number {
    return this.#later.reduce((sum, { first, last }) => sum + last - first + 1, this.#counted);
  }

  /** Adds records past all that were added before. */
  add(first: number, last = first): void {
    this.#later.push({ first, last });
  }

  /** Counts those up to the watermark, which must not decrease. */
  upTo(watermark: number): number {
    for (let range = this.#later[0]; range !== undefined && range.first <= watermark; range = this.#later[0]) {
      this.#counted += Math.min(range.last, watermark) - range.first + 1;
      range.first = watermark + 1;
      if (range.first > range.last) this.#later.shift();
    }
    return this.#counted;
  }
}
