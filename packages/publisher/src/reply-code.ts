/** AMQP reply codes (AMQP 0-9-1, 1.2 "Constants"). */
export const REPLY_CODE = {
  CONNECTION_FORCED: 320,
  ACCESS_REFUSED: 403,
  NOT_FOUND: 404,
  RESOURCE_LOCKED: 405,
  PRECONDITION_FAILED: 406,
  COMMAND_INVALID: 503,
  NOT_IMPLEMENTED: 540,
  INTERNAL_ERROR: 541,
} as const;

/** The AMQP reply code that an error of amqplib carries, if any. */
export const replyCodeOf = (error: unknown): number | undefined => {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'number') return code;
  // During the handshake, amqplib has the code in the text only.
  const match = /^Handshake terminated by server: (\d+)/.exec(String(message));
  return match ? Number(match[1]) : undefined;
};
