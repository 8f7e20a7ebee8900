/**
 * - `INVALID_OPTIONS`: an option has a wrong type or value (`option`).
 * - `WRITE_FAILED`: a file or folder could not be written (`path`).
 */
export type SampleDumpErrorCode = 'INVALID_OPTIONS' | 'WRITE_FAILED';

/** What a {@link SampleDumpError} is about. */
export interface SampleDumpErrorFacts {
  readonly option?: string | undefined;
  readonly path?: string | undefined;
}

/** The only error class of this package. An aborted call rejects with the signal's reason instead. */
export class SampleDumpError extends Error {
  override readonly name = 'SampleDumpError';
  readonly code: SampleDumpErrorCode;
  readonly facts: SampleDumpErrorFacts;

  constructor(
    code: SampleDumpErrorCode,
    message: string,
    { facts = {}, cause }: { facts?: SampleDumpErrorFacts; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}
