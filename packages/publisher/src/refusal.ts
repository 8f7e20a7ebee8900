import { PublisherError, type PublisherErrorFacts } from './errors.js';
import { type Scrub, scrubbedCause } from './scrub.js';

/** The AMQP reply code an error of amqplib carries, if any. */
export const replyCodeOf = (error: unknown): number | undefined => {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'number') return code;
  // Before the connection stands, amqplib has the code in the text only.
  const said = /^Handshake terminated by server: (\d+)/.exec(String(message));
  return said ? Number(said[1]) : undefined;
};

const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;
const PRECONDITION_FAILED = 406;
const COMMAND_INVALID = 503;
const NOT_IMPLEMENTED = 540;

const TLS_CODES = /^(CERT_|DEPTH_ZERO_|UNABLE_TO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** Why a connection could not be had, where waiting will not mend it; `undefined` where it may. */
export const connectRefusal = (
  error: unknown,
  scrub: Scrub,
  facts: PublisherErrorFacts & { readonly broker: string },
): PublisherError | undefined => {
  const replyCode = replyCodeOf(error);
  const cause = scrubbedCause(scrub, error);
  if (replyCode === ACCESS_REFUSED) {
    return new PublisherError(
      'BAD_CREDENTIALS',
      `${facts.broker} refused the login: check user and password of the broker URL (guest is only let in from the broker's own machine).`,
      { ...facts, replyCode },
      cause,
    );
  }
  // amqplib does not tell what the broker said here; NOT_ALLOWED about the virtual host is what brokers do say.
  if (/^Expected ConnectionOpenOk; got <ConnectionClose/.test(cause.message)) {
    return new PublisherError(
      'VHOST_REFUSED',
      `${facts.broker} refused the virtual host: it does not exist (rabbitmqctl add_vhost), the user has no permission in it (rabbitmqctl set_permissions), or its connection limit is reached.`,
      facts,
      cause,
    );
  }
  const { code } = cause as { code?: unknown };
  if (typeof code === 'string' && TLS_CODES.test(code)) {
    return new PublisherError(
      'TLS_FAILED',
      `No TLS connection with ${facts.broker} (${code}): check that the port speaks TLS, and that the certificate is for this name and signed by an authority in tls.ca.`,
      facts,
      cause,
    );
  }
  return undefined;
};

/** What the broker's refusal of a declaration means; `undefined` where another attempt may succeed. */
export const declareRefusal = (
  error: unknown,
  scrub: Scrub,
  facts: PublisherErrorFacts,
): PublisherError | undefined => {
  const replyCode = replyCodeOf(error);
  const cause = scrubbedCause(scrub, error);
  const what = facts.queue === undefined ? `exchange ${facts.exchange}` : `queue ${facts.queue}`;
  switch (replyCode) {
    case ACCESS_REFUSED:
      return new PublisherError(
        'ACCESS_REFUSED',
        `The user may not declare or bind ${what}: grant configure, write and read permissions on it (rabbitmqctl set_permissions).`,
        { ...facts, replyCode },
        cause,
      );
    case RESOURCE_LOCKED:
    case PRECONDITION_FAILED:
    case COMMAND_INVALID:
    case NOT_IMPLEMENTED:
      return new PublisherError(
        'TOPOLOGY_CONFLICT',
        `The ${what} cannot be declared as asked: it exists with other settings, or the broker does not know a type or argument. Delete it, or give the publisher the settings it has. The broker said: ${cause.message}`,
        { ...facts, replyCode },
        cause,
      );
    default:
      return undefined;
  }
};

/** Whether a passive declaration failed because the thing is not there, rather than its node being down. */
export const isMissing = (error: unknown): boolean =>
  replyCodeOf(error) === NOT_FOUND && !/down or inaccessible/.test(String((error as Error).message));

/** Why the broker keeps closing the channel on our messages. */
export const publishRefusal = (error: unknown, scrub: Scrub, facts: PublisherErrorFacts): PublisherError => {
  const replyCode = replyCodeOf(error);
  const cause = scrubbedCause(scrub, error);
  const withCode = replyCode === undefined ? facts : { ...facts, replyCode };
  return replyCode === ACCESS_REFUSED
    ? new PublisherError(
        'ACCESS_REFUSED',
        `The user may not publish to exchange ${facts.exchange}: grant write permission on it (rabbitmqctl set_permissions).`,
        withCode,
        cause,
      )
    : new PublisherError(
        'MESSAGE_REFUSED',
        `The broker closes the channel whenever this message is published: ${cause.message}`,
        withCode,
        cause,
      );
};

/** Codes with which a broker answers a fault of the client: repeating the same thing will not help for long. */
export const isClientFault = (error: unknown): boolean => {
  const code = replyCodeOf(error);
  return code !== undefined && code !== 320 && code !== 541 && code !== NOT_FOUND;
};
