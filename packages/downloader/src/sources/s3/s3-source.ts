import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { DumpSource } from '../../dump-source.js';
import { DownloaderError } from '../../errors.js';
import type { ListingRetry } from '../../events.js';
import { parseContentRange } from '../../http/content-range.js';
import { readBody } from '../../http/read-body.js';
import { createTransport, TRANSPORT_OPTIONS, type TransportOptions } from '../../http/transport.js';
import { parseFileName } from '../../names.js';
import { checks, httpUrl, nonEmptyText } from '../../option-checks.js';
import { type RetryOptions, resolveRetry, withRetries } from '../../retry.js';
import { ListingBuilder } from '../listing-builder.js';
import { SourceLifetime } from '../source-lifetime.js';
import { createRequestHandler } from './request-handler.js';
import { toS3Error } from './s3-error.js';

/** Keys to sign requests with. */
export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** For temporary keys. */
  sessionToken?: string | undefined;
}

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
 * An S3 bucket as a source. The SDK is loaded by the first call, so that programs that read from elsewhere do not pay
 * for it.
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

  const createClient = ({ S3Client }: typeof import('@aws-sdk/client-s3')): S3Client =>
    new S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
      followRegionRedirects: true,
      requestHandler: createRequestHandler(transport, lifetime.signal),
      // This package decides on retries, and verifies the bytes against the published SHA-256.
      maxAttempts: 1,
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestChecksumCalculation: 'WHEN_REQUIRED',
      ...(credentials === undefined
        ? { signer: { sign: async (request) => request }, credentials: { accessKeyId: '-', secretAccessKey: '-' } }
        : { credentials: credentials as S3Credentials & { sessionToken: string } }),
    });

  let client: S3Client | undefined;
  const load = async () => {
    const sdk = await import('@aws-sdk/client-s3');
    client ??= createClient(sdk);
    return { client, ...sdk };
  };

  const close = async (): Promise<void> => {
    lifetime.close();
    client?.destroy();
    await transport.close();
  };

  return {
    name: 's3',
    remote: true,

    list: ({ signal } = {}) =>
      lifetime.run(signal, async (linked) => {
        const target = { source: 's3', location: `s3://${bucket}/${prefix}` };
        const { client, ListObjectsV2Command } = await load();
        const listing = new ListingBuilder();
        let token: string | undefined;
        do {
          const input = { Bucket: bucket, Prefix: prefix, MaxKeys: pageSize, ContinuationToken: token };
          const page = await withRetries(
            retry,
            linked,
            () =>
              client.send(new ListObjectsV2Command(input), { abortSignal: linked }).catch((error: unknown) => {
                throw toS3Error(error, target);
              }),
            (failures, delayMs, error) => onEvent?.({ type: 'listing-retry', ...target, failures, delayMs, error }),
          );
          for (const { Key: key = '', Size: size } of page.Contents ?? []) {
            const name = parseFileName(nameOf(key) ?? '');
            if (name === undefined) listing.ignore(key);
            else listing.add({ ...name, size, key });
          }
          token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
        } while (token !== undefined);
        return listing.build();
      }),

    open: (file, { from = 0, signal } = {}) =>
      lifetime.open(signal, async (linked) => {
        const target = { source: 's3', location: `s3://${bucket}/${file.key}` };
        const { client, GetObjectCommand } = await load();
        try {
          const input = { Bucket: bucket, Key: file.key, ...(from > 0 ? { Range: `bytes=${from}-` } : {}) };
          const output = await client.send(new GetObjectCommand(input), { abortSignal: linked });
          const body = output.Body as Readable;
          const range = parseContentRange(output.ContentRange);
          const status = output.$metadata.httpStatusCode;
          if (status === 206 && range?.start !== from) {
            body.destroy();
            const contentRange = output.ContentRange ?? '';
            const message = `${target.location} responded with "${contentRange}", not from byte ${from} on`;
            throw new DownloaderError('RANGE_REJECTED', message, { facts: { ...target, status, retryable: true } });
          }
          return {
            body: readBody(body, target, linked),
            offset: range?.start ?? 0,
            size: range === undefined ? output.ContentLength : range.size,
            close: async () => void body.destroy(),
          };
        } catch (error) {
          if (linked.aborted) throw linked.reason;
          throw toS3Error(error, target);
        }
      }),

    close,
    [Symbol.asyncDispose]: close,
  };
};
