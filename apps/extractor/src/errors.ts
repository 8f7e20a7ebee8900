import { errnoOf } from '@discogs-extractor/internal/errno';

/** What went wrong, as a word that programs can branch on. */
export type ExtractorErrorCode =
  | 'CONFIG_INVALID'
  | 'USAGE'
  | 'FOLDER_LOCKED'
  | 'FOLDER_UNUSABLE'
  | 'FOLDER_LOST'
  | 'OUTPUT_FAILED'
  | 'HTTP_UNAVAILABLE'
  | 'OUTPUT_LOCKED'
  | 'NO_RECORDS'
  | 'TOO_FEW_RECORDS'
  | 'FILE_CHANGED'
  | 'SINK_CHANGED';

/** Facts about an {@link ExtractorError}; which are present depends on its code. */
export interface ExtractorErrorFacts {
  readonly path?: string;
  readonly file?: string;
  /** Of a dump, `YYYYMMDD`. */
  readonly version?: string;
  readonly records?: number;
  readonly port?: number;
  /** Records that an earlier version had, and which version that is. */
  readonly earlierRecords?: number;
  readonly earlierVersion?: string;
  readonly problems?: readonly ConfigProblem[];
}

/** One setting that is wrong. `value` is absent where it is missing or a secret. */
export interface ConfigProblem {
  /** As the person wrote it: `HEALTH_PORT`, `--types`, `health_port in config.toml`. */
  readonly setting: string;
  readonly value?: string;
  /** What is accepted there, in words. */
  readonly accepts: string;
}

/** Every error that the extractor itself raises; those of the libraries arrive as `cause` or as they are. */
export class ExtractorError extends Error {
  override readonly name = 'ExtractorError';

  constructor(
    readonly code: ExtractorErrorCode,
    message: string,
    readonly facts: ExtractorErrorFacts = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Exit statuses of the command line (DESIGN 7.2). */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** The exit status that tells a caller what an error was about. */
export const exitStatusOf = (error: unknown): number =>
  error instanceof ExtractorError && (error.code === 'CONFIG_INVALID' || error.code === 'USAGE')
    ? EXIT.usage
    : EXIT.failed;

/** `cause`s included, in one line; a thrown value that is no error is shown as text. */
export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && !error.message.includes(cause.message)
    ? `${error.message} (${describeError(cause)})`
    : error.message;
};

/** The `code` of a typed or a system error; `undefined` for anything else. */
export const errorCodeOf = errnoOf;
