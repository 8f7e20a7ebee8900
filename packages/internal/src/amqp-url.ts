/** What a broker's URL cannot be used for. The message never repeats the URL, since it contains a password. */
export class AmqpUrlError extends Error {
  override readonly name = 'AmqpUrlError';
}

/** The parameters of a broker's URL, named as RabbitMQ's clients name them. Absent ones are `undefined`. */
export interface AmqpUrlParameters {
  /** `heartbeat`, in seconds. */
  readonly heartbeatSeconds?: number | undefined;
  /** `connection_timeout`, in milliseconds. */
  readonly connectTimeoutMs?: number | undefined;
  /** `channel_max`; 0 means no limit. */
  readonly channelMax?: number | undefined;
  /** `frame_max`, in bytes; 0 means no limit. */
  readonly frameMax?: number | undefined;
  /** `cacertfile`, `certfile`, `keyfile`: paths of PEM files. */
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** `server_name_indication`: the name that the broker's certificate must be for. */
  readonly serverName?: string | undefined;
  /** `verify`: whether the broker's certificate is checked. */
  readonly isVerified?: boolean | undefined;
  /** `auth_mechanism`. */
  readonly authMechanism?: 'plain' | 'external' | undefined;
}

/** The parts of a broker's URL, decoded. */
export interface AmqpUrl {
  readonly protocol: 'amqp' | 'amqps';
  /** Without the brackets of an IPv6 address; `localhost` if the URL has none. */
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  readonly parameters: AmqpUrlParameters;
  /** For messages: the broker without user, password and parameters. */
  readonly display: string;
}

const ESCAPES = '@ is %40, / is %2F, ? is %3F, # is %23, : is %3A and % is %25';

/** The same bound as that of a timer. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** AMQP negotiates these as two or four bytes; no frame may be smaller than 4,096 bytes. */
const MAX_UINT16 = 2 ** 16 - 1;
const MAX_UINT32 = 2 ** 32 - 1;
const MIN_FRAME_MAX = 4_096;
/** The publisher checks the topology on a channel of its own. */
const MIN_CHANNEL_MAX = 2;

const fail = (message: string): never => {
  throw new AmqpUrlError(message);
};

const decode = (text: string, what: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return fail(`The ${what} in the broker URL is not properly percent-encoded: ${ESCAPES}`);
  }
};

type Reader = (value: string, name: string) => AmqpUrlParameters;

const wholeNumber =
  (property: keyof AmqpUrlParameters, what: string, isValid: (value: number) => boolean): Reader =>
  (text, name) =>
    /^\d{1,15}$/.test(text) && isValid(Number(text))
      ? { [property]: Number(text) }
      : fail(`The parameter ${name} of the broker URL must be ${what}`);

const nonEmpty =
  (property: keyof AmqpUrlParameters): Reader =>
  (text, name) =>
    text === '' ? fail(`The parameter ${name} of the broker URL must not be empty`) : { [property]: text };

const oneOf =
  <T>(property: keyof AmqpUrlParameters, values: Readonly<Record<string, T>>): Reader =>
  (text, name) => {
    const key = text.toLowerCase();
    return Object.hasOwn(values, key)
      ? { [property]: values[key] }
      : fail(`The parameter ${name} of the broker URL must be ${Object.keys(values).join(' or ')}`);
  };

/** The names of https://www.rabbitmq.com/docs/uri-query-parameters, and `frame_max` of the Erlang client. */
const PARAMETERS: Readonly<Record<string, Reader>> = {
  heartbeat: wholeNumber('heartbeatSeconds', 'a whole number of seconds up to 65535', (it) => it <= MAX_UINT16),
  connection_timeout: wholeNumber(
    'connectTimeoutMs',
    'a whole number of milliseconds of at least 1',
    (it) => it >= 1 && it <= MAX_TIMEOUT_MS,
  ),
  channel_max: wholeNumber(
    'channelMax',
    `0 or a whole number from ${MIN_CHANNEL_MAX} to ${MAX_UINT16}`,
    (it) => it === 0 || (it >= MIN_CHANNEL_MAX && it <= MAX_UINT16),
  ),
  frame_max: wholeNumber(
    'frameMax',
    `0 or a whole number of bytes of at least ${MIN_FRAME_MAX}`,
    (it) => it === 0 || (it >= MIN_FRAME_MAX && it <= MAX_UINT32),
  ),
  cacertfile: nonEmpty('caFile'),
  certfile: nonEmpty('certFile'),
  keyfile: nonEmpty('keyFile'),
  server_name_indication: (text, name) =>
    text === 'disable'
      ? fail(`The parameter ${name} of the broker URL must be a name; to check no name, use verify=verify_none`)
      : nonEmpty('serverName')(text, name),
  verify: oneOf('isVerified', { verify_peer: true, verify_none: false }),
  auth_mechanism: oneOf('authMechanism', { plain: 'plain', external: 'external' }),
};

/** Parameters that mean nothing without TLS. */
const TLS_PARAMETERS = new Set(['cacertfile', 'certfile', 'keyfile', 'server_name_indication', 'verify']);

const parseParameters = (query: string, protocol: string): AmqpUrlParameters => {
  let parameters: AmqpUrlParameters = {};
  const seen = new Set<string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const end = part.includes('=') ? part.indexOf('=') : part.length;
    const name = decode(part.slice(0, end), 'name of a parameter');
    const read = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (!read) {
      return fail(`Unknown parameter ${name} in the broker URL; expected ${Object.keys(PARAMETERS).join(', ')}`);
    }
    if (seen.has(name)) fail(`The broker URL has the parameter ${name} twice`);
    if (protocol === 'amqp' && TLS_PARAMETERS.has(name)) {
      fail(`The parameter ${name} of the broker URL needs TLS: let the URL start with amqps://`);
    }
    seen.add(name);
    parameters = { ...parameters, ...read(decode(part.slice(end + 1), `parameter ${name}`), name) };
  }
  return parameters;
};

/**
 * Splits the URL of a broker into its parts. A trailing slash means the virtual host `/`, just like a missing path;
 * RabbitMQ's own rule reads it as the virtual host with the empty name, which hardly any broker has.
 *
 * Nothing in the URL is ignored: what is not understood is refused by name, without repeating anything that may belong
 * to a password.
 * @throws AmqpUrlError
 */
export const parseAmqpUrl = (url: string): AmqpUrl => {
  const text = String(url).trim();
  // `URL` would drop line breaks and tabs, also those in a password.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) fail('The broker URL contains a line break or another control character');
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/i.exec(text);
  const protocol = match?.[1]?.toLowerCase();
  if (protocol !== 'amqp' && protocol !== 'amqps') {
    return fail(`The broker URL must start with amqp:// or amqps://${match ? `, not ${protocol}://` : ''}`);
  }
  const [, , authority = '', path = '', query = '', fragment] = match ?? [];
  if (/@/.test(path + query + (fragment ?? ''))) {
    fail(
      `In user, password and virtual host of the broker URL, special characters must be percent-encoded: ${ESCAPES}`,
    );
  }
  if (fragment !== undefined) fail(`The broker URL has a fragment. Percent-encode special characters: ${ESCAPES}.`);
  const { hostname, port, username, password } = parseAuthority(protocol, authority);
  const isAnonymous = username === '' && password === '';
  const vhost = decode(path, 'virtual host') || '/';
  return {
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    username: isAnonymous ? 'guest' : decode(username, 'user'),
    password: isAnonymous ? 'guest' : decode(password, 'password'),
    vhost,
    parameters: parseParameters(query, protocol),
    display: `${protocol}://${hostname}:${port}/${encodeURIComponent(vhost)}`,
  };
};

/**
 * Splits the URLs of the nodes of one broker.
 * @throws AmqpUrlError also if there are none, if they name different virtual hosts, or one address twice
 */
export const parseAmqpUrls = (urls: readonly string[]): AmqpUrl[] => {
  const nodes = urls.map((url, index) => {
    if (urls.length === 1) return parseAmqpUrl(url);
    const place = `Broker URL ${index + 1} of ${urls.length}`;
    if (url.trim() === '') return fail(`${place} is empty: remove the comma next to it`);
    try {
      return parseAmqpUrl(url);
    } catch (error) {
      if (!(error instanceof AmqpUrlError)) throw error;
      return fail(`${place}: ${error.message}`);
    }
  });
  if (nodes.length === 0) fail('There is no broker URL');
  if (new Set(nodes.map(({ vhost }) => vhost)).size > 1) {
    fail('The broker URLs have different virtual hosts: those of the nodes of a cluster are the same');
  }
  const addresses = nodes.map(addressOf);
  const duplicate = addresses.find((address, index) => addresses.indexOf(address) < index);
  if (duplicate !== undefined) fail(`Two broker URLs have the address ${duplicate}: name each node once`);
  return nodes;
};

/** Host and port. */
export const addressOf = ({ hostname, port }: Pick<AmqpUrl, 'hostname' | 'port'>): string =>
  `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;

const parseAuthority = (
  protocol: 'amqp' | 'amqps',
  authority: string,
): { hostname: string; port: number; username: string; password: string } => {
  let parts: URL;
  try {
    parts = new URL(`${protocol}://${authority}/`);
  } catch {
    return fail(
      'The host or port in the broker URL cannot be read. Use amqp://user:password@host:5672/vhost, with special ' +
        `characters in user and password percent-encoded: ${ESCAPES}.`,
    );
  }
  const { hostname, username, password } = parts;
  // The delimiters themselves were encoded: the host is then user and password, which no message may show.
  if (hostname.includes('%')) {
    fail(
      'The host in the broker URL contains a %: encode user, password and virtual host only, not the : and @ between',
    );
  }
  if (hostname.includes(',')) {
    fail('The host in the broker URL contains a comma: several nodes are several URLs, each with amqp:// or amqps://');
  }
  const port = parts.port ? Number(parts.port) : protocol === 'amqps' ? 5671 : 5672;
  if (port === 0) fail('The port in the broker URL must not be 0');
  return { hostname: hostname || 'localhost', port, username, password };
};
