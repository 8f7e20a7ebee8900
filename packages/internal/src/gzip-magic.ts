/** Bytes that {@link isGzip} needs to see. */
export const GZIP_MAGIC_BYTES = 2;

/** Whether bytes begin a gzip stream: ID1 and ID2 of RFC 1952, section 2.3.1. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
