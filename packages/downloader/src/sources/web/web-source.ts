import type { DumpSource } from '../../dump-source.js';
import { DownloaderError, type SourceErrorCode } from '../../errors.js';
import type { ListingRetry } from '../../events.js';
import { parseContentLength, parseContentRange } from '../../http/content-range.js';
import { readBody } from '../../http/read-body.js';
import { parseRetryAfter } from '../../http/retry-after.js';
import {
  createTransport,
  type HttpResponse,
  type RequestTarget,
  TRANSPORT_OPTIONS,
  type TransportOptions,
  toTransportError,
} from '../../http/transport.js';
import { USER_AGENT } from '../../http/user-agent.js';
import { checks, httpUrl } from '../../option-checks.js';
import { type RetryOptions, resolveRetry, withRetries } from '../../retry.js';
import { ListingBuilder } from '../listing-builder.js';
import { SourceLifetime } from '../source-lifetime.js';
import { addFilesOf, isListingPage, parseYears } from './listing-pages.js';
import { RequestGate } from './request-gate.js';

/** What `createWebSource` takes. */
export interface WebSourceOptions extends TransportOptions {
  /** Start page of the listing. @default 'https://data.discogs.com/' */
  baseUrl?: string | undefined;
  /** How many of the newest years to list; the year of a requested version is listed in addition. @default 2 */
  years?: number | undefined;
  /**
   * Minimum time between two requests. data.discogs.com has locked out clients for an hour that sent about fifteen
   * requests within six minutes.
   *
   * @default 5000
   */
  minGapMs?: number | undefined;
  /** Time without requests after a 429 or 503 that does not include a `Retry-After`. @default 30000 */
  throttleDelayMs?: number | undefined;
  /** Retries of the listing's pages; the downloader retries files. @see RetryOptions */
  retry?: RetryOptions | undefined;
  /** @default the name of this project and its version */
  userAgent?: string | undefined;
  /** Called before a page of the listing is requested again. It must not throw. */
  onEvent?: ((event: ListingRetry) => void) | undefined;
}

const KNOWN: Readonly<Record<keyof WebSourceOptions, true>> = {
  ...TRANSPORT_OPTIONS,
  baseUrl: true,
  years: true,
  minGapMs: true,
  throttleDelayMs: true,
  retry: true,
  userAgent: true,
  onEvent: true,
};

/** A page of the listing has some kilobytes; a longer body is something else. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const MAX_REDIRECTS = 5;

/** The meaning of statuses other than success. */
const STATUS_ERRORS: Readonly<Record<number, readonly [SourceErrorCode, retryable: boolean]>> = {
  // Retryable, because a challenge page also comes with 403, and disappears again.
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
 * data.discogs.com as a source: the listing comes from its pages, the files over HTTP.
 *
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createWebSource = (options: WebSourceOptions = {}): DumpSource => {
  checks.object('', options, KNOWN);
  const { baseUrl = 'https://data.discogs.com/', userAgent = USER_AGENT } = options;
  httpUrl('baseUrl', baseUrl);
  const years = checks.wholeNumber('years', options.years ?? 2, { min: 1 });
  const throttleDelayMs = checks.wholeNumber('throttleDelayMs', options.throttleDelayMs ?? 30_000, { min: 0 });
  const gate = new RequestGate(checks.wholeNumber('minGapMs', options.minGapMs ?? 5000, { min: 0 }));
  const retry = resolveRetry(options.retry);
  const onEvent = checks.optionalFunction('onEvent', options.onEvent);
  const transport = createTransport(options);
  const lifetime = new SourceLifetime('The web source');

  const urlOf = (parameter: 'prefix' | 'download', value: string): URL =>
    new URL(`?${parameter}=${encodeURIComponent(value)}`, baseUrl);

  const toStatusError = ({ status, headers }: HttpResponse, target: RequestTarget): DownloaderError => {
    const [code, retryable] = STATUS_ERRORS[status] ?? (['HTTP_STATUS', status >= 500] as const);
    const retryAfterMs =
      parseRetryAfter(headers['retry-after'], headers['date']) ??
      (code === 'RATE_LIMITED' ? throttleDelayMs : undefined);
    // A rate limit applies to the whole server, so the other files wait as well. A pause longer than the retry options
    // allow only fails this request.
    if (retryAfterMs !== undefined && retryAfterMs <= retry.maxRetryAfterMs) gate.backOff(retryAfterMs);
    return new DownloaderError(code, `${target.location} responded with status ${status}`, {
      facts: { ...target, status, retryable, retryAfterMs },
    });
  };

  /** Sends a request and follows its redirects; resolves only with a success. */
  const get = async (first: URL, headers: Record<string, string>, signal: AbortSignal): Promise<HttpResponse> => {
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      const target = targetOf(url);
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
        throw toTransportError(error, target, 'request');
      }
      if (response.status === 200 || response.status === 206) return response;
      response.body.destroy();
      const next = redirects < MAX_REDIRECTS ? redirectOf(response, url) : undefined;
      if (next === undefined) throw toStatusError(response, target);
      url = next;
    }
  };

  const getPage = async (url: URL, signal: AbortSignal): Promise<string> => {
    const target = targetOf(url);
    return withRetries(
      retry,
      signal,
      async () => {
        const { body } = await get(url, {}, signal);
        const chunks: Uint8Array[] = [];
        let bytes = 0;
        for await (const chunk of readBody(body, target, signal)) {
          chunks.push(Buffer.from(chunk));
          bytes += chunk.length;
          if (bytes > MAX_PAGE_BYTES) break;
        }
        const html = Buffer.concat(chunks).toString('utf8');
        if (bytes > MAX_PAGE_BYTES || !isListingPage(html)) {
          throw new DownloaderError('LISTING_UNREADABLE', `${target.location} is not a listing of dumps`, {
            facts: { ...target, retryable: true },
          });
        }
        return html;
      },
      (failures, delayMs, error) => onEvent?.({ type: 'listing-retry', ...target, failures, delayMs, error }),
    );
  };

  const close = async (): Promise<void> => {
    lifetime.close();
    await transport.close();
  };

  return {
    name: 'web',
    remote: true,

    list: ({ version, signal } = {}) =>
      lifetime.run(signal, async (linked) => {
        const allYears = parseYears(await getPage(new URL(baseUrl), linked));
        const wanted = allYears.filter((year, index) => index < years || year === version?.slice(0, 4));
        const listing = new ListingBuilder();
        for (const year of wanted) addFilesOf(await getPage(urlOf('prefix', `data/${year}/`), linked), listing);
        return listing.build();
      }),

    open: (file, { from = 0, signal } = {}) =>
      lifetime.open(signal, async (linked) => {
        // Built from the name and not from the key, so that a file from another source's listing works as well.
        const url = urlOf('download', `data/${file.version.slice(0, 4)}/${file.name}`);
        const target = targetOf(url);
        const { status, headers, body } = await get(url, from > 0 ? { range: `bytes=${from}-` } : {}, linked);
        const reject = (code: SourceErrorCode, message: string): never => {
          body.destroy();
          throw new DownloaderError(code, message, { facts: { ...target, status, retryable: true } });
        };
        if (file.kind !== 'checksum' && /^text\/html\b/i.test(headers['content-type'] ?? '')) {
          reject('UNEXPECTED_CONTENT', `${target.location} responded with an HTML page instead of a dump`);
        }
        const range = status === 206 ? parseContentRange(headers['content-range']) : undefined;
        if (status === 206 && range?.start !== from) {
          const contentRange = headers['content-range'] ?? '';
          reject('RANGE_REJECTED', `${target.location} responded with "${contentRange}", not from byte ${from} on`);
        }
        const length = parseContentLength(headers['content-length']);
        return {
          body: readBody(body, target, linked),
          offset: range?.start ?? 0,
          size:
            range === undefined ? length : (range.size ?? (length === undefined ? undefined : range.start + length)),
          close: async () => void body.destroy(),
        };
      }),

    close,
    [Symbol.asyncDispose]: close,
  };
};

/** Where a response redirects to; `undefined` if it is not a redirect, or not to an HTTP URL. */
const redirectOf = ({ status, headers: { location } }: HttpResponse, from: URL): URL | undefined => {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  if (location === undefined || !URL.canParse(location, from.href)) return undefined;
  const url = new URL(location, from.href);
  return /^https?:$/.test(url.protocol) ? url : undefined;
};

const targetOf = (url: URL): RequestTarget => {
  const clean = new URL(url);
  clean.username = '';
  clean.password = '';
  return { source: 'web', location: clean.href };
};
