/** What a record becomes: a message body, or canonical JSON with its hash kept separately. */
export type OutputKind = 'messages' | 'json';

/**
 * Numbers per record in a table of lines: start and end of its line (without the line feed), start and end of its id.
 */
export const TABLE_WIDTH = 4;

/** Bytes of a message before its id: `{"type":"data","id":"`. */
export const ID_START = 21;

/** Bytes of a message from the end of its id to its hash: `","sha256":"`. */
export const HASH_AFTER_ID = 12;

/** Hexadecimal digits of a SHA-256. */
export const HASH_LENGTH = 64;
