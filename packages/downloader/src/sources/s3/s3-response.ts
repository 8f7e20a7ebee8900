import { DownloaderError, type SourceErrorCode } from '../../errors.js';
import { parseRetryAfter } from '../../http/retry-after.js';
import type { RequestTarget } from '../../http/transport.js';

/** A page of a bucket's listing. */
export interface S3Listing {
  readonly objects: readonly { readonly key: string; readonly size: number | undefined }[];
  /** Where the next page begins; `undefined` for the last page. */
  readonly nextToken: string | undefined;
}

/** Calls `onElement` with the text of each element that has no elements in it, by its path, such as `Error/Code`. */
const readElements = async (xml: string, onElement: (path: string, text: string) => void): Promise<void> => {
  const { Parser } = await import('htmlparser2');
  const path: string[] = [];
  let text = '';
  const parser = new Parser(
    {
      onopentag(name) {
        path.push(name);
        text = '';
      },
      ontext(data) {
        text += data;
      },
      onclosetag(_name, isImplied) {
        // An element without an end tag: the document is cut.
        if (!isImplied) onElement(path.join('/'), text);
        path.pop();
        text = '';
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.end(xml);
};

/**
 * Reads a page of a listing (`ListObjectsV2`).
 *
 * @returns `undefined` if the text is not a whole listing
 */
export const parseListing = async (xml: string): Promise<S3Listing | undefined> => {
  const objects: { key: string; size: number | undefined }[] = [];
  let key: string | undefined;
  let size: string | undefined;
  let nextToken: string | undefined;
  let isTruncated = false;
  let isWhole = false;
  await readElements(xml, (path, text) => {
    if (path === 'ListBucketResult/Contents/Key') key = text;
    else if (path === 'ListBucketResult/Contents/Size') size = text;
    else if (path === 'ListBucketResult/Contents') {
      if (key !== undefined) objects.push({ key, size: /^[0-9]+$/.test(size ?? '') ? Number(size) : undefined });
      key = undefined;
      size = undefined;
    } else if (path === 'ListBucketResult/NextContinuationToken') nextToken = text;
    else if (path === 'ListBucketResult/IsTruncated') isTruncated = text.trim() === 'true';
    else if (path === 'ListBucketResult') isWhole = true;
  });
  // A page that says that there is more, and not where, would end the listing without the rest.
  if (!isWhole || (isTruncated && nextToken === undefined)) return undefined;
  return { objects, nextToken: isTruncated ? nextToken : undefined };
};

/** What a server says about an error. */
export interface S3Fault {
  /** Such as `AccessDenied`; empty if the body is not an S3 error. */
  readonly name: string;
  /** The bucket's region, if the error is that the request went to another one. */
  readonly region: string | undefined;
}

/** Reads the body of a response other than success. */
export const parseFault = async (xml: string): Promise<S3Fault> => {
  let name = '';
  let region: string | undefined;
  await readElements(xml, (path, text) => {
    if (path === 'Error/Code') name = text;
    else if (path === 'Error/Region') region = text;
  });
  return { name, region };
};

const errorCodeOf = (name: string, status: number): SourceErrorCode => {
  if (name === 'NoSuchBucket' || name === 'NoSuchKey' || status === 404) return 'NOT_FOUND';
  if (name === 'SlowDown' || status === 503 || status === 429) return 'RATE_LIMITED';
  if (name === 'InvalidRange' || status === 416) return 'RANGE_REJECTED';
  // `AccessDenied`, and the many ways in which a signature or key can be wrong.
  if (status === 401 || status === 403) return 'ACCESS_DENIED';
  return 'HTTP_STATUS';
};

/** Creates the error for a response other than success. */
export const toS3Error = (
  status: number,
  headers: Readonly<Record<string, string>>,
  { name }: S3Fault,
  target: RequestTarget,
): DownloaderError => {
  const code = errorCodeOf(name, status);
  return new DownloaderError(code, `${target.location} responded with status ${status} ${name}`.trimEnd(), {
    facts: {
      ...target,
      status,
      retryable: status >= 500 || status === 429 || status === 408 || code === 'RANGE_REJECTED',
      retryAfterMs: parseRetryAfter(headers['retry-after'], headers['date']),
    },
  });
};
