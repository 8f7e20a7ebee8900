/**
 * Random numbers from integers of 32 bits only, so that they are the same on every machine and Node version. The
 * generator is Chris Doty-Humphrey's sfc32; the keys are mixed with the finaliser of MurmurHash3.
 */
export class Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;

  /** Starts the stream of these keys. Streams of different keys are independent. */
  start(seed: number, stream: number, number: number): this {
    const low = number | 0;
    const high = (number / 0x1_0000_0000) | 0;
    this.a = mix(seed ^ Math.imul(low, 0x9e3779b1));
    this.b = mix(this.a ^ Math.imul(stream + 1, 0x85ebca77) ^ high);
    this.c = mix(this.b + low);
    this.counter = 1;
    for (let round = 0; round < 8; round++) this.next();
    return this;
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    return this.next() / 0x1_0000_0000;
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }

  /** An integer from `min` to `max`, inclusive. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability * 0x1_0000_0000;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  /** Picks a value; earlier ones are more likely, roughly as in Zipf's law for words. */
  pickEarly<T>(values: readonly T[]): T {
    const u = this.next() / 0x1_0000_0000;
    return values[Math.floor(u * u * u * values.length)] as T;
  }
}

const mix = (value: number): number => {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
};

/** Hashes a seed to 32 bits. The number 7 and the string '7' are the same seed. */
export const hashSeed = (seed: string | number): number => {
  const text = String(seed);
  let hash = mix(text.length + 0x9e3779b9);
  for (let index = 0; index < text.length; index++) hash = mix(Math.imul(hash, 31) + text.charCodeAt(index));
  return hash;
};
