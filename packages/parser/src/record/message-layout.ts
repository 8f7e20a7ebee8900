/**
 * What a record becomes: a message body, canonical JSON with its hash kept separately, such JSON in the form that
 * objects are made of fastest (`PackedRecords`), or canonical JSON with its XML, for a transform.
 */
export type OutputKind = 'messages' | 'json' | 'packed' | 'raw';

/** What a record becomes in the end, unless a mapper makes something else of it. */
export type WrittenKind = Exclude<OutputKind, 'raw'>;

/** What a record becomes in the end. */
export type DeliveredKind = WrittenKind | 'mapped';

/**
 * Numbers per record in a table of lines: start and end of its line (without the line feed), then start and end of its
 * id in a message, or of its XML with output `raw`. With output `packed` there is no table.
 */
export const TABLE_WIDTH = 4;

/** Bytes of a message before its id: `{"type":"data","id":"`. */
export const ID_START = 21;

/** Bytes of a message from the end of its id to its hash: `","sha256":"`. */
export const HASH_AFTER_ID = 12;

/** Hexadecimal digits of a SHA-256. */
export const HASH_LENGTH = 64;
