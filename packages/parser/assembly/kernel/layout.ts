/*
 * The kernel's memory, and how it is used.
 *
 * There is one linear memory and no allocator: each table has a fixed address, and every record starts again at the
 * beginning of the tables. JavaScript copies or inflates a block of XML to INPUT, calls `run`, and finds the finished
 * lines in the output. Input and output are the last regions; `setRegions` sets their ends.
 *
 *   PREFIX_MASK     32 bytes       16 × ff, 16 × 00: a load at +(16 − n) is a mask for the first n bytes
 *   RESULT          8 words        the results of `run` in addition to its status
 *   RECORD_NAME     128 bytes      the record's name, written by JavaScript
 *   SEED            8 bytes        a random number, written by JavaScript
 *   SPARE_SPAN      a span         for text that may be discarded
 *   FORM            64 bytes each  the fields of records that are normalised, written by JavaScript
 *   HISTOGRAM       256 words      for the counting sort of objects with many members
 *   NAME_INDEX      2048 words     hash table: name → its slot
 *   NAMES           255 slots      interned names: the name, its rank in byte order, its JSON keys ready to copy
 *   WORK            32 bytes each  per record: where its JSON is and how it becomes a message (assemble-messages.ts)
 *   TABLE           16 bytes each  per record: its line, and its id or XML, for JavaScript
 *   UNKNOWN_IDS     2 words each   per record without an id: its index in the run, and its offset in the input shifted left by
 *                                 one bit, which is set if an empty child `id` was left out
 *   DIGESTS         32 bytes each  per record: its SHA-256
 *   SHA_CONSTANTS   72 words       the constants of SHA-256 (sha256.ts)
 *   SHA_WORDS       64 vectors     the words that are hashed, of four records at once
 *   SHA_STATE       8 vectors      their hashes so far
 *   SHA_LANES       256 bytes each which records these are
 *   KEYS            words          pass 2's stack of sort keys
 *   ATTRIBUTES      16 bytes each  the current record's attributes in document order
 *   ELEMENTS        32 bytes each  the current record's elements in document order
 *   PATH_NODES      64 bytes each  the inventory's tree of paths, with its counters (path-nodes.ts)
 *   PATH_ROWS       1 KiB each     per node: the nodes of its child elements and its attributes, by name
 *   EXAMPLES        12 bytes each  the records that were the first with something, and their ids
 *   SHAPES          64 bytes each  hash table: the shapes of elements, with their counts (element-shapes.ts)
 *   SHAPES_USED     words          the shapes that have a count
 *   PARTS           8 bytes each   what each shape consists of
 *   RECORD_PATHS    1 KiB          the number of records with each path, digit by digit
 *   FRAMES          16 bytes each  the sums of open elements (shape-sums.ts)
 *   UNITS           8 bytes each   the sums of the current record's elements that have something
 *   INFLATER        576 KiB        for an inflater that shares this memory (inflater/layout.ts)
 *   HISTORY         32 KiB         before the input: the output that such an inflater can refer back to
 *   input           the XML, followed by SLACK zero bytes
 *   output          the lines, followed by SLACK bytes
 *
 * A record takes these steps:
 *
 * Pass 1 (scan-record.ts) walks over the record's bytes once. It proves that the record is regular and fills ELEMENTS
 * and ATTRIBUTES: names as pointers to slots, texts and values as spans of the input. Elements are in document order,
 * and each has the address where its subtree ends, so the table is the record's tree. Then validate-utf8.ts validates
 * the bytes.
 *
 * Pass 2 (write-json.ts) walks over the elements recursively and writes canonical JSON. For each object it sorts words
 * that consist of a name's rank and an element's number, which makes the order stable with any sort, and copies keys,
 * texts and values.
 *
 * Records that are normalised take a third pass (normalize.ts): their JSON is written past the place where the output
 * goes, and from there to the output. Its members are noted in KEYS.
 *
 * Lines that transforms have to see are loaded in place of XML: transform-lines.ts finds what the transforms need, and
 * normalises and assembles those that are left unchanged.
 *
 * sha256.ts hashes the JSON of short records, and JavaScript that of long ones. Then assemble-messages.ts turns the JSON
 * into a message in place.
 *
 * Two conventions keep the inner loops short:
 *
 * - Zero bytes follow the input. Zero is not a name character, a quote or `<`, and it is not allowed in text, so every
 *   scanner stops there without comparing its position with the end. The address at which a scanner stopped shows
 *   whether the record is irregular (before the end) or incomplete (at the end).
 * - Loads and stores are 16 bytes wide, even if fewer bytes are needed. The SLACK bytes after input and output, and the
 *   region after each table, absorb the excess. Before pass 2, an upper bound of the JSON's size is computed from the
 *   record's counts. A record that might not fit is left for the next call, so pass 2 does not check the output's end.
 */

/** Bytes that 16-byte loads and stores may read or write past the end of a span. */
export const SLACK: usize = 64;

/** The number of records per call. */
export const MAX_RECORDS: usize = 1 << 15;
/** The number of elements of one record. */
export const MAX_ELEMENTS: usize = 1 << 18;
/** The number of attributes of one record. */
export const MAX_ATTRIBUTES: usize = 1 << 18;
/** The number of different names. Rank 255 is reserved for the end mark of a key list. */
export const MAX_NAMES: usize = 255;

export const NAME_SLOT_BYTES: usize = 256;
export const NAME_INDEX_BITS: u32 = 11;
export const ELEMENT_BYTES: usize = 32;
export const ATTRIBUTE_BYTES: usize = 16;
export const WORK_BYTES: usize = 32;
export const TABLE_BYTES: usize = 16;
export const UNKNOWN_ID_BYTES: usize = 8;
export const DIGEST_BYTES: usize = 32;
export const FIELD_BYTES: usize = 64;
export const MAX_FIELDS: usize = 8;
export const WANTED_FIELD_BYTES: usize = 64;
export const LINE_BYTES: usize = 24;
/** The number of paths of an inventory, plus one. */
export const MAX_PATH_NODES: usize = 1 << 11;
export const PATH_NODE_BYTES: usize = 64;
/**
 * A 16-bit number for each name as an element, then one for each name as an attribute. With a power of two, all rows
 * would be in the same few sets of the processor's cache.
 */
export const PATH_ROW_BYTES: usize = 4 * (MAX_NAMES + 1) + 64;
export const MAX_EXAMPLES: usize = 1 << 15;
export const EXAMPLE_BYTES: usize = 12;
export const SHAPE_BITS: u32 = 11;
export const MAX_SHAPES: usize = 1 << SHAPE_BITS;
export const SHAPE_BYTES: usize = 64;
export const MAX_PARTS: usize = 1 << 15;
export const PART_BYTES: usize = 8;
export const MAX_FRAMES: usize = 260;
export const FRAME_BYTES: usize = 16;
export const UNIT_BYTES: usize = 8;
export const RECORD_PATHS_BYTES: usize = 1024;

export const PREFIX_MASK: usize = 1024;
export const RESULT: usize = PREFIX_MASK + 64;
export const RECORD_NAME: usize = RESULT + 64;
export const SEED: usize = RECORD_NAME + 128;
export const SPARE_SPAN: usize = SEED + 16;
export const FORM: usize = SPARE_SPAN + 48;
export const HISTOGRAM: usize = FORM + MAX_FIELDS * FIELD_BYTES;
export const NAME_INDEX: usize = HISTOGRAM + 4 * 256;
export const NAMES: usize = NAME_INDEX + (4 << NAME_INDEX_BITS) + 64;
export const WORK: usize = NAMES + (MAX_NAMES + 1) * NAME_SLOT_BYTES;
export const TABLE: usize = WORK + MAX_RECORDS * WORK_BYTES;
export const UNKNOWN_IDS: usize = TABLE + MAX_RECORDS * TABLE_BYTES;
export const DIGESTS: usize = UNKNOWN_IDS + MAX_RECORDS * UNKNOWN_ID_BYTES;
export const SHA_CONSTANTS: usize = (DIGESTS + MAX_RECORDS * DIGEST_BYTES + 63) & ~63;
export const SHA_WORDS: usize = SHA_CONSTANTS + 4 * 80;
export const SHA_STATE: usize = SHA_WORDS + 16 * 64;
export const SHA_LANES: usize = SHA_STATE + 16 * 8;
export const KEYS: usize = SHA_LANES + 4 * 256;
/** While records are hashed there are no keys: the numbers of those that sha256.ts leaves to JavaScript. */
export const LONG_RECORDS: usize = KEYS;
/** And then, for JSON, the hashes as 64 digits each. */
export const HASH_DIGITS: usize = KEYS;
// Twice the elements, since the counting sort writes to the space after its list; plus attributes and end marks.
export const KEYS_END: usize = KEYS + 4 * (2 * MAX_ELEMENTS + 4096);
export const ATTRIBUTES: usize = KEYS_END;
export const ATTRIBUTES_END: usize = ATTRIBUTES + MAX_ATTRIBUTES * ATTRIBUTE_BYTES;
export const ELEMENTS: usize = ATTRIBUTES_END + SLACK;
export const ELEMENTS_END: usize = ELEMENTS + MAX_ELEMENTS * ELEMENT_BYTES;
/** What transforms are given of lines (transform-lines.ts) is noted where records that are read have their tables. */
export const WANTED_FIELDS: usize = ATTRIBUTES;
export const LINES: usize = ELEMENTS;
export const PATH_NODES: usize = (ELEMENTS_END + SLACK + 63) & ~63;
export const PATH_ROWS: usize = PATH_NODES + MAX_PATH_NODES * PATH_NODE_BYTES;
export const EXAMPLES: usize = PATH_ROWS + MAX_PATH_NODES * PATH_ROW_BYTES;
export const SHAPES: usize = (EXAMPLES + MAX_EXAMPLES * EXAMPLE_BYTES + 63) & ~63;
export const SHAPES_USED: usize = SHAPES + MAX_SHAPES * SHAPE_BYTES;
export const PARTS: usize = SHAPES_USED + 4 * MAX_SHAPES;
export const PARTS_END: usize = PARTS + MAX_PARTS * PART_BYTES;
export const RECORD_PATHS: usize = PARTS_END;
export const FRAMES: usize = RECORD_PATHS + RECORD_PATHS_BYTES;
export const UNITS: usize = FRAMES + MAX_FRAMES * FRAME_BYTES;
export const INFLATER: usize = UNITS + MAX_ELEMENTS * UNIT_BYTES;
export const INFLATER_BYTES: usize = 576 << 10;
export const HISTORY: usize = INFLATER + INFLATER_BYTES;
export const HISTORY_BYTES: usize = 32 << 10;
export const INPUT: usize = HISTORY + HISTORY_BYTES;

/** A text or value: its place in the input, and its content. A start of 0 means that there is none. */
export namespace Span {
  export const START: usize = 0;
  export const END: usize = 4;
  /** The bits of Content. */
  export const CONTENT: usize = 8;
}

export const SPAN_BYTES: usize = 12;

/** The fields of an entry of ELEMENTS. All are addresses; 0 means none. */
export namespace Element {
  /** The name's slot. */
  export const NAME: usize = 0;
  /** The parent's entry; 0 for the record. */
  export const PARENT: usize = 4;
  /** A Span, not trimmed. */
  export const TEXT: usize = 8;
  /** The entry after the element's last descendant. */
  export const SUBTREE_END: usize = 20;
  /** The entries of the element's attributes. */
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

/** Bits that describe why a text or value cannot be copied to JSON unchanged. 0 means that it can. */
export namespace Content {
  /** `"`, `\`, tab, line feed or carriage return. */
  export const ESCAPES: usize = 1;
  /** Entity or character references. */
  export const REFERENCES: usize = 2;
}

/** The fields of an entry of FORM: names of at most 16 bytes, padded with zeros. */
export namespace Field {
  export const CHANGE: usize = 0;
  export const NAME_BYTES: usize = 4;
  export const CHILD_BYTES: usize = 8;
  export const NAME: usize = 16;
  /** For lists: the name of the container's children. */
  export const CHILD: usize = 32;
}

/** What becomes of a field. */
export namespace Change {
  /** A list of what a container holds. */
  export const LIST: u32 = 0;
  /** The same, with its objects stripped. */
  export const STRIPPED_LIST: u32 = 1;
  /** The same, with an object in place of each string. */
  export const ITEMS: u32 = 2;
  /** An object is stripped. */
  export const STRIP: u32 = 3;
  /** An object is replaced with its text or `id`. */
  export const REFERENCE: u32 = 4;
}

/** The fields of an entry of WORK. */
export namespace Work {
  export const JSON_START: usize = 0;
  export const JSON_END: usize = 4;
  /** The address of the member `id` (of its comma or brace), and its length: 0 if there is no such member. */
  export const MEMBER_START: usize = 8;
  export const MEMBER_BYTES: usize = 12;
  /** The record's id, a span of the input. A start of 0 means that it has none. */
  export const ID_START: usize = 16;
  export const ID_BYTES: usize = 20;
  export const MESSAGE_START: usize = 24;
}

/** The fields of an entry of TABLE. */
export namespace Table {
  export const START: usize = 0;
  export const END: usize = 4;
  /** Messages: the id in the line. */
  export const ID_START: usize = 8;
  export const ID_END: usize = 12;
  /** Canonical JSON: the record in the input. */
  export const XML_START: usize = 8;
  export const XML_END: usize = 12;
}

/** The fields of an entry of PATH_NODES. */
export namespace PathNode {
  /**
   * 64 bits: the parent element of the last occurrence, as a number that increases from element to element over all
   * records, and in the low 20 bits how many occurrences there were in this parent.
   */
  export const LAST: usize = 0;
  /** The number of records with this path. */
  export const RECORDS: usize = 8;
  /** The largest number of occurrences in one parent. */
  export const MAX_REPEATS: usize = 12;
  /** The number of occurrences by what they hold: nothing, text, child elements, both. */
  export const COUNTS: usize = 16;
  /** The first record of each of these, and the first in which MAX_REPEATS was not 1. */
  export const FIRST: usize = 32;
  export const FIRST_REPEATED: usize = 48;
  /** The number of the parent's node; 0 for the record. */
  export const PARENT: usize = 52;
  /** The name's slot, plus 1 for an attribute. */
  export const NAME: usize = 56;
}

/** The fields of an entry of SHAPES. */
export namespace Shape {
  /** 64 bits; 0 if the entry is free. */
  export const SUM: usize = 0;
  /** The number of elements. */
  export const COUNT: usize = 8;
  /** The first record with one. */
  export const FIRST: usize = 12;
  /** 256 bits: one for each path that it has. */
  export const PATHS: usize = 16;
  /** The number of the element's path. */
  export const PATH: usize = 48;
  /** Its entries of PARTS. */
  export const PARTS: usize = 52;
  export const PARTS_END: usize = 56;
  /** Whether it is in SHAPES_USED. */
  export const IS_USED: usize = 60;
}

/** The fields of an entry of PARTS: child elements, attributes or text that are alike. */
export namespace Part {
  /** 16 bits: the number of their path. */
  export const PATH: usize = 0;
  /** 16 bits: what they are (Kind in element-shapes.ts). */
  export const KIND: usize = 2;
  /** How many. */
  export const COUNT: usize = 4;
}

/** The fields of an entry of EXAMPLES. */
export namespace Example {
  export const RECORD: usize = 0;
  /** A span of the input. A start of 0 means that the record has no id. */
  export const ID_START: usize = 4;
  export const ID_BYTES: usize = 8;
}

/** The fields of an entry of WANTED_FIELDS. */
export namespace WantedField {
  export const NAME_BYTES: usize = 0;
  /** 1 if all names that begin like this one are wanted. */
  export const IS_PREFIX: usize = 4;
  /** At most 32 bytes. */
  export const NAME: usize = 16;
}

/** The fields of an entry of LINES. */
export namespace Line {
  export const START: usize = 0;
  export const END: usize = 4;
  /** The record's id as JSON, without its quotes. A start of 0 means that it has none. */
  export const ID_START: usize = 8;
  export const ID_BYTES: usize = 12;
  /** The member `id`, from its comma or brace: the bytes are 0 if there is none. */
  export const MEMBER_START: usize = 16;
  export const MEMBER_BYTES: usize = 20;
}

/** The words of RESULT. */
export namespace Result {
  /** The address of the first byte that was not consumed. */
  export const POSITION: usize = 0;
  export const RECORDS: usize = 4;
  export const UNKNOWN_IDS: usize = 8;
  export const OUTPUT_END: usize = 12;
  /** The bytes that the output needs, if it is too small for even one record; else 0. */
  export const NEEDED: usize = 16;
  /** Of a line that was normalised by itself: its member `id`, which begins at its comma or brace; 0 if there is none. */
  export const ID_START: usize = 20;
  export const ID_END: usize = 24;
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

/** Whether records are read as the platform reads them (CONVERSION.md, section 7). */
export let isPlatformReading: bool = false;

export function setPlatformReading(value: bool): void {
  isPlatformReading = value;
}

/** The end of the input: the address of the first zero byte after it. */
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
