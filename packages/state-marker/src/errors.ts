import type { Status } from './marker.js';

/** What went wrong, for programs. Messages are for people and may change; codes may not. */
export type StateMarkerErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_VERSION'
  | 'INVALID_MARKER'
  | 'UNSUPPORTED_METADATA_VERSION'
  | 'ILLEGAL_TRANSITION'
  | 'NO_SPACE'
  | 'PERMISSION_DENIED'
  | 'IO_FAILED'
  | 'STORE_CLOSED'
  | 'STORE_READ_ONLY';

/** Base of all errors of this package. */
export class StateMarkerError extends Error {
  override readonly name: string = 'StateMarkerError';
  readonly code: StateMarkerErrorCode;

  constructor(code: StateMarkerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** One place in a marker that is not as it must be. */
export interface MarkerIssue {
  /** Path inside the marker, such as `processing_phase.progress_by_file.FILE.status`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** `INVALID_MARKER`: the text or value is no state marker. */
export class InvalidMarkerError extends StateMarkerError {
  override readonly name = 'InvalidMarkerError';
  readonly issues: readonly MarkerIssue[];

  constructor(issues: readonly MarkerIssue[], options?: ErrorOptions) {
    const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    super('INVALID_MARKER', `not a state marker: ${list.join('; ')}`, options);
    this.issues = issues;
  }
}

/** `UNSUPPORTED_METADATA_VERSION`: a marker that a newer program wrote. It is left as it stands. */
export class UnsupportedMetadataVersionError extends StateMarkerError {
  override readonly name = 'UnsupportedMetadataVersionError';
  readonly metadataVersion: string;

  constructor(metadataVersion: string) {
    super(
      'UNSUPPORTED_METADATA_VERSION',
      `the marker has metadata_version ${JSON.stringify(metadataVersion)}, and this program understands 1.x only`,
    );
    this.metadataVersion = metadataVersion;
  }
}

/** The rule that a transition would have broken. */
export type TransitionRule =
  /** The phase that the step belongs to has not been started, or is over. */
  | 'phase_not_in_progress'
  /** A phase or run that is completed cannot fail or complete again. */
  | 'already_completed'
  /** The file has to be started first. */
  | 'file_not_in_progress'
  /** A completed file is started again only by `restartFile`, for other bytes. */
  | 'file_already_completed'
  /** The file was begun from other bytes (or unknown ones): `restartFile` is what is meant. */
  | 'source_changed'
  /** `restartFile` for the very bytes that the watermark stands for. */
  | 'source_unchanged'
  /** Records, confirmed records and batches never go back within one source. */
  | 'progress_decreased'
  /** More records confirmed than extracted. */
  | 'watermark_ahead'
  /** A file is completed only when every extracted record is confirmed. */
  | 'unconfirmed_records'
  /** A phase is completed only when each of its files is, and it has one. */
  | 'unfinished_files'
  /** A run is completed only after its phases. */
  | 'unfinished_phase';

/** `ILLEGAL_TRANSITION`: the marker does not allow this step. The marker that was passed in is unchanged. */
export class IllegalTransitionError extends StateMarkerError {
  override readonly name = 'IllegalTransitionError';
  /** The function that refused. */
  readonly transition: string;
  readonly rule: TransitionRule;
  /** The file concerned, where it is about one. */
  readonly file: string | undefined;
  /** The status that was found. */
  readonly status: Status | undefined;

  constructor(facts: {
    transition: string;
    rule: TransitionRule;
    message: string;
    file?: string | undefined;
    status?: Status | undefined;
  }) {
    const where = facts.file === undefined ? '' : ` (${facts.file})`;
    super('ILLEGAL_TRANSITION', `${facts.transition}${where}: ${facts.message}`);
    this.transition = facts.transition;
    this.rule = facts.rule;
    this.file = facts.file;
    this.status = facts.status;
  }
}

/** What a store was doing when the system refused. */
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

/**
 * `NO_SPACE`, `PERMISSION_DENIED` or `IO_FAILED`: the file system refused. A failed save leaves the marker that
 * was there (after a failed `sync-directory`: that one or the new one), whole.
 */
export class StoreIoError extends StateMarkerError {
  override readonly name = 'StoreIoError';
  readonly operation: StoreOperation;
  readonly path: string;
  /** The system's name for it, such as `ENOSPC`; `undefined` where it gave none. */
  readonly errno: string | undefined;

  constructor(operation: StoreOperation, path: string, cause: unknown) {
    const errno = errnoOf(cause);
    super(classify(errno), `cannot ${operation.replace('-', ' ')} ${path}: ${describe(cause)}`, { cause });
    this.operation = operation;
    this.path = path;
    this.errno = errno;
  }
}

/** The `code` of a system error, such as `ENOENT`. */
export const errnoOf = (error: unknown): string | undefined => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
};

const classify = (errno: string | undefined): StateMarkerErrorCode => {
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG': // over the process's limit of file size: its disk is full, as far as it can tell
      return 'NO_SPACE';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'PERMISSION_DENIED';
    default:
      return 'IO_FAILED';
  }
};

const describe = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
