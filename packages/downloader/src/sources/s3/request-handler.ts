import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Transport } from '../../http/transport.js';

/** A signed request, as the SDK passes it on. */
interface SignedRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** Escapes as the signature requires (RFC 3986); `encodeURIComponent` leaves five characters unescaped. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * Lets the SDK send its requests through this package's transport, so that proxies, time limits and the closing of
 * connections work the same way for all sources.
 *
 * @param closing - for requests that the SDK sends without a signal of its own
 */
export const createRequestHandler = (
  transport: Transport,
  closing: AbortSignal,
): NonNullable<S3ClientConfig['requestHandler']> => {
  const handle = async (
    request: SignedRequest,
    { abortSignal }: { abortSignal?: AbortSignal } = {},
  ): Promise<unknown> => {
    const { protocol, hostname, port, path, query = {}, method, headers, body } = request;
    const pairs = Object.entries(query).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one: string | null) => `${escaped(name)}=${escaped(one ?? '')}`),
    );
    const search = pairs.length === 0 ? '' : `?${pairs.join('&')}`;
    // undici writes the host header itself, from the URL.
    const { host: _host, ...others } = headers;
    const { status, ...response } = await transport.request({
      url: new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${search}`),
      method,
      headers: others,
      body,
      signal: abortSignal ?? closing,
    });
    return { response: { statusCode: status, headers: { ...response.headers }, body: response.body } };
  };
  return { handle } as unknown as NonNullable<S3ClientConfig['requestHandler']>;
};
