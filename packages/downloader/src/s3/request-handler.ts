import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Transport } from '../http/transport.js';

/** A signed request, as the SDK hands it over. */
interface SignedRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | null;
}

/** As the signature has it: RFC 3986, where `encodeURIComponent` leaves five characters alone. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * Lets the SDK speak through this package's transport, so that proxies, time limits and the closing of connections are the
 * same for all sources.
 */
export const createRequestHandler = (
  transport: Transport,
  closing: AbortSignal,
): NonNullable<S3ClientConfig['requestHandler']> => {
  const handle = async (
    request: SignedRequest,
    { abortSignal }: { abortSignal?: AbortSignal } = {},
  ): Promise<unknown> => {
    const { protocol, hostname, port, path, query = {}, method, headers, body = null } = request;
    const pairs = Object.entries(query).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one: string | null) => `${escaped(name)}=${escaped(one ?? '')}`),
    );
    const search = pairs.length === 0 ? '' : `?${pairs.join('&')}`;
    // The URL has the host; undici writes the header from it.
    const { host: _host, ...others } = headers;
    const { status, ...response } = await transport.request({
      url: new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${search}`),
      method,
      headers: others,
      body,
      signal: abortSignal === undefined ? closing : AbortSignal.any([abortSignal, closing]),
    });
    return { response: { statusCode: status, headers: { ...response.headers }, body: response.body } };
  };
  return { handle } as unknown as NonNullable<S3ClientConfig['requestHandler']>;
};
