import { PublisherError, type PublisherErrorFacts } from '../errors.js';
import { type Redact, redactedCause } from '../redact.js';
import { REPLY_CODE, replyCodeOf } from '../reply-code.js';

const TLS_CODES = /^(CERT_|DEPTH_ZERO_|UNABLE_TO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** Why no connection could be established, if waiting does not help; `undefined` if another attempt may succeed. */
export const explainConnectRefusal = (error: unknown, redact: Redact, broker: string): PublisherError | undefined => {
  const replyCode = replyCodeOf(error);
  const cause = redactedCause(redact, error);
  if (replyCode === REPLY_CODE.ACCESS_REFUSED) {
    return new PublisherError(
      'BAD_CREDENTIALS',
      `${broker} refused the login: check user and password of the broker URL (guest is only let in from the broker's own machine)`,
      { facts: { broker, replyCode }, cause },
    );
  }
  // amqplib does not pass on what the broker said here. In practice it is NOT_ALLOWED, about the virtual host.
  if (/^Expected ConnectionOpenOk; got <ConnectionClose/.test(cause.message)) {
    return new PublisherError(
      'VHOST_REFUSED',
      `${broker} refused the virtual host: it does not exist (rabbitmqctl add_vhost), the user has no permission in it (rabbitmqctl set_permissions), or its connection limit is reached`,
      { facts: { broker }, cause },
    );
  }
  const { code } = cause as { code?: unknown };
  if (typeof code === 'string' && TLS_CODES.test(code)) {
    return new PublisherError(
      'TLS_FAILED',
      `No TLS connection with ${broker} (${code}): check that the port speaks TLS, and that the certificate is for this name and signed by an authority in tls.ca`,
      { facts: { broker }, cause },
    );
  }
  return undefined;
};

/** Why the broker keeps closing the channel when messages are published. */
export const explainPublishRefusal = (error: unknown, redact: Redact, facts: PublisherErrorFacts): PublisherError => {
  const replyCode = replyCodeOf(error);
  const cause = redactedCause(redact, error);
  const details = { facts: { ...facts, replyCode }, cause };
  const message = facts.sequence === undefined ? 'a message' : `message ${facts.sequence}`;
  return replyCode === REPLY_CODE.ACCESS_REFUSED
    ? new PublisherError(
        'ACCESS_REFUSED',
        `The user may not publish to exchange ${facts.exchange}: grant write permission on it (rabbitmqctl set_permissions)`,
        details,
      )
    : new PublisherError(
        'MESSAGE_REFUSED',
        `The broker closes the channel whenever ${message} is published (${cause.message}): if it is too large, shorten it or raise max_message_size`,
        details,
      );
};

/** Whether the broker blames the client: publishing the same message again will most likely fail again. */
export const isClientFault = (error: unknown): boolean => {
  const code = replyCodeOf(error);
  return (
    code !== undefined &&
    code !== REPLY_CODE.CONNECTION_FORCED &&
    code !== REPLY_CODE.INTERNAL_ERROR &&
    code !== REPLY_CODE.NOT_FOUND
  );
};
