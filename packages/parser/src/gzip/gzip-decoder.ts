import { crc32 } from 'node:zlib';
import type { Inflater } from './inflater.js';

/** What is wrong with a gzip stream: it ends early, or is damaged. */
export interface GzipFault {
  readonly kind: 'truncated' | 'damaged';
  readonly detail: string;
}

/** The state of a decoder, from which another one can continue, for example on another thread. */
export interface SavedDecoder extends DecoderPlace {
  /** What the inflater saved: `savedBytes` bytes. */
  readonly memory: Uint8Array;
}

/** The part of the state that is not in the inflater's memory. */
export interface DecoderPlace {
  readonly place: Place;
  readonly member: MemberSum;
}

/** The part of a gzip file (RFC 1952) that the next byte of input belongs to. */
type Place = 'header' | 'data' | 'trailer' | 'between' | 'padding';

/** CRC and size of the current member's bytes, which its trailer must confirm. */
interface MemberSum {
  crc: number;
  size: number;
}

const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;

/** Bits of a header's flags (RFC 1952, section 2.3.1). */
const HEADER_CRC = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;
const RESERVED = 0xe0;

/** A longer header counts as damage, although the format limits neither its name nor its comment. */
const MAX_HEADER_BYTES = 256 * 1024;

/** How much more than its limit the inflater may write: a match of maximum length. */
export const MAX_OVERRUN_BYTES = 258;

/**
 * Input is copied to the inflater in pieces of this size, so that little of it has to be passed on to another decoder.
 */
const FEED_BYTES = 64 * 1024;

/**
 * Gunzips in memory, synchronously: one member or several in a row, with zeros allowed after the last. Verifies every
 * member's checksum and length.
 *
 * `push` takes input, `finish` its end, `read` returns output.
 */
export class GzipDecoder {
  readonly #inflater: Inflater;
  readonly #input: Uint8Array[] = [];
  #finished = false;
  #place: Place = 'header';
  #member: MemberSum = { crc: 0, size: 0 };
  /** How many bytes of the inflater's output were read. */
  #taken = 0;
  #fault: GzipFault | undefined;

  /**
   * @param inflater - belongs to this decoder while it is used
   * @param saved - the state to continue from
   * @param offset - where output begins in that case: see `Inflater.restore`
   */
  constructor(inflater: Inflater, saved?: SavedDecoder, offset?: number) {
    this.#inflater = inflater;
    if (saved === undefined) {
      inflater.reset();
      return;
    }
    inflater.restore(saved.memory, offset);
    this.#place = saved.place;
    this.#member = saved.member;
  }

  /**
   * Saves the state for another decoder, which needs the {@link unused} input too; this one must not be used again. Not
   * after a fault, and not while there is {@link unread} output.
   *
   * @param memory - takes the inflater's `savedBytes`
   */
  save(memory: Uint8Array): DecoderPlace {
    this.#inflater.save(memory);
    return { place: this.#place, member: this.#member };
  }

  /** How many bytes of the input were not used yet. */
  get unused(): number {
    return this.#input.reduce((sum, piece) => sum + piece.length, this.#inflater.input.length);
  }

  /** A copy of them. */
  unusedInput(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Buffer.concat([this.#inflater.input, ...this.#input]));
  }

  /** Adds input; it must not change until it was used. */
  push(bytes: Uint8Array): void {
    this.#input.push(bytes);
  }

  /** How many pieces of input still wait. */
  get waiting(): number {
    return this.#input.length;
  }

  /** Ends the input. */
  finish(): void {
    this.#finished = true;
  }

  /** The fault, once all output before it was read. */
  get fault(): GzipFault | undefined {
    return this.unread > 0 ? undefined : this.#fault;
  }

  /** Whether there is a fault, even if output before it was not read yet. */
  get failed(): boolean {
    return this.#fault !== undefined;
  }

  /** How many bytes of output were not read yet. */
  get unread(): number {
    return this.#inflater.output.length - this.#taken;
  }

  /**
   * Fills `target` and returns how many bytes it holds: fewer than its length at the end, at a fault, or if input is
   * missing.
   */
  read(target: Uint8Array): number {
    let filled = 0;
    for (;;) {
      if (this.unread > 0) filled += this.#readInto(target, filled);
      if (filled === target.length || this.#fault !== undefined || !this.#advance()) return filled;
    }
  }

  /**
   * Leaves output in the inflater's memory, each part after the one before, so that it need not be copied; not to be
   * mixed with {@link read}. Returns how many bytes: fewer than `bytes` at the end, at a fault, or if input is missing;
   * otherwise up to {@link MAX_OVERRUN_BYTES} more.
   */
  readInPlace(bytes: number): number {
    let filled = 0;
    while (filled < bytes && this.#fault === undefined) {
      this.#inflater.continueOutput(bytes - filled);
      this.#taken = 0;
      const canContinue = this.#advance();
      this.#taken = this.#inflater.output.length;
      filled += this.#taken;
      if (!canContinue) break;
    }
    return filled;
  }

  #readInto(target: Uint8Array, at: number): number {
    const part = this.#inflater.output.subarray(this.#taken, this.#taken + target.length - at);
    target.set(part, at);
    this.#taken += part.length;
    return part.length;
  }

  /** Takes one step; returns whether that was possible. */
  #advance(): boolean {
    switch (this.#place) {
      case 'header':
        return this.#readHeader();
      case 'data':
        return this.#inflate();
      case 'trailer':
        return this.#readTrailer();
      case 'between':
        return this.#readBetween();
      case 'padding':
        return this.#readPadding();
    }
  }

  #inflate(): boolean {
    const inflater = this.#inflater;
    if (this.#taken > 0) {
      inflater.resetOutput();
      this.#taken = 0;
    }
    const before = inflater.output.length;
    const status = inflater.inflate();
    const produced = inflater.output.subarray(before);
    if (produced.length > 0) {
      // Computed for each step, while the bytes are in the processor's cache.
      this.#member.crc = crc32(produced, this.#member.crc);
      this.#member.size += produced.length;
    }
    if (status === 'ended') this.#place = 'trailer';
    else if (status === 'damaged') this.#damaged(inflater.fault);
    else if (status === 'needs-input') return this.#takeInput() || produced.length > 0;
    return true;
  }

  /** Copies input to the inflater. If there is none although the input has ended, the stream is truncated. */
  #takeInput(): boolean {
    const [piece] = this.#input;
    if (piece === undefined) {
      if (this.#finished) this.#fault = { kind: 'truncated', detail: 'unexpected end of file' };
      return false;
    }
    const taken = this.#inflater.feed(piece.length > FEED_BYTES ? piece.subarray(0, FEED_BYTES) : piece);
    if (taken === piece.length) this.#input.shift();
    else this.#input[0] = piece.subarray(taken);
    return true;
  }

  #readHeader(): boolean {
    const { input } = this.#inflater;
    const length = headerLength(input);
    if (length === 'damaged' || (length === 'incomplete' && input.length > MAX_HEADER_BYTES)) {
      return this.#damaged('incorrect header check');
    }
    if (length === 'incomplete') return this.#takeInput();
    if ((input[3]! & HEADER_CRC) !== 0) {
      const sum = crc32(input.subarray(0, length - 2)) & 0xffff;
      if (sum !== input.readUInt16LE(length - 2)) return this.#damaged('header crc mismatch');
    }
    this.#inflater.skip(length);
    this.#inflater.start();
    this.#place = 'data';
    return true;
  }

  #readTrailer(): boolean {
    const { input } = this.#inflater;
    if (input.length < TRAILER_BYTES) return this.#takeInput();
    if (input.readUInt32LE(0) !== this.#member.crc) return this.#damaged('incorrect data check');
    if (input.readUInt32LE(4) !== this.#member.size % 2 ** 32) return this.#damaged('incorrect length check');
    this.#inflater.skip(TRAILER_BYTES);
    this.#member = { crc: 0, size: 0 };
    this.#place = 'between';
    return true;
  }

  /** Another member, zeros as padding, or the end. */
  #readBetween(): boolean {
    const { input } = this.#inflater;
    if (input.length === 0) return this.#moreInput();
    this.#place = input[0] === 0 ? 'padding' : 'header';
    return true;
  }

  #readPadding(): boolean {
    const { input } = this.#inflater;
    if (input.length === 0) return this.#moreInput();
    if (input.some((byte) => byte !== 0)) return this.#damaged('data other than zeros after its end');
    this.#inflater.skip(input.length);
    return true;
  }

  /** Takes more input where the stream may also end. */
  #moreInput(): boolean {
    return this.#input.length > 0 && this.#takeInput();
  }

  #damaged(detail: string): boolean {
    this.#fault = { kind: 'damaged', detail };
    return true;
  }
}

/** The length of a member's header, in bytes. */
const headerLength = (bytes: Buffer): number | 'incomplete' | 'damaged' => {
  const isOther = (index: number, expected: number): boolean => index < bytes.length && bytes[index] !== expected;
  if (isOther(0, 0x1f) || isOther(1, 0x8b) || isOther(2, 8)) return 'damaged';
  if (bytes.length < HEADER_BYTES) return 'incomplete';
  const flags = bytes[3]!;
  if ((flags & RESERVED) !== 0) return 'damaged';
  let length = HEADER_BYTES;
  if ((flags & EXTRA) !== 0) {
    if (bytes.length < length + 2) return 'incomplete';
    length += 2 + bytes.readUInt16LE(length);
  }
  for (const flag of [NAME, COMMENT]) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, length);
    if (end === -1 || length > bytes.length) return 'incomplete';
    length = end + 1;
  }
  if ((flags & HEADER_CRC) !== 0) length += 2;
  return length <= bytes.length ? length : 'incomplete';
};
