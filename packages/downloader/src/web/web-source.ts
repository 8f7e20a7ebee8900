import { DownloaderError, SourceError, type SourceErrorCode } from '../errors.js';
import { parseContentLength, parseContentRange } from '../http/content-range.js';
import { readBody } from '../http/read-body.js';
import { parseRetryAfter } from '../http/retry-after.js';
import {
  type Asked,
  createTransport,
  type HttpResponse,
  TRANSPORT_NAMES,
  type TransportOptions,
  toTransportError,
} from '../http/transport.js';
import { ListingBuilder } from '../listing.js';
import { assertKnownOptions, type RetryOptions, resolveRetry, wholeNumber } from '../options.js';
import { retrying } from '../retry.js';
import type { DumpFile, DumpSource, DumpStream } from '../source.js';
import { USER_AGENT } from '../user-agent.js';
import { addFilesOf, isListingPage, parseYears } from './listing-pages.js';
import { RequestGate } from './request-gate.js';

/** What `createWebSource` takes. */
export interface WebSourceOptions extends TransportOptions {
  /** Start page of the listing. @default 'https://data.discogs.com/' */
  baseUrl?: string | undefined;
  /** How many of the newest years are looked into for versions; a version asked for is looked for in its own year as well. @default 2 */
  years?: number | undefined;
  /**
   * Least time between two requests, milliseconds. data.discogs.com has been seen to lock out for an hour who sends some
   * fifteen requests within six minutes.
   * @default 5000
   */
  minGapMs?: number | undefined;
  /** Milliseconds to leave the server alone after a 429 or 503 that does not say how long. @default 30000 */
  throttleDelayMs?: number | undefined;
  /** Retries of the listing's pages; those of files are the downloader's. @see RetryOptions */
  retry?: RetryOptions | undefined;
  /** @default names this project and its version */
  userAgent?: string | undefined;
  /** Called before a page of the listing is asked for again. */
  onRetry?: ((retry: { url: string; failures: number; delayMs: number; error: Error }) => void) | undefined;
}

const NAMES: Readonly<Record<keyof WebSourceOptions, true>> = {
  ...TRANSPORT_NAMES,
  baseUrl: true,
  years: true,
  minGapMs: true,
  throttleDelayMs: true,
  retry: true,
  userAgent: true,
  onRetry: true,
};

/** A listing's page has some kilobytes; a body longer than this is something else. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const MAX_REDIRECTS = 5;

/** What a status that is no success means. */
const MEANINGS: Readonly<Record<number, readonly [SourceErrorCode, retryable: boolean]>> = {
  // A challenge page comes with 403 as well, and goes away again.
  401: ['ACCESS_DENIED', true],
  403: ['ACCESS_DENIED', true],
  404: ['NOT_FOUND', false],
  408: ['HTTP_STATUS', true],
  410: ['NOT_FOUND', false],
  416: ['RANGE_REJECTED', true],
  425: ['HTTP_STATUS', true],
  429: ['RATE_LIMITED', true],
  503: ['RATE_LIMITED', true],
};

/**
 * data.discogs.com as the source: its listing read from the pages, its files over HTTP.
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createWebSource = async (options: WebSourceOptions = {}): Promise<DumpSource> => {
  assertKnownOptions(options, NAMES);
  const baseUrl = options.baseUrl ?? 'https://data.discogs.com/';
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) {
    throw new DownloaderError('INVALID_OPTIONS', 'baseUrl must be an http: or https: URL');
  }
  const years = wholeNumber('years', options.years ?? 2, 1);
  const throttleDelayMs = wholeNumber('throttleDelayMs', options.throttleDelayMs ?? 30_000, 0);
  const gate = new RequestGate(wholeNumber('minGapMs', options.minGapMs ?? 5000, 0));
  const retry = resolveRetry(options.retry);
  const userAgent = options.userAgent ?? USER_AGENT;
  const transport = await createTransport(options);
  const closing = new AbortController();

  const urlOf = (parameter: 'prefix' | 'download', value: string): URL =>
    new URL(`?${parameter}=${encodeURIComponent(value)}`, baseUrl);

  const linked = (signal: AbortSignal | undefined): AbortSignal => {
    const both = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
    both.throwIfAborted();
    return both;
  };

  const failureOf = (response: HttpResponse, asked: Asked): SourceError => {
    const { status, headers } = response;
    const [code, retryable] = MEANINGS[status] ?? (['HTTP_STATUS', status >= 500] as const);
    const wait = parseRetryAfter(headers['retry-after'], headers['date']);
    const retryAfterMs = wait ?? (code === 'RATE_LIMITED' ? throttleDelayMs : undefined);
    // The lock-out is for the whole server: the other files wait as well. One that nobody waits for is their own failure.
    if (retryAfterMs !== undefined && retryAfterMs <= retry.maxRetryAfterMs) gate.rest(retryAfterMs);
    return new SourceError(code, `${asked.location} answered ${status}`, { ...asked, status, retryable, retryAfterMs });
  };

  /** One request with its redirects; resolves with a success only. */
  const get = async (first: URL, headers: Record<string, string>, signal: AbortSignal): Promise<HttpResponse> => {
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      const asked = { source: 'web', location: withoutCredentials(url) };
      await gate.pass(signal);
      let response: HttpResponse;
      try {
        response = await transport.request({
          url,
          signal,
          headers: { 'user-agent': userAgent, accept: '*/*', 'accept-encoding': 'identity', ...headers },
        });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw toTransportError(error, asked, 'request');
      }
      if (response.status === 200 || response.status === 206) return response;
      const { location } = response.headers;
      response.body.destroy();
      if (![301, 302, 303, 307, 308].includes(response.status)) throw failureOf(response, asked);
      const next = location !== undefined && URL.canParse(location, url.href) ? new URL(location, url.href) : null;
      if (next === null || !/^https?:$/.test(next.protocol) || redirects >= MAX_REDIRECTS)
        throw failureOf(response, asked);
      url = next;
    }
  };

  const getPage = async (url: URL, signal: AbortSignal): Promise<string> => {
    const asked = { source: 'web', location: withoutCredentials(url) };
    return retrying(
      retry,
      signal,
      async () => {
        const { body } = await get(url, {}, signal);
        const chunks: Uint8Array[] = [];
        let bytes = 0;
        for await (const chunk of readBody(body, asked, signal)) {
          chunks.push(Buffer.from(chunk));
          bytes += chunk.length;
          if (bytes > MAX_PAGE_BYTES) break;
        }
        const html = Buffer.concat(chunks).toString('utf8');
        if (bytes > MAX_PAGE_BYTES || !isListingPage(html)) {
          throw new SourceError('LISTING_UNREADABLE', `${asked.location} is no listing`, { ...asked, retryable: true });
        }
        return html;
      },
      (failures, delayMs, error) => options.onRetry?.({ url: asked.location, failures, delayMs, error }),
    );
  };

  const close = async (): Promise<void> => {
    closing.abort(new DownloaderError('CLOSED', 'The web source is closed'));
    await transport.close();
  };

  return {
    name: 'web',
    remote: true,

    async list({ version, signal } = {}) {
      const both = linked(signal);
      const linkedYears = parseYears(await getPage(new URL(baseUrl), both));
      const wanted = linkedYears.filter((year, index) => index < years || year === version?.slice(0, 4));
      const listing = new ListingBuilder();
      for (const year of wanted) addFilesOf(await getPage(urlOf('prefix', `data/${year}/`), both), listing);
      return listing.build();
    },

    async open(file: DumpFile, { from = 0, signal } = {}): Promise<DumpStream> {
      const both = linked(signal);
      // From the name and not from the key: another source's listing will do as well.
      const url = urlOf('download', `data/${file.version.slice(0, 4)}/${file.name}`);
      const asked = { source: 'web', location: withoutCredentials(url) };
      const response = await get(url, from > 0 ? { range: `bytes=${from}-` } : {}, both);
      const { status, headers, body } = response;
      const refuse = (code: SourceErrorCode, message: string): never => {
        body.destroy();
        throw new SourceError(code, message, { ...asked, status, retryable: true });
      };
      if (file.kind !== 'checksum' && /^text\/html\b/i.test(headers['content-type'] ?? '')) {
        refuse('UNEXPECTED_CONTENT', `${asked.location} answered with a page`);
      }
      const range = status === 206 ? parseContentRange(headers['content-range']) : null;
      if (status === 206 && range?.start !== from) {
        refuse(
          'RANGE_REJECTED',
          `${asked.location} answered with "${headers['content-range'] ?? ''}", not from byte ${from}`,
        );
      }
      const length = parseContentLength(headers['content-length']);
      return {
        body: readBody(body, asked, both),
        offset: range?.start ?? 0,
        size: range === null ? length : (range.size ?? (length === null ? null : range.start + length)),
        close: async () => void body.destroy(),
      };
    },

    close,
    [Symbol.asyncDispose]: close,
  };
};

/** A URL for messages. */
const withoutCredentials = (url: URL): string => {
  const clean = new URL(url);
  clean.username = '';
  clean.password = '';
  return clean.href;
};
