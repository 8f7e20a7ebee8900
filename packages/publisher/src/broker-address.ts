import { PublisherError } from './errors.js';

/** A broker's URL taken apart and decoded. */
export interface BrokerAddress {
  readonly protocol: 'amqp' | 'amqps';
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  /** The URL's `heartbeat` parameter, in seconds. */
  readonly heartbeat: number | undefined;
  /** For people: the broker without user and password. */
  readonly display: string;
}

const decode = (text: string, what: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PublisherError('INVALID_URL', `The ${what} in the broker's URL is not properly percent-encoded.`);
  }
};

/**
 * Takes a broker's URL apart. A trailing slash means the virtual host `/`, as no path does: RabbitMQ's own rule
 * makes it the virtual host with the empty name, which nobody has and everybody trips over.
 *
 * The URL never appears in an error: it holds a password.
 * @throws PublisherError `INVALID_URL`
 */
export const parseBrokerUrl = (url: string): BrokerAddress => {
  let parts: URL;
  try {
    parts = new URL(url);
  } catch {
    throw new PublisherError(
      'INVALID_URL',
      'The broker URL cannot be read. It looks like amqp://user:password@host:5672/vhost; special characters in user and password are percent-encoded.',
    );
  }
  const protocol = parts.protocol.slice(0, -1);
  if (protocol !== 'amqp' && protocol !== 'amqps') {
    throw new PublisherError('INVALID_URL', `The broker URL must start with amqp:// or amqps://, not ${protocol}://`);
  }
  const hostname = parts.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const port = parts.port ? Number(parts.port) : protocol === 'amqps' ? 5671 : 5672;
  const anonymous = parts.username === '' && parts.password === '';
  const vhost = decode(parts.pathname.slice(1), 'virtual host') || '/';
  const beat = parts.searchParams.get('heartbeat');
  const heartbeat = beat === null ? undefined : Number(beat);
  if (heartbeat !== undefined && !(Number.isInteger(heartbeat) && heartbeat >= 0)) {
    throw new PublisherError('INVALID_URL', "The heartbeat in the broker's URL must be a whole number of seconds.");
  }
  return {
    protocol,
    hostname,
    port,
    username: anonymous ? 'guest' : decode(parts.username, 'user'),
    password: anonymous ? 'guest' : decode(parts.password, 'password'),
    vhost,
    heartbeat,
    display: `${protocol}://${parts.hostname || 'localhost'}:${port}/${encodeURIComponent(vhost)}`,
  };
};
