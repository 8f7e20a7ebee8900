/**
 * What went wrong, for programs. Messages are for people and may change; codes do not. In parentheses: the
 * {@link ChangesErrorFacts} that come with a code.
 *
 * - `INVALID_OPTIONS`: an option or argument has a wrong type or value, or an option's name is unknown.
 * - `STORE_DAMAGED`: a store's file is not what was written to it (`path`). Nothing was changed in it.
 * - `STORE_LOCKED`: another process, or another part of this one, has the store open (`path`).
 * - `UNSUPPORTED_FORMAT`: a newer version of this package wrote the store; it is left as it is (`path`, `format`).
 * - `OTHER_STORE`: the file belongs to another sink, contract or data type (`path`).
 * - `NO_SPACE`, `PERMISSION_DENIED`, `IO_FAILED`: the file system refused an operation (`path`, and `errno` if it is
 *   known). The store holds what was committed before.
 * - `TOO_MANY_DELETIONS`: more ids are missing than `maxDeletedPercent` allows (`deletions`, `ids`,
 *   `maxDeletedPercent`).
 * - `ILLEGAL_STEP`: a pass does not allow this call now, such as a deletion before all records are confirmed.
 * - `STORE_CLOSED`: a store was used after `close()`, or after an error of the file system.
 */
export type ChangesErrorCode =
  | 'INVALID_OPTIONS'
  | 'STORE_DAMAGED'
  | 'STORE_LOCKED'
  | 'UNSUPPORTED_FORMAT'
  | 'OTHER_STORE'
  | 'NO_SPACE'
  | 'PERMISSION_DENIED'
  | 'IO_FAILED'
  | 'TOO_MANY_DELETIONS'
  | 'ILLEGAL_STEP'
  | 'STORE_CLOSED';

/** What a {@link ChangesError} is about. {@link ChangesErrorCode} says which facts come with which code. */
export interface ChangesErrorFacts {
  /** The store's file. */
  readonly path?: string | undefined;
  /** The system's error code, such as `ENOSPC`. */
  readonly errno?: string | undefined;
  /** The format number of the file. */
  readonly format?: number | undefined;
  /** Ids that the sink has and the dump has not. */
  readonly deletions?: number | undefined;
  /** Ids that the sink has. */
  readonly ids?: number | undefined;
  readonly maxDeletedPercent?: number | undefined;
}

/** The only error class of this package. */
export class ChangesError extends Error {
  override readonly name = 'ChangesError';
  readonly code: ChangesErrorCode;
  readonly facts: ChangesErrorFacts;

  constructor(
    code: ChangesErrorCode,
    message: string,
    { facts = {}, cause }: { facts?: ChangesErrorFacts; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}

/** Creates the error for content of a store that was not written like that. */
export const damagedError = (path: string, detail: string, cause?: unknown): ChangesError =>
  new ChangesError(
    'STORE_DAMAGED',
    `The store ${path} is damaged: ${detail}. Remove the file while nothing uses it: every record is then sent once more`,
    { facts: { path }, cause },
  );

export const illegalStepError = (message: string): ChangesError => new ChangesError('ILLEGAL_STEP', message);
