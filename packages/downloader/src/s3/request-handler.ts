import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Transport } from '../http/transport.js';

type RequestHandler = Extract<NonNullable<S3ClientConfig['requestHandler']>, { handle: unknown }>;

/**
 * Lets the SDK speak through this package's transport, so that proxies, time limits and the closing of connections are the
 * same for all sources.
 */
export const createRequestHandler = (transport: Transport, closing: AbortSignal): RequestHandler => ({
  async handle(request, options = {}) {
    const { protocol, hostname, port, path, query = {}, method, headers, body } = request;
    const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, one ?? '');
    }
    // What was signed is `%20`, and `URLSearchParams` writes `+`.
    url.search = url.search.replaceAll('+', '%20');
    const { abortSignal } = options as { abortSignal?: AbortSignal };
    const { host: _, ...others } = headers;
    const response = await transport.request({
      url,
      method,
      headers: others,
      body: body ?? null,
      signal: abortSignal === undefined ? closing : AbortSignal.any([abortSignal, closing]),
    });
    return {
      response: {
        statusCode: response.status,
        headers: { ...response.headers },
        body: response.body,
        reason: undefined,
      },
    } as never;
  },
});
