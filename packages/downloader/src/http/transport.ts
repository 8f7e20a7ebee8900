import { errnoOf, messageOf } from '@discogs-extractor/internal/errno';
import type { Dispatcher } from 'undici';
import { DownloaderError, type SourceErrorCode } from '../errors.js';
import { checks } from '../option-checks.js';
import { createProxyChoice, type ProxyOptions } from './proxy.js';

/** Time limits and proxies of the sources that use HTTP. */
export interface TransportOptions {
  /** @see ProxyOptions @default direct connections */
  proxy?: ProxyOptions | undefined;
  /** Time limit for connecting, including TLS. @default 30000 */
  connectTimeoutMs?: number | undefined;
  /** Time limit from the request to the response's headers. @default 60000 */
  responseTimeoutMs?: number | undefined;
  /**
   * Time without a byte after which a body counts as stalled. Time during which the consumer does not read does not
   * count.
   *
   * @default 60000
   */
  stallTimeoutMs?: number | undefined;
}

/** The names of {@link TransportOptions}. */
export const TRANSPORT_OPTIONS: Readonly<Record<keyof TransportOptions, true>> = {
  proxy: true,
  connectTimeoutMs: true,
  responseTimeoutMs: true,
  stallTimeoutMs: true,
};

/** An HTTP request. */
export interface HttpRequest {
  readonly url: URL;
  /** @default 'GET' */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | string | undefined;
  readonly signal: AbortSignal;
}

/** A response whose body has not been read yet. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; the first value of repeated ones. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Dispatcher.ResponseData['body'];
}

/** HTTP for the sources: one connection pool, proxies, time limits. It neither retries nor follows redirects. */
export interface Transport {
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Ends all connections. Idempotent. */
  close(): Promise<void>;
}

/**
 * Creates a transport. undici is loaded by the first request, so that programs that only read from folders do not pay
 * for it.
 *
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createTransport = (options: TransportOptions): Transport => {
  const proxyOf = createProxyChoice(options.proxy);
  const timeoutMs = (name: string, value: number): number => checks.wholeNumber(name, value, { min: 1 });
  const connect = { timeout: timeoutMs('connectTimeoutMs', options.connectTimeoutMs ?? 30_000) };
  const limits = {
    headersTimeout: timeoutMs('responseTimeoutMs', options.responseTimeoutMs ?? 60_000),
    bodyTimeout: timeoutMs('stallTimeoutMs', options.stallTimeoutMs ?? 60_000),
  };
  /** By proxy URL; `undefined` for direct connections. */
  const dispatchers = new Map<string | undefined, Dispatcher>();
  let closing: Promise<void> | undefined;

  const dispatcherFor = ({ Agent, ProxyAgent }: typeof import('./undici.js'), url: URL): Dispatcher => {
    const proxy = proxyOf(url);
    let dispatcher = dispatchers.get(proxy);
    if (dispatcher === undefined) {
      dispatcher =
        proxy === undefined
          ? new Agent({ connect, ...limits })
          : // Many proxies refuse a tunnel to port 80, so plain HTTP is sent to the proxy as such.
            new ProxyAgent({ uri: proxy, proxyTunnel: false, connect, ...limits });
      dispatchers.set(proxy, dispatcher);
    }
    return dispatcher;
  };

  return {
    async request({ url, method = 'GET', headers, body, signal }) {
      const undici = await import('./undici.js');
      signal.throwIfAborted();
      if (closing !== undefined) throw new DownloaderError('CLOSED', 'The source is closed');
      const response = await undici.request(url, {
        method: method as Dispatcher.HttpMethod,
        dispatcher: dispatcherFor(undici, url),
        headers: { ...headers },
        body: body ?? null,
        signal,
      });
      // A destroyed body emits an error; without a listener it would end the process.
      response.body.on('error', () => undefined);
      const firstValues: Record<string, string> = {};
      for (const [name, value] of Object.entries(response.headers)) {
        const first = Array.isArray(value) ? value[0] : value;
        if (first !== undefined) firstValues[name.toLowerCase()] = first;
      }
      return { status: response.statusCode, headers: firstValues, body: response.body };
    },
    close() {
      closing ??= Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.destroy())).then(
        () => undefined,
      );
      return closing;
    },
  };
};

/** The source and location of a request, for errors and events. */
export interface RequestTarget {
  /** Name of the source. */
  readonly source: string;
  readonly location: string;
}

const WHAT_HAPPENED = {
  SOURCE_UNREACHABLE: 'No response from',
  BODY_STALLED: 'No more data from',
  BODY_CUT: 'Connection lost while reading',
} as const satisfies Partial<Record<SourceErrorCode, string>>;

const transportErrorCode = (errno: string | undefined, phase: 'request' | 'body'): keyof typeof WHAT_HAPPENED => {
  if (phase === 'request') return 'SOURCE_UNREACHABLE';
  return errno === 'UND_ERR_BODY_TIMEOUT' ? 'BODY_STALLED' : 'BODY_CUT';
};

/** Turns a failure below HTTP into a `DownloaderError`; leaves errors of this package alone. */
export const toTransportError = (error: unknown, target: RequestTarget, phase: 'request' | 'body'): DownloaderError => {
  if (error instanceof DownloaderError) return error;
  const code = transportErrorCode(errnoOf(error), phase);
  return new DownloaderError(code, `${WHAT_HAPPENED[code]} ${target.location}: ${messageOf(error)}`, {
    facts: { ...target, retryable: true },
    cause: error,
  });
};
