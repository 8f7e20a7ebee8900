/**
 * What went wrong, for programs. Messages are for people and may change; codes do not. In parentheses: the
 * {@link DataQualityErrorFacts} that come with a code.
 *
 * - `INVALID_OPTIONS`: an option or argument has a wrong type or value, or an option's name is unknown.
 * - `INVALID_RULES`: a rules file is not as it must be (`path` if it is known, `issues`).
 * - `RULES_UNREADABLE`: a rules file cannot be read (`path`, `errno`).
 * - `REPORTS_CHANGED`: reports are to be continued, and are not there any more (`path`).
 * - `REPORTS_FAILED`: a report or a flagged record cannot be written (`path`, `errno`).
 * - `INVALID_INVENTORY`: a text is not an inventory.
 */
export type DataQualityErrorCode =
  | 'INVALID_OPTIONS'
  | 'INVALID_RULES'
  | 'RULES_UNREADABLE'
  | 'REPORTS_CHANGED'
  | 'REPORTS_FAILED'
  | 'INVALID_INVENTORY';

/** One place in a rules file, and what is to be said about it. */
export interface RulesIssue {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Path of the member, such as `rules.releases[2].condition.min`; empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
}

/** What a {@link DataQualityError} is about. {@link DataQualityErrorCode} says which facts come with which code. */
export interface DataQualityErrorFacts {
  /** The file concerned. */
  readonly path?: string | undefined;
  /** All that is wrong with a rules file, in the file's order. */
  readonly issues?: readonly RulesIssue[] | undefined;
  /** The system's error code, such as `ENOENT`. */
  readonly errno?: string | undefined;
}

/** The only error class of this package. */
export class DataQualityError extends Error {
  override readonly name = 'DataQualityError';
  readonly code: DataQualityErrorCode;
  readonly facts: DataQualityErrorFacts;

  constructor(
    code: DataQualityErrorCode,
    message: string,
    { facts = {}, cause }: { facts?: DataQualityErrorFacts; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}
