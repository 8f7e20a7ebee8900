/** AMQP's limit for a message id, in bytes. */
const MAX_MESSAGE_ID_BYTES = 255;

/**
 * `prefix` + `id` + `suffix`. An id that is too long for AMQP is cut: the hash in the suffix still
 * distinguishes the records.
 */
export const messageIdOf = (prefix: string, id: string, suffix: string): string => {
  const maxIdBytes = MAX_MESSAGE_ID_BYTES - prefix.length - suffix.length;
  if (3 * id.length <= maxIdBytes || Buffer.byteLength(id) <= maxIdBytes) return prefix + id + suffix;
  // A character cut in two decodes to U+FFFD, which is not shorter than the character: omit it.
  const start = new TextDecoder().decode(Buffer.from(id).subarray(0, maxIdBytes)).replace(/\uFFFD+$/, '');
  return prefix + start + suffix;
};
