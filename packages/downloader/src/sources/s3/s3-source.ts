import type { DumpSource } from '../../dump-source.js';
import { DownloaderError } from '../../errors.js';
import type { ListingRetry } from '../../events.js';
import { parseContentLength, parseContentRange } from '../../http/content-range.js';
import { readBody } from '../../http/read-body.js';
import { createTransport, TRANSPORT_OPTIONS, type TransportOptions } from '../../http/transport.js';
import { parseFileName } from '../../names.js';
import { checks, httpUrl, nonEmptyText } from '../../option-checks.js';
import { type RetryOptions, resolveRetry, withRetries } from '../../retry.js';
import { ListingBuilder } from '../listing-builder.js';
import { SourceLifetime } from '../source-lifetime.js';
import { readText, S3Client, type S3Credentials } from './s3-client.js';
import { parseListing, type S3Listing } from './s3-response.js';

/** What `createS3Source` takes. */
export interface S3SourceOptions extends TransportOptions {
  /** @default 'discogs-data-dumps' */
  bucket?: string | undefined;
  /** @default 'us-west-2' */
  region?: string | undefined;
  /** URL of another server that implements S3. @default Amazon's endpoint of the region */
  endpoint?: string | undefined;
  /**
   * Whether the bucket's name is part of the path (`true`) or of the host name.
   *
   * @default true if `endpoint` is given
   */
  forcePathStyle?: boolean | undefined;
  /** Keys to sign requests with, or a function that returns them when needed. @default unsigned requests */
  credentials?: S3Credentials | (() => Promise<S3Credentials>) | undefined;
  /** Prefix of the keys of dump files. @default 'data/' */
  prefix?: string | undefined;
  /** Maximum keys per page of the listing, 1 to 1000. @default 1000 */
  pageSize?: number | undefined;
  /** Retries of the listing; the downloader retries files. @see RetryOptions */
  retry?: RetryOptions | undefined;
  /** Called before a page of the listing is requested again. It must not throw. */
  onEvent?: ((event: ListingRetry) => void) | undefined;
}

const KNOWN: Readonly<Record<keyof S3SourceOptions, true>> = {
  ...TRANSPORT_OPTIONS,
  bucket: true,
  region: true,
  endpoint: true,
  forcePathStyle: true,
  credentials: true,
  prefix: true,
  pageSize: true,
  retry: true,
  onEvent: true,
};

/** The last part of a key, unless the key contains `.` or `..` as a part. */
const nameOf = (key: string): string | undefined => {
  const parts = key.split('/');
  return parts.includes('..') || parts.includes('.') ? undefined : parts.at(-1);
};

/**
 * An S3 bucket as a source. It lists and reads with plain HTTP requests: the official SDK is several times the size of this
 * package and its other dependencies, and drops versions of Node that this package supports.
 *
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createS3Source = (options: S3SourceOptions = {}): DumpSource => {
  checks.object('', options, KNOWN);
  const { endpoint, credentials, region = 'us-west-2', prefix = 'data/' } = options;
  const bucket = nonEmptyText('bucket', options.bucket ?? 'discogs-data-dumps', 'the name of a bucket');
  if (endpoint !== undefined) httpUrl('endpoint', endpoint);
  const pageSize = checks.wholeNumber('pageSize', options.pageSize ?? 1000, { min: 1 });
  const retry = resolveRetry(options.retry);
  const onEvent = checks.optionalFunction('onEvent', options.onEvent);
  const transport = createTransport(options);
  const lifetime = new SourceLifetime('The S3 source');

  const client = new S3Client(
    { bucket, region, endpoint, forcePathStyle: options.forcePathStyle ?? endpoint !== undefined, credentials },
    transport,
  );

  const close = async (): Promise<void> => {
    lifetime.close();
    await transport.close();
  };

  return {
    name: 's3',
    remote: true,

    list: ({ signal } = {}) =>
      lifetime.run(signal, async (linked) => {
        const target = { source: 's3', location: `s3://${bucket}/${prefix}` };
        const listing = new ListingBuilder();
        const getPage = async (token: string | undefined): Promise<S3Listing> => {
          const query = {
            'list-type': '2',
            'continuation-token': token,
            'max-keys': String(pageSize),
            prefix: prefix === '' ? undefined : prefix,
          };
          const page = await parseListing(await readText(await client.get({ query }, target, linked), target, linked));
          if (page === undefined) {
            throw new DownloaderError('LISTING_UNREADABLE', `${target.location} is not a whole listing of a bucket`, {
              facts: { ...target, retryable: true },
            });
          }
          return page;
        };
        let token: string | undefined;
        do {
          const page = await withRetries(
            retry,
            linked,
            () => getPage(token),
            (failures, delayMs, error) => onEvent?.({ type: 'listing-retry', ...target, failures, delayMs, error }),
          );
          for (const { key, size } of page.objects) {
            const name = parseFileName(nameOf(key) ?? '');
            if (name === undefined) listing.ignore(key);
            else listing.add({ ...name, size, key });
          }
          token = page.nextToken;
        } while (token !== undefined);
        return listing.build();
      }),

    open: (file, { from = 0, signal } = {}) =>
      lifetime.open(signal, async (linked) => {
        const target = { source: 's3', location: `s3://${bucket}/${file.key}` };
        const { status, headers, body } = await client.get({ key: file.key, from }, target, linked);
        const contentRange = headers['content-range'];
        const range = status === 206 ? parseContentRange(contentRange) : undefined;
        if (status === 206 && range?.start !== from) {
          body.destroy();
          const message = `${target.location} responded with "${contentRange ?? ''}", not from byte ${from} on`;
          throw new DownloaderError('RANGE_REJECTED', message, { facts: { ...target, status, retryable: true } });
        }
        return {
          body: readBody(body, target, linked),
          offset: range?.start ?? 0,
          size: range === undefined ? parseContentLength(headers['content-length']) : range.size,
          close: async () => void body.destroy(),
        };
      }),

    close,
    [Symbol.asyncDispose]: close,
  };
};
