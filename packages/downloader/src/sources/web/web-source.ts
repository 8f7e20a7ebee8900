import type { DumpFile, DumpListing, DumpSource } from '../../dump-source.js';
import { DownloaderError, isSourceError, type SourceErrorCode } from '../../errors.js';
import type { ListingPageSkipped, ListingRetry } from '../../events.js';
import { decodeBody } from '../../http/content-encoding.js';
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
import { type ListingPage, readListingPage } from './listing-page.js';
import { RequestGate } from './request-gate.js';

/** What `createWebSource` takes. */
export interface WebSourceOptions extends TransportOptions {
  /**
   * Start page of the listing: data.discogs.com, or a directory index (nginx, Apache, `python -m http.server`) with the
   * files next to each other, in one directory per year, or in such directories in `data/`. A user and password in the
   * URL are sent to this host only.
   *
   * @default 'https://data.discogs.com/'
   */
  baseUrl?: string | undefined;
  /** How many of the newest years to list. For a requested version, its year is enough if it has it. @default 2 */
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
  /** Called before a page of the listing is requested again, and when it is given up. It must not throw. */
  onEvent?: ((event: ListingRetry | ListingPageSkipped) => void) | undefined;
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
/** Years without a readable page that are skipped in addition to the years that are read. */
const MAX_SKIPPED_YEARS = 3;
const MAX_REDIRECTS = 5;
/** A CHECKSUM file that a server compressed. */
const CHECKSUM_LIMITS = { maxBytes: 64 * 1024, code: 'UNEXPECTED_CONTENT' } as const;
/** The reasons for which a year's page is skipped: it is missing or has no content, and will not have any in an hour. */
const UNREADABLE_PAGE_CODES: ReadonlySet<string> = new Set(['NOT_FOUND', 'LISTING_UNREADABLE']);

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
  const base = httpUrl('baseUrl', baseUrl);
  const authorization = authorizationOf(base);
  /** Hosts that the listing is on: the given one, and those that it redirects to. */
  const hosts = new Set([base.host]);
  const years = checks.wholeNumber('years', options.years ?? 2, { min: 1 });
  const throttleDelayMs = checks.wholeNumber('throttleDelayMs', options.throttleDelayMs ?? 30_000, { min: 0 });
  const gate = new RequestGate(checks.wholeNumber('minGapMs', options.minGapMs ?? 5000, { min: 0 }));
  const retry = resolveRetry(options.retry);
  const onEvent = checks.optionalFunction('onEvent', options.onEvent);
  const transport = createTransport(options);
  const lifetime = new SourceLifetime('The web source');

  /**
   * The address of a file. One of a directory index has it as its key; otherwise, it is built from the name and not from
   * the key, so that a file from another source's listing works as well.
   */
  const urlOf = ({ name, version, key }: DumpFile): URL => {
    const url = URL.canParse(key) ? new URL(key) : undefined;
    if (url !== undefined && hosts.has(url.host) && url.pathname.endsWith(`/${name}`)) return url;
    return new URL(`?download=${encodeURIComponent(`data/${version.slice(0, 4)}/${name}`)}`, base);
  };

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
  const get = async (
    first: URL,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<HttpResponse & { url: URL }> => {
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      const target = targetOf(url);
      await gate.pass(signal);
      let response: HttpResponse;
      try {
        response = await transport.request({
          url,
          signal,
          headers: {
            'user-agent': userAgent,
            accept: '*/*',
            'accept-encoding': 'identity',
            ...(url.host === base.host ? authorization : {}),
            ...headers,
          },
        });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw toTransportError(error, target, 'request');
      }
      if (response.status === 200 || response.status === 206) return { ...response, url };
      response.body.destroy();
      const next = redirects < MAX_REDIRECTS ? redirectOf(response, url) : undefined;
      if (next === undefined) throw toStatusError(response, target);
      url = next;
    }
  };

  /**
   * Reads a body of at most `maxBytes` and undoes its compression.
   *
   * @param code - of the error for a body that is longer, or compressed in another way
   */
  const readSmallBody = async (
    { headers, body }: HttpResponse,
    target: RequestTarget,
    { maxBytes, code }: { maxBytes: number; code: SourceErrorCode },
    signal: AbortSignal,
  ): Promise<Buffer> => {
    const fail = (message: string, cause?: unknown): never => {
      throw new DownloaderError(code, `${target.location} ${message}`, {
        facts: { ...target, retryable: true },
        cause,
      });
    };
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of readBody(body, target, signal)) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > maxBytes) fail(`is longer than ${maxBytes} bytes`);
    }
    try {
      return decodeBody(Buffer.concat(chunks), headers['content-encoding'], maxBytes);
    } catch (error) {
      const encoding = headers['content-encoding'] ?? 'gzip';
      return fail(`was sent compressed (${encoding}) although "identity" was requested, and cannot be decoded`, error);
    }
  };

  const getPage = (url: URL, year: string | undefined, signal: AbortSignal): Promise<ListingPage> => {
    const target = targetOf(url);
    return withRetries(
      retry,
      signal,
      async () => {
        const response = await get(url, {}, signal);
        const limits = { maxBytes: MAX_PAGE_BYTES, code: 'LISTING_UNREADABLE' } as const;
        const html = (await readSmallBody(response, target, limits, signal)).toString('utf8');
        hosts.add(response.url.host);
        const page = await readListingPage(html, { url: response.url, hosts, year });
        if (!page.isListing || page.isCut) {
          const reason = page.isCut ? 'ends before its </html>' : 'is neither a listing of dumps nor a directory index';
          throw new DownloaderError('LISTING_UNREADABLE', `${target.location} ${reason}`, {
            facts: { ...target, retryable: true },
          });
        }
        return page;
      },
      (failures, delayMs, error) => onEvent?.({ type: 'listing-retry', ...target, failures, delayMs, error }),
    );
  };

  const getStartPage = async (signal: AbortSignal): Promise<ListingPage> => {
    const page = await getPage(base, undefined, signal);
    const isEmpty = page.years.size === 0 && page.files.length === 0;
    return isEmpty && page.dataDirectory !== undefined ? getPage(page.dataDirectory, undefined, signal) : page;
  };

  const list = async (version: string | undefined, signal: AbortSignal): Promise<DumpListing> => {
    const listing = new ListingBuilder();
    const addFilesOf = (page: ListingPage): void => {
      for (const file of page.files) listing.add(file);
      for (const name of page.ignored) listing.ignore(name);
    };
    const start = await getStartPage(signal);
    addFilesOf(start);

    const requestedYear = version?.slice(0, 4) ?? '';
    const isRequested = (year: string): boolean => year === requestedYear;
    const newestFirst = [...start.years.keys()].sort().reverse();
    const skipped: DownloaderError[] = [];
    let read = 0;
    for (const year of [...newestFirst.filter(isRequested), ...newestFirst.filter((year) => !isRequested(year))]) {
      if (version !== undefined && listing.has(version)) break;
      if (read >= years || skipped.length >= years + MAX_SKIPPED_YEARS) break;
      const url = start.years.get(year)!;
      try {
        addFilesOf(await getPage(url, year, signal));
        if (!isRequested(year)) read += 1;
      } catch (error) {
        if (!isSourceError(error) || isRequested(year)) throw error;
        // Without a page that may be there in an hour, an older version would seem to be the newest one.
        const isNeeded = !UNREADABLE_PAGE_CODES.has(error.code) && version === undefined && listing.isEmpty;
        if (isNeeded) throw error;
        skipped.push(error);
        onEvent?.({ type: 'listing-page-skipped', ...targetOf(url), error });
      }
    }
    if (listing.isEmpty && skipped.length > 0) throw skipped[0]!;
    return { ...listing.build(), ...(skipped.length > 0 ? { unreadable: skipped } : {}) };
  };

  const close = async (): Promise<void> => {
    lifetime.close();
    await transport.close();
  };

  return {
    name: 'web',
    remote: true,

    list: ({ version, signal } = {}) => lifetime.run(signal, (linked) => list(version, linked)),

    open: (file, { from = 0, signal } = {}) =>
      lifetime.open(signal, async (linked) => {
        const url = urlOf(file);
        const target = targetOf(url);
        const response = await get(url, from > 0 ? { range: `bytes=${from}-` } : {}, linked);
        const { status, headers, body } = response;
        if (file.kind === 'checksum' && from === 0 && headers['content-encoding'] !== undefined) {
          const text = await readSmallBody(response, target, CHECKSUM_LIMITS, linked);
          return { body: oneChunk(text), offset: 0, size: text.length, close: async () => {} };
        }
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

const authorizationOf = ({ username, password }: URL): Record<string, string> => {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
};

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield chunk;
}

const targetOf = (url: URL): RequestTarget => {
  const clean = new URL(url);
  clean.username = '';
  clean.password = '';
  return { source: 'web', location: clean.href };
};
