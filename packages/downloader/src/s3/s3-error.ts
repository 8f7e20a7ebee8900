import { DownloaderError, SourceError, type SourceErrorCode } from '../errors.js';
import { parseRetryAfter } from '../http/retry-after.js';
import { type Asked, toTransportError } from '../http/transport.js';

/** What the SDK throws for an answer that is no success. */
interface ServiceError {
  readonly name: string;
  readonly $metadata: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && '$metadata' in error && (error as ServiceError).$metadata.httpStatusCode !== undefined;

const codeOf = (name: string, status: number): SourceErrorCode => {
  if (name === 'NoSuchBucket' || name === 'NoSuchKey' || status === 404) return 'NOT_FOUND';
  if (name === 'SlowDown' || status === 503 || status === 429) return 'RATE_LIMITED';
  if (name === 'InvalidRange' || status === 416) return 'RANGE_REJECTED';
  // `AccessDenied`, and the many ways in which a signature or key can be wrong.
  if (status === 401 || status === 403) return 'ACCESS_DENIED';
  return 'HTTP_STATUS';
};

/** What went wrong with a request to S3. */
export const toS3Error = (error: unknown, asked: Asked): DownloaderError => {
  if (error instanceof DownloaderError) return error;
  if (!isServiceError(error)) return toTransportError(error, asked, 'request');
  const status = error.$metadata.httpStatusCode!;
  const code = codeOf(error.name, status);
  const headers = error.$response?.headers ?? {};
  return new SourceError(
    code,
    `${asked.location} answered ${status} ${error.name}`,
    {
      ...asked,
      status,
      retryable: status >= 500 || status === 429 || status === 408 || code === 'RANGE_REJECTED',
      retryAfterMs: parseRetryAfter(headers['retry-after'], headers['date']) ?? undefined,
    },
    { cause: error },
  );
};
