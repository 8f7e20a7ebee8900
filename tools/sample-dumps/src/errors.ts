/** What went wrong: an option that cannot be used, or a file that could not be written. */
export type SampleDumpErrorCode = 'INVALID_OPTION' | 'WRITE_FAILED';

/** The one error class of this package. An aborted call rejects with the signal's own reason instead. */
export class SampleDumpError extends Error {
  readonly code: SampleDumpErrorCode;
  /** The option at fault, with `INVALID_OPTION`. */
  readonly option: string | undefined;
  /** The file at fault, with `WRITE_FAILED`. */
  readonly path: string | undefined;

  constructor(
    code: SampleDumpErrorCode,
    message: string,
    facts: { option?: string; path?: string; cause?: unknown } = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'SampleDumpError';
    this.code = code;
    this.option = facts.option;
    this.path = facts.path;
  }
}
