import { errnoOf, isOutOfSpace, messageOf } from '@discogs-extractor/internal/errno';
import type { Status } from './marker.js';

/**
 * What went wrong, for programs. Messages are for people and may change; codes do not. In parentheses: the
 * {@link StateMarkerErrorFacts} that come with a code.
 *
 * - `INVALID_OPTIONS`: an option or argument has a wrong type or value, or an option's name is unknown.
 * - `INVALID_VERSION`: a dump version is not eight digits.
 * - `INVALID_MARKER`: a text or value is not a state marker (`issues`).
 * - `UNSUPPORTED_METADATA_VERSION`: a newer program wrote the marker; it is neither moved nor overwritten
 *   (`metadataVersion`).
 * - `ILLEGAL_TRANSITION`: the marker does not allow this step; the marker passed in is unchanged (`transition`,
 *   `rule`, and `file` and `status` if the step concerns them).
 * - `NO_SPACE`, `PERMISSION_DENIED`, `IO_FAILED`: the file system refused an operation (`operation`, `path`,
 *   `errno`), or a backend of your own did (`operation`, `version`, `errno`). After a failed save the file holds the
 *   previous marker; only after a failed `sync-directory` it may hold the new one.
 * - `STORE_CLOSED`: a store or session was used after `close()`.
 * - `STORE_READ_ONLY`: `save` was called on a read-only store.
 */
export type StateMarkerErrorCode =
  | 'INVALID_OPTIONS'
  | 'INVALID_VERSION'
  | 'INVALID_MARKER'
  | 'UNSUPPORTED_METADATA_VERSION'
  | 'ILLEGAL_TRANSITION'
  | 'NO_SPACE'
  | 'PERMISSION_DENIED'
  | 'IO_FAILED'
  | 'STORE_CLOSED'
  | 'STORE_READ_ONLY';

/** One place in a marker that is not as it must be. */
export interface MarkerIssue {
  /** Path in the marker, such as `processing_phase.progress_by_file.FILE.status`; empty for the marker as a whole. */
  readonly path: string;
  readonly message: string;
}

/** The rule that a transition would have broken. */
export type TransitionRule =
  /** The phase that the step belongs to has not been started, or is over. */
  | 'phase_not_in_progress'
  /** A phase or run that is completed cannot fail or complete again. */
  | 'already_completed'
  /** The file has to be started first. */
  | 'file_not_in_progress'
  /** Only `restartFile`, for other bytes, starts a completed file again. */
  | 'file_already_completed'
  /** The file was started from other or unknown bytes: use `restartFile`. */
  | 'source_changed'
  /** The marker does not say where the confirmed records are: use `restartFile`. */
  | 'destination_unknown'
  /** `restartFile` was called for the same bytes that the watermark counts: use `startFile`. */
  | 'source_unchanged'
  /** Records, confirmed records and batches never decrease within one source. */
  | 'progress_decreased'
  /** More records are confirmed than extracted. */
  | 'watermark_ahead'
  /** A file is completed only when every extracted record is confirmed. */
  | 'unconfirmed_records'
  /** A phase is completed only when it has files and all are completed. */
  | 'unfinished_files'
  /** A run is completed only after its phases. */
  | 'unfinished_phase';

/** What a store was doing when the file system refused. */
export type StoreOperation =
  | 'inspect-directory'
  | 'create-directory'
  | 'list'
  | 'read'
  | 'set-aside'
  | 'write'
  | 'sync'
  | 'rename'
  | 'sync-directory';

/** What a {@link StateMarkerError} is about. {@link StateMarkerErrorCode} says which facts come with which code. */
export interface StateMarkerErrorFacts {
  /** What is wrong with the marker, one entry per place. */
  readonly issues?: readonly MarkerIssue[] | undefined;
  /** The marker's `metadata_version`. */
  readonly metadataVersion?: string | undefined;
  /** The function that refused the step. */
  readonly transition?: string | undefined;
  readonly rule?: TransitionRule | undefined;
  /** The dump file concerned. */
  readonly file?: string | undefined;
  /** The status that the phase, file or run has. */
  readonly status?: Status | undefined;
  readonly operation?: StoreOperation | undefined;
  /** The file or directory that the operation was applied to. */
  readonly path?: string | undefined;
  /** The dump version concerned, if a backend of your own refused the operation. */
  readonly version?: string | undefined;
  /** The system's error code, such as `ENOSPC`. */
  readonly errno?: string | undefined;
}

/** The only error class of this package. */
export class StateMarkerError extends Error {
  override readonly name = 'StateMarkerError';
  readonly code: StateMarkerErrorCode;
  readonly facts: StateMarkerErrorFacts;

  constructor(
    code: StateMarkerErrorCode,
    message: string,
    { facts = {}, cause }: { facts?: StateMarkerErrorFacts; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}

/** Creates an `INVALID_MARKER` error. */
export const invalidMarkerError = (issues: readonly MarkerIssue[], cause?: unknown): StateMarkerError => {
  const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new StateMarkerError('INVALID_MARKER', `Not a state marker: ${list.join('; ')}`, { facts: { issues }, cause });
};

export const isInvalidMarkerError = (error: unknown): error is StateMarkerError =>
  error instanceof StateMarkerError && error.code === 'INVALID_MARKER';

/** Creates the error for a refusal of the file system. */
export const storeIoError = (operation: StoreOperation, path: string, cause: unknown): StateMarkerError =>
  refusal(operation, path, { path }, cause);

/** Creates the error for a refusal of the user's own backend; without a version, for an operation on all. */
export const backendError = (
  operation: StoreOperation,
  version: string | undefined,
  cause: unknown,
): StateMarkerError =>
  refusal(operation, version === undefined ? 'markers' : `the marker of ${version}`, { version }, cause);

const refusal = (
  operation: StoreOperation,
  subject: string,
  facts: StateMarkerErrorFacts,
  cause: unknown,
): StateMarkerError => {
  const errno = errnoOf(cause);
  return new StateMarkerError(
    storeIoCode(errno),
    `Cannot ${operation.replace('-', ' ')} ${subject}: ${messageOf(cause)}`,
    {
      facts: { ...facts, operation, errno },
      cause,
    },
  );
};

const NO_PERMISSION: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);

const storeIoCode = (errno: string | undefined): StateMarkerErrorCode => {
  if (isOutOfSpace(errno)) return 'NO_SPACE';
  return NO_PERMISSION.has(errno) ? 'PERMISSION_DENIED' : 'IO_FAILED';
};
