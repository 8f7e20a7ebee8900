import { PublisherError } from './errors.js';

/** The parts of a broker's URL, decoded. */
export interface BrokerAddress {
  readonly protocol: 'amqp' | 'amqps';
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  /** The URL's `heartbeat` parameter, which AMQP clients give in seconds. */
  readonly heartbeatSeconds: number | undefined;
  /** For messages: the broker without user and password. */
  readonly display: string;
}

const decode = (text: string, what: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PublisherError('INVALID_URL', `The ${what} in the broker URL is not properly percent-encoded`);
  }
};

/**
 * Splits a broker's URL into its parts. A trailing slash means the virtual host `/`, just like a missing path;
 * RabbitMQ's own rule reads it as the virtual host with the empty name, which hardly any broker has.
 *
 * The URL never appears in an error, since it contains a password.
 * @throws PublisherError `INVALID_URL`
 */
export const parseBrokerUrl = (url: string): BrokerAddress => {
  let parts: URL;
  try {
    parts = new URL(url);
  } catch {
    throw new PublisherError(
      'INVALID_URL',
      'The broker URL cannot be read. Use amqp://user:password@host:5672/vhost, with special characters in user and password percent-encoded.',
    );
  }
  const protocol = parts.protocol.slice(0, -1);
  if (protocol !== 'amqp' && protocol !== 'amqps') {
    throw new PublisherError('INVALID_URL', `The broker URL must start with amqp:// or amqps://, not ${protocol}://`);
  }
  const hostname = parts.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const port = parts.port ? Number(parts.port) : protocol === 'amqps' ? 5671 : 5672;
  const isAnonymous = parts.username === '' && parts.password === '';
  const vhost = decode(parts.pathname.slice(1), 'virtual host') || '/';
  const heartbeat = parts.searchParams.get('heartbeat');
  const heartbeatSeconds = heartbeat === null ? undefined : Number(heartbeat);
  if (heartbeatSeconds !== undefined && !(Number.isInteger(heartbeatSeconds) && heartbeatSeconds >= 0)) {
    throw new PublisherError('INVALID_URL', 'The heartbeat in the broker URL must be a whole number of seconds');
  }
  return {
    protocol,
    hostname,
    port,
    username: isAnonymous ? 'guest' : decode(parts.username, 'user'),
    password: isAnonymous ? 'guest' : decode(parts.password, 'password'),
    vhost,
    heartbeatSeconds,
    display: `${protocol}://${parts.hostname || 'localhost'}:${port}/${encodeURIComponent(vhost)}`,
  };
};
