/*
 * The kernel's memory, and how it works through it.
 *
 * Everything happens in one linear memory without an allocator: each table has a fixed place, and every record starts
 * over at the tables' beginnings. JavaScript copies a block of XML to INPUT, or has it gunzipped there, calls `run`, and
 * finds finished lines at the output (input and output come last; `layout` says where they end).
 *
 *   PREFIX_MASK     32 bytes       16 × ff, 16 × 00: a load at +(16 − n) is a mask for the first n bytes
 *   RESULT          8 words        what `run` tells JavaScript beside its status
 *   SEED            128 bytes      the record's name, written by JavaScript
 *   SPARE_SPAN      a span         for text that may have to be dropped
 *   HISTOGRAM       256 words      for the counting sort of wide objects
 *   NAME_INDEX      2048 words     hash table: name → its slot
 *   NAMES           255 slots      interned names: the name, its rank in byte order, its JSON keys ready to copy
 *   WORK            32 bytes each  per record: where its JSON is and how to turn it into a message (messages.ts)
 *   TABLE           16 bytes each  per record: what JavaScript gets to see
 *   UNKNOWNS        2 words each   per record without an id: its number in the run, its place in the input
 *   DIGESTS         32 bytes each  per record: its SHA-256, written by JavaScript
 *   KEYS            words          pass 2's stack of sort keys
 *   ATTRIBUTES      16 bytes each  of the record at hand, in document order
 *   ELEMENTS        32 bytes each  of the record at hand, in document order
 *   INFLATER        576 KiB        where an inflater works that shares this memory (gunzip/layout.ts)
 *   HISTORY         32 KiB         before the input, what such an inflater reaches back to
 *   input           the XML, followed by SLACK zero bytes
 *   output          the lines, followed by SLACK bytes
 *
 * A record is read in two passes and a half.
 *
 * Pass 1 (scan.ts) walks the record's bytes once. It proves the record regular and fills ELEMENTS and ATTRIBUTES: names as pointers to
 * their slots, texts and values as spans of the input. Elements stand in document order, each knowing where its subtree
 * ends, so that the table is the tree. Between the passes utf8.ts validates the record's bytes.
 *
 * Pass 2 (write.ts) walks the elements recursively and writes canonical JSON: for each object it sorts words made of a
 * name's rank and an element's number, so that a stable order falls out of any sort, and copies keys, texts and values.
 *
 * The half pass (messages.ts), after JavaScript has hashed the JSON where it lies, turns JSON into message in place.
 *
 * Two habits keep the inner loops short:
 *
 * - The input is followed by zero bytes. Zero is no name character, no quote, no `<` and not allowed in text, so every
 *   scanner stops there by itself and none compares positions with the end. Where a scanner stopped tells whether the
 *   record is irregular (before the end) or unfinished (at the end).
 * - Loads and stores are 16 bytes wide even where fewer bytes count; SLACK bytes behind input and output (and what
 *   follows each table) take the overhang. Before pass 2 the record's JSON is bounded from its counts, and the record is
 *   left for the next call where it might not fit, so that pass 2 compares nothing with the output's end.
 */

/** Bytes that may be read or written behind a span by 16-byte loads and stores. */
export const SLACK: usize = 64;

/** Records per call. */
export const MAX_RECORDS: usize = 1 << 15;
/** Elements of one record. */
export const MAX_ELEMENTS: usize = 1 << 18;
/** Attributes of one record. */
export const MAX_ATTRIBUTES: usize = 1 << 18;
/** Different names; one rank (255) is kept for the end mark of a key list. */
export const MAX_NAMES: usize = 255;

export const NAME_SLOT_BYTES: usize = 192;
export const NAME_INDEX_BITS: u32 = 11;
export const ELEMENT_BYTES: usize = 32;
export const ATTRIBUTE_BYTES: usize = 16;
export const WORK_BYTES: usize = 32;
export const TABLE_BYTES: usize = 16;
export const UNKNOWN_BYTES: usize = 8;
export const DIGEST_BYTES: usize = 32;

export const PREFIX_MASK: usize = 1024;
export const RESULT: usize = PREFIX_MASK + 64;
export const SEED: usize = RESULT + 64;
export const SPARE_SPAN: usize = SEED + 128;
export const HISTOGRAM: usize = SPARE_SPAN + 64;
export const NAME_INDEX: usize = HISTOGRAM + 4 * 256;
export const NAMES: usize = NAME_INDEX + (4 << NAME_INDEX_BITS) + 64;
export const WORK: usize = NAMES + (MAX_NAMES + 1) * NAME_SLOT_BYTES;
export const TABLE: usize = WORK + MAX_RECORDS * WORK_BYTES;
export const UNKNOWNS: usize = TABLE + MAX_RECORDS * TABLE_BYTES;
export const DIGESTS: usize = UNKNOWNS + MAX_RECORDS * UNKNOWN_BYTES;
export const KEYS: usize = DIGESTS + MAX_RECORDS * DIGEST_BYTES;
// Twice the elements: the counting sort scatters into what follows its list. The rest is for attributes and end marks.
export const ATTRIBUTES: usize = KEYS + 4 * (2 * MAX_ELEMENTS + 4096);
export const ATTRIBUTES_END: usize = ATTRIBUTES + MAX_ATTRIBUTES * ATTRIBUTE_BYTES;
export const ELEMENTS: usize = ATTRIBUTES_END + SLACK;
export const ELEMENTS_END: usize = ELEMENTS + MAX_ELEMENTS * ELEMENT_BYTES;
export const INFLATER: usize = (ELEMENTS_END + SLACK + 63) & ~63;
export const INFLATER_BYTES: usize = 576 << 10;
export const HISTORY: usize = INFLATER + INFLATER_BYTES;
export const HISTORY_BYTES: usize = 32 << 10;
export const INPUT: usize = HISTORY + HISTORY_BYTES;

/** A text or value: where it lies in the input, and what it holds. A start of 0: there is none. */
export namespace Span {
  export const START: usize = 0;
  export const END: usize = 4;
  /** Bits of Content. */
  export const CONTENT: usize = 8;
}

export const SPAN_BYTES: usize = 12;

/** The fields of an entry of ELEMENTS. All are addresses, 0 stands for none. */
export namespace Element {
  /** The name's slot. */
  export const NAME: usize = 0;
  /** The parent's entry; 0 for the record. */
  export const PARENT: usize = 4;
  /** A Span, untrimmed. */
  export const TEXT: usize = 8;
  /** First entry behind the element's descendants. */
  export const SUBTREE_END: usize = 20;
  /** The attributes' entries. */
  export const ATTRIBUTES: usize = 24;
  export const ATTRIBUTES_END: usize = 28;
}

/** The fields of an entry of ATTRIBUTES. */
export namespace Attribute {
  /** The name's slot. */
  export const NAME: usize = 0;
  /** A Span. */
  export const VALUE: usize = 4;
}

/** What a text or value holds that keeps it from being copied as it stands. Bits; 0 means that it can be copied. */
export namespace Content {
  /** `"`, `\`, tab, line feed or carriage return. */
  export const ESCAPES: usize = 1;
  /** Entity or character references. */
  export const REFERENCES: usize = 2;
}

/** The fields of an entry of WORK. */
export namespace Work {
  export const JSON_START: usize = 0;
  export const JSON_END: usize = 4;
  /** Where the member `id` begins (its comma or brace); its bytes, 0 where there is none. */
  export const MEMBER_START: usize = 8;
  export const MEMBER_BYTES: usize = 12;
  /** The record's id, a span of the input; start 0: it has none. */
  export const ID_START: usize = 16;
  export const ID_BYTES: usize = 20;
  export const MESSAGE_START: usize = 24;
}

/** The fields of an entry of TABLE. */
export namespace Table {
  export const START: usize = 0;
  export const END: usize = 4;
  export const ID_START: usize = 8;
  export const ID_END: usize = 12;
}

/** The words of RESULT. */
export namespace Result {
  /** Address of the first byte not consumed. */
  export const POSITION: usize = 0;
  export const RECORDS: usize = 4;
  export const UNKNOWN_IDS: usize = 8;
  export const OUTPUT_END: usize = 12;
  /** When the output was too small even for one record: the bytes it takes. */
  export const NEEDED: usize = 16;
}

export namespace Status {
  export const INCOMPLETE: u32 = 0;
  export const IRREGULAR: u32 = 1;
  export const FULL: u32 = 2;
}

export namespace Mode {
  export const MESSAGES: u32 = 0;
  export const JSON: u32 = 1;
  export const COUNT: u32 = 2;
}

/** Where the input ends: the address of the first of its zero bytes. */
export let inputEnd: usize = INPUT;
export let outputStart: usize = 0;
export let outputEnd: usize = 0;

export function setInputEnd(address: usize): void {
  inputEnd = address;
  memory.fill(address, 0, SLACK);
}

export function setOutput(start: usize, end: usize): void {
  outputStart = start;
  outputEnd = end;
}
