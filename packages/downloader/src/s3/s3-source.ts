import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { DownloaderError, SourceError } from '../errors.js';
import { parseContentRange } from '../http/content-range.js';
import { readBody } from '../http/read-body.js';
import { createTransport, TRANSPORT_NAMES, type TransportOptions } from '../http/transport.js';
import { ListingBuilder } from '../listing.js';
import { parseFileName } from '../names.js';
import { assertKnownOptions, type RetryOptions, resolveRetry, wholeNumber } from '../options.js';
import { retrying } from '../retry.js';
import type { DumpFile, DumpSource, DumpStream } from '../source.js';
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
  /** URL of another server that speaks S3. @default Amazon's of the region */
  endpoint?: string | undefined;
  /** Whether the bucket's name goes into the path (`true`) or the host name. @default true where `endpoint` is given */
  forcePathStyle?: boolean | undefined;
  /** Keys to sign with, or a function that gets them when needed. @default requests are not signed */
  credentials?: S3Credentials | (() => Promise<S3Credentials>) | undefined;
  /** What the keys of dump files begin with. @default 'data/' */
  prefix?: string | undefined;
  /** Most keys for each page of the listing, 1 to 1000. @default 1000 */
  pageSize?: number | undefined;
  /** Retries of the listing; those of files are the downloader's. @see RetryOptions */
  retry?: RetryOptions | undefined;
}

const NAMES: Readonly<Record<keyof S3SourceOptions, true>> = {
  ...TRANSPORT_NAMES,
  bucket: true,
  region: true,
  endpoint: true,
  forcePathStyle: true,
  credentials: true,
  prefix: true,
  pageSize: true,
  retry: true,
};

/** A key below the prefix: the name, perhaps below folders, none of which means to go up. */
const nameIn = (key: string): string | null => {
  const parts = key.split('/');
  return parts.includes('..') || parts.includes('.') ? null : (parts.at(-1) ?? null);
};

/**
 * An S3 bucket as the source. The SDK is loaded here, so that who reads from elsewhere does not pay for it.
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createS3Source = async (options: S3SourceOptions = {}): Promise<DumpSource> => {
  assertKnownOptions(options, NAMES);
  const bucket = options.bucket ?? 'discogs-data-dumps';
  const prefix = options.prefix ?? 'data/';
  const { endpoint, credentials } = options;
  if (bucket === '') throw new DownloaderError('INVALID_OPTIONS', 'bucket must not be empty');
  if (endpoint !== undefined && !(URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol))) {
    throw new DownloaderError('INVALID_OPTIONS', 'endpoint must be an http: or https: URL');
  }
  const pageSize = wholeNumber('pageSize', options.pageSize ?? 1000, 1);
  const retry = resolveRetry(options.retry);
  const transport = await createTransport(options);
  const closing = new AbortController();
  const { S3Client, GetObjectCommand, ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  const client: S3Client = new S3Client({
    region: options.region ?? 'us-west-2',
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    followRegionRedirects: true,
    requestHandler: createRequestHandler(transport, closing.signal),
    // One place decides on retries, and the published SHA-256 on the bytes.
    maxAttempts: 1,
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    ...(credentials === undefined
      ? { signer: { sign: async (request) => request }, credentials: { accessKeyId: '-', secretAccessKey: '-' } }
      : { credentials: credentials as S3Credentials & { sessionToken: string } }),
  });

  const linked = (signal: AbortSignal | undefined): AbortSignal => {
    const both = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
    both.throwIfAborted();
    return both;
  };

  const close = async (): Promise<void> => {
    closing.abort(new DownloaderError('CLOSED', 'The S3 source is closed'));
    client.destroy();
    await transport.close();
  };

  return {
    name: 's3',
    remote: true,

    async list({ signal } = {}) {
      const both = linked(signal);
      const asked = { source: 's3', location: `s3://${bucket}/${prefix}` };
      const listing = new ListingBuilder();
      let token: string | undefined;
      do {
        const page = await retrying(retry, both, async () => {
          try {
            const input = { Bucket: bucket, Prefix: prefix, MaxKeys: pageSize, ContinuationToken: token };
            return await client.send(new ListObjectsV2Command(input), { abortSignal: both });
          } catch (error) {
            if (both.aborted) throw both.reason;
            throw toS3Error(error, asked);
          }
        });
        for (const { Key: key = '', Size: size } of page.Contents ?? []) {
          const name = parseFileName(nameIn(key) ?? '');
          if (name === null) listing.ignore(key);
          else listing.add({ ...name, size: size ?? null, key });
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
      return listing.build();
    },

    async open(file: DumpFile, { from = 0, signal } = {}): Promise<DumpStream> {
      const both = linked(signal);
      const asked = { source: 's3', location: `s3://${bucket}/${file.key}` };
      try {
        const input = { Bucket: bucket, Key: file.key, ...(from > 0 ? { Range: `bytes=${from}-` } : {}) };
        const output = await client.send(new GetObjectCommand(input), { abortSignal: both });
        const body = output.Body as Readable;
        const range = parseContentRange(output.ContentRange);
        const status = output.$metadata.httpStatusCode;
        if (status === 206 && range?.start !== from) {
          body.destroy();
          const message = `${asked.location} answered with "${output.ContentRange ?? ''}", not from byte ${from}`;
          throw new SourceError('RANGE_REJECTED', message, { ...asked, status, retryable: true });
        }
        return {
          body: readBody(body, asked, both),
          offset: range?.start ?? 0,
          size: range === null ? (output.ContentLength ?? null) : range.size,
          close: async () => void body.destroy(),
        };
      } catch (error) {
        if (both.aborted) throw both.reason;
        throw toS3Error(error, asked);
      }
    },

    close,
    [Symbol.asyncDispose]: close,
  };
};
