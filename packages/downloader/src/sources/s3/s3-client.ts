import { DownloaderError } from '../../errors.js';
import { readBody } from '../../http/read-body.js';
import { type HttpResponse, type RequestTarget, type Transport, toTransportError } from '../../http/transport.js';
import { parseFault, toS3Error } from './s3-response.js';

/** Keys to sign requests with. */
export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** For temporary keys. */
  sessionToken?: string | undefined;
}

/** A bucket, and how to reach it. */
export interface S3Bucket {
  readonly bucket: string;
  readonly region: string;
  /** @default Amazon's endpoint of the region */
  readonly endpoint: string | undefined;
  readonly forcePathStyle: boolean;
  /** @default unsigned requests */
  readonly credentials: S3Credentials | (() => Promise<S3Credentials>) | undefined;
}

/** What to request. */
export interface S3Request {
  /** Key of an object; empty for the bucket itself. */
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  /** Position to start at. @default 0 */
  readonly from?: number | undefined;
}

/** Errors and listings are short; a longer body is something else. */
const MAX_TEXT_BYTES = 8 * 1024 * 1024;
/** SHA-256 of an empty body, which is part of the signature. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
/** A bucket's name that can be part of a host name; with a dot, it would not match Amazon's certificate. */
const HOST_BUCKET = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** Escapes as the signature requires (RFC 3986); `encodeURIComponent` leaves five characters unescaped. */
const escapeComponent = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Reads and lists objects of a bucket: `GET` requests, signed or not. */
export class S3Client {
  readonly #bucket: S3Bucket;
  readonly #transport: Transport;
  /** Changes if the bucket turns out to be in another region. */
  #region: string;

  constructor(bucket: S3Bucket, transport: Transport) {
    this.#bucket = bucket;
    this.#transport = transport;
    this.#region = bucket.region;
  }

  /**
   * Sends a request. Resolves only with a success.
   *
   * @throws DownloaderError a fault of the source; the signal's reason
   */
  async get(request: S3Request, target: RequestTarget, signal: AbortSignal): Promise<HttpResponse> {
    const region = this.#region;
    try {
      const response = await this.#send(request, region, signal);
      if (response.status === 200 || response.status === 206) return response;
      const fault = await parseFault(await readText(response, target, signal));
      const actualRegion = response.headers['x-amz-bucket-region'] ?? fault.region;
      const isMoved = response.status === 301 || response.status === 307 || response.status === 400;
      // Once only: two regions that name each other would never end.
      if (isMoved && actualRegion !== undefined && region === this.#bucket.region && actualRegion !== region) {
        this.#region = actualRegion;
        return await this.get(request, target, signal);
      }
      throw toS3Error(response.status, response.headers, fault, target);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw toTransportError(error, target, 'request');
    }
  }

  async #send({ key = '', query = {}, from = 0 }: S3Request, region: string, signal: AbortSignal) {
    const url = this.#baseUrl(region);
    url.pathname += key.split('/').map(escapeComponent).join('/');
    url.search = Object.entries(query)
      .flatMap(([name, value]) => (value === undefined ? [] : [`${escapeComponent(name)}=${escapeComponent(value)}`]))
      .join('&');
    const range: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
    const headers = { ...range, ...(await this.#signatureOf(url, range, region)) };
    return this.#transport.request({ url, headers, signal });
  }

  /** The bucket's address. Its path ends with a slash. */
  #baseUrl(region: string): URL {
    const { bucket, endpoint, forcePathStyle } = this.#bucket;
    const partition = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const url = new URL(endpoint ?? `https://s3.${region}.${partition}`);
    if (!url.pathname.endsWith('/')) url.pathname += '/';
    if (forcePathStyle || !HOST_BUCKET.test(bucket)) url.pathname += `${escapeComponent(bucket)}/`;
    else url.hostname = `${bucket}.${url.hostname}`;
    return url;
  }

  async #signatureOf(
    url: URL,
    headers: Readonly<Record<string, string>>,
    region: string,
  ): Promise<Record<string, string>> {
    const { credentials } = this.#bucket;
    if (credentials === undefined) return {};
    const { accessKeyId, secretAccessKey, sessionToken } =
      typeof credentials === 'function' ? await credentials() : credentials;
    const { AwsV4Signer } = await import('aws4fetch');
    const signer = new AwsV4Signer({
      url: url.href,
      headers: { ...headers, 'x-amz-content-sha256': EMPTY_SHA256 },
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: 's3',
      region,
    });
    return Object.fromEntries((await signer.sign()).headers);
  }
}

/**
 * Reads the text of a response.
 *
 * @throws DownloaderError a fault of the source; the signal's reason
 */
export const readText = async ({ body }: HttpResponse, target: RequestTarget, signal: AbortSignal): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of readBody(body, target, signal)) {
    chunks.push(Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes > MAX_TEXT_BYTES) {
      throw new DownloaderError('UNEXPECTED_CONTENT', `${target.location} is longer than ${MAX_TEXT_BYTES} bytes`, {
        facts: { ...target, retryable: false },
      });
    }
  }
  return Buffer.concat(chunks).toString('utf8');
};
