/** AMQP's short strings: names, routing keys, message ids. */
export const MAX_SHORT_STRING_BYTES = 255;

/**
 * Whether AMQP can carry `text` as a short string. A UTF-16 unit takes at most three bytes, which saves most counting.
 */
export const isShortString = (text: string): boolean =>
  text.length * 3 <= MAX_SHORT_STRING_BYTES || Buffer.byteLength(text) <= MAX_SHORT_STRING_BYTES;
