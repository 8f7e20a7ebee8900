import { messageOf } from '@discogs-extractor/internal/errno';
import type { BrokerAddress } from '../broker-address.js';
import { PublisherError } from '../errors.js';
import { type Redact, redactedCause } from '../redact.js';
import { REPLY_CODE, replyCodeOf } from '../reply-code.js';
import type { ResolvedOptions } from '../resolve-options.js';
import type { OutboxEntry } from '../window/outbox.js';
import { refusedError } from '../window/send-window.js';
import type { Peer } from './identify-peer.js';

const TLS_CODES =
  /^(CERT_|DEPTH_ZERO_|UNABLE_TO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|HOSTNAME_MISMATCH|INVALID_|EPROTO)/;

/** What helps against a failed TLS handshake, by the code of Node or OpenSSL; the first match counts. */
const TLS_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /ALTNAME_INVALID|HOSTNAME_MISMATCH/,
    'the certificate of the broker is for another name: connect by that name, or set tls.servername',
  ],
  [/^CERT_HAS_EXPIRED|^CERT_NOT_YET_VALID/, 'renew the certificate of the broker, or correct the clock'],
  [
    /SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED|CERT_SIGNATURE|INVALID_CA|DEPTH_ZERO/,
    'no known authority has signed the certificate of the broker: name a file with its authority in tls.caFile',
  ],
  [
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/,
    'the broker requires a certificate of the client (tls.certFile, tls.keyFile), or other versions or ciphers of TLS',
  ],
  [
    /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|ACCESS_DENIED)/,
    'the broker does not accept the certificate of the client: check tls.certFile and tls.keyFile',
  ],
  [/WRONG_VERSION|PACKET_LENGTH|UNEXPECTED_MESSAGE|EPROTO/, 'check that the port speaks TLS'],
];

const tlsRemedy = (code: string): string =>
  TLS_REMEDIES.find(([pattern]) => pattern.test(code))?.[1] ?? 'check the settings of TLS on both sides';

/** Why no connection could be established, if waiting does not help; `undefined` if another attempt may succeed. */
export const explainConnectRefusal = (error: unknown, redact: Redact, broker: string): PublisherError | undefined => {
  if (error instanceof PublisherError) return error;
  const replyCode = replyCodeOf(error);
  const cause = redactedCause(redact, error);
  if (replyCode === REPLY_CODE.ACCESS_REFUSED) {
    return new PublisherError(
      'BAD_CREDENTIALS',
      `${broker} refused the login: check user and password of the broker URL, whose special characters are percent-encoded (guest is only let in from the broker's own machine)`,
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
    return new PublisherError('TLS_FAILED', `No TLS connection with ${broker} (${code}): ${tlsRemedy(code)}`, {
      facts: { broker },
      cause,
    });
  }
  return undefined;
};

/** Whether a peer was reached, or may have been, and did not behave like a broker. */
export const mayNotBeBroker = (error: unknown): boolean => {
  if (error instanceof PublisherError || replyCodeOf(error) !== undefined) return false;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return /^(ECONNRESET|EPIPE|EPROTO|ERR_SSL_(?!.*(ALERT|CERT)))/.test(code);
  return !/^Expected ConnectionOpenOk/.test(String(message));
};

/** What it means that something else than a broker answers; `undefined` if that is not certain. */
export const explainPeer = (
  peer: Peer,
  { display: broker, protocol }: BrokerAddress,
  cause: Error,
): PublisherError | undefined => {
  const details = { facts: { broker }, cause };
  switch (peer.kind) {
    case 'tls':
      if (protocol === 'amqps') return undefined;
      return new PublisherError('NOT_AMQP', `${broker} speaks TLS: let the URL start with amqps://`, details);
    case 'amqp':
      if (protocol === 'amqp') return undefined;
      return new PublisherError(
        'TLS_FAILED',
        `${broker} speaks AMQP without TLS: let the URL start with amqp://, or use the port for TLS (usually 5671)`,
        details,
      );
    case 'other':
      return new PublisherError(
        'NOT_AMQP',
        `${broker} speaks ${peer.name}: check the port (RabbitMQ listens on 5672, or on 5671 with TLS; 15672 is its management page)`,
        details,
      );
    default:
      return undefined;
  }
};

/** An error that says in addition how a peer behaves that may not be a broker. */
export const withPeer = (error: unknown, { kind }: Peer): unknown => {
  if (kind !== 'silent' && kind !== 'closing') return error;
  const what = kind === 'silent' ? 'sends nothing' : 'closes them';
  return new Error(
    `${messageOf(error)}. The port accepts connections, but ${what}: check that it is the port of RabbitMQ`,
    {
      cause: error,
    },
  );
};

/** The limit that the broker names when it refuses a message for its size, in bytes. */
export const maxMessageBytesOf = (error: unknown): number | undefined => {
  if (replyCodeOf(error) !== REPLY_CODE.PRECONDITION_FAILED) return undefined;
  const match = /message size \d+ is larger than (?:configured )?max size (\d+)/.exec(String((error as Error).message));
  return match ? Number(match[1]) : undefined;
};

/** Why the broker keeps closing the channel. @param entry - when it is published; `undefined` for a probe */
export const explainPublishRefusal = (
  error: unknown,
  redact: Redact,
  options: Pick<ResolvedOptions, 'exchange'>,
  entry: OutboxEntry | undefined,
): PublisherError => {
  const replyCode = replyCodeOf(error);
  const cause = redactedCause(redact, error);
  const exchange = entry?.own?.exchange ?? options.exchange.name;
  const facts = { exchange, sequence: entry?.sequence, routingKey: entry?.routingKey, messageId: entry?.messageId };
  const details = { facts: { ...facts, replyCode }, cause };
  if (replyCode === REPLY_CODE.ACCESS_REFUSED) {
    return new PublisherError(
      'ACCESS_REFUSED',
      `The user may not publish to exchange ${exchange}: grant write permission on it (rabbitmqctl set_permissions)`,
      details,
    );
  }
  if (replyCode === REPLY_CODE.NOT_FOUND) {
    return new PublisherError(
      'TOPOLOGY_MISSING',
      `Exchange ${exchange}, which message ${entry?.sequence} is for, does not exist: declare it, or correct the message`,
      details,
    );
  }
  const why = `and the broker closes the channel whenever it is published: ${cause.message}`;
  return entry
    ? refusedError(options, entry, { why, replyCode }, cause)
    : new PublisherError('MESSAGE_REFUSED', `The broker closes the channel: ${cause.message}`, details);
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
