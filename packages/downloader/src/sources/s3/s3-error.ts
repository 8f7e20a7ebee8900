import { DownloaderError, type SourceErrorCode } from '../../errors.js';
import { parseRetryAfter } from '../../http/retry-after.js';
import { type RequestTarget, toTransportError } from '../../http/transport.js';

/** What the SDK throws for a response other than success. */
interface ServiceError {
  readonly name: string;
  readonly $metadata: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && '$metadata' in error && (error as ServiceError).$metadata.httpStatusCode !== undefined;

const errorCodeOf = (name: string, status: number): SourceErrorCode => {
  if (name === 'NoSuchBucket' || name === 'NoSuchKey' || status === 404) return 'NOT_FOUND';
  if (name === 'SlowDown' || status === 503 || status === 429) return 'RATE_LIMITED';
  if (name === 'InvalidRange' || status === 416) return 'RANGE_REJECTED';
  // `AccessDenied`, and the many ways in which a signature or key can be wrong.
  if (status === 401 || status === 403) return 'ACCESS_DENIED';
  return 'HTTP_STATUS';
};

/** Turns an error of the SDK into a `DownloaderError`. */
export const toS3Error = (error: unknown, target: RequestTarget): DownloaderError => {
  if (error instanceof DownloaderError) return error;
  if (!isServiceError(error)) return toTransportError(error, target, 'request');
  const status = error.$metadata.httpStatusCode!;
  const code = errorCodeOf(error.name, status);
  const headers = error.$response?.headers ?? {};
  return new DownloaderError(code, `${target.location} responded with status ${status} ${error.name}`, {
    facts: {
      ...target,
      status,
      retryable: status >= 500 || status === 429 || status === 408 || code === 'RANGE_REJECTED',
      retryAfterMs: parseRetryAfter(headers['retry-after'], headers['date']),
    },
    cause: error,
  });
};
