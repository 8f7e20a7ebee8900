import type { Dispatcher } from 'undici';
import { DownloaderError, SourceError, type SourceErrorCode } from '../errors.js';
import { wholeNumber } from '../options.js';
import { errnoOf } from '../storage.js';
import { createProxyChoice, type ProxyOptions } from './proxy.js';

/** How long to wait for what, and by which way. */
export interface TransportOptions {
  /** @see ProxyOptions */
  proxy?: ProxyOptions | undefined;
  /** Milliseconds for a connection, TLS included. @default 30000 */
  connectTimeoutMs?: number | undefined;
  /** Milliseconds from the request to the answer's head. @default 60000 */
  responseTimeoutMs?: number | undefined;
  /** Milliseconds without a byte after which a body counts as stalled. Time in which nobody reads does not count. @default 60000 */
  stallTimeoutMs?: number | undefined;
}

/** The names of {@link TransportOptions}. */
export const TRANSPORT_NAMES: Readonly<Record<keyof TransportOptions, true>> = {
  proxy: true,
  connectTimeoutMs: true,
  responseTimeoutMs: true,
  stallTimeoutMs: true,
};

/** A request. */
export interface HttpRequest {
  readonly url: URL;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | null;
  readonly signal: AbortSignal;
}

/** The head of an answer, with a body that has not been read. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; of repeated ones the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Dispatcher.ResponseData['body'];
}

/** HTTP for the sources: one pool of connections, proxies, time limits. It neither retries nor follows redirects. */
export interface Transport {
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Ends all connections. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a transport. undici is loaded here, so that who reads from folders does not pay for it.
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createTransport = async (options: TransportOptions = {}): Promise<Transport> => {
  const proxyOf = createProxyChoice(options.proxy);
  const connect = { timeout: wholeNumber('connectTimeoutMs', options.connectTimeoutMs ?? 30_000, 1) };
  const limits = {
    headersTimeout: wholeNumber('responseTimeoutMs', options.responseTimeoutMs ?? 60_000, 1),
    bodyTimeout: wholeNumber('stallTimeoutMs', options.stallTimeoutMs ?? 60_000, 1),
  };
  const { Agent, ProxyAgent, request } = await import('undici');
  const direct = new Agent({ connect, ...limits });
  const proxies = new Map<string, Dispatcher>();

  const dispatcherFor = (url: URL): Dispatcher => {
    const proxy = proxyOf(url);
    if (proxy === null) return direct;
    let dispatcher = proxies.get(proxy);
    if (dispatcher === undefined) {
      // Plain HTTP goes to the proxy as such: many refuse a tunnel to port 80.
      dispatcher = new ProxyAgent({ uri: proxy, proxyTunnel: false, connect, ...limits });
      proxies.set(proxy, dispatcher);
    }
    return dispatcher;
  };

  let closing: Promise<void> | undefined;
  return {
    async request({ url, method = 'GET', headers, body, signal }) {
      if (closing !== undefined) throw new DownloaderError('CLOSED', 'The source is closed');
      const response = await request(url, {
        method: method as Dispatcher.HttpMethod,
        dispatcher: dispatcherFor(url),
        headers: { ...headers },
        body: body ?? null,
        signal,
      });
      // A body that is given up emits an error that nobody is left to hear.
      response.body.on('error', () => undefined);
      const flat: Record<string, string> = {};
      for (const [name, value] of Object.entries(response.headers)) {
        const first = Array.isArray(value) ? value[0] : value;
        if (first !== undefined) flat[name.toLowerCase()] = first;
      }
      return { status: response.statusCode, headers: flat, body: response.body };
    },
    close() {
      closing ??= Promise.all([direct, ...proxies.values()].map((dispatcher) => dispatcher.destroy())).then(
        () => undefined,
      );
      return closing;
    },
  };
};

/** What was asked for, for errors. */
export interface Asked {
  /** Name of the source. */
  readonly source: string;
  readonly location: string;
}

/** A failure below HTTP as a `SourceError`: while asking, or while the body came. */
export const toTransportError = (error: unknown, asked: Asked, phase: 'request' | 'body'): DownloaderError => {
  if (error instanceof DownloaderError) return error;
  const reason = errnoOf(error) ?? (error instanceof Error ? error.message : String(error));
  const code: SourceErrorCode =
    phase === 'request' ? 'SOURCE_UNREACHABLE' : reason === 'UND_ERR_BODY_TIMEOUT' ? 'BODY_STALLED' : 'BODY_CUT';
  const what = {
    SOURCE_UNREACHABLE: 'No answer from',
    BODY_STALLED: 'Nothing more came from',
    BODY_CUT: 'The body was cut:',
  };
  return new SourceError(
    code,
    `${what[code as keyof typeof what]} ${asked.location} (${reason})`,
    { ...asked, retryable: true },
    { cause: error },
  );
};
