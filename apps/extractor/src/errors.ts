import { errnoOf, messageOf } from '@discogs-extractor/internal/errno';
import { adviceFor } from './advice.js';

/**
 * What went wrong, for programs to branch on. In brackets: the facts that come with it.
 *
 * - `CONFIG_INVALID`: settings are wrong (`problems`)
 * - `USAGE`: the command line asks for something impossible
 * - `FOLDER_LOCKED`: another extractor works in the data folder (`path`)
 * - `FOLDER_UNUSABLE`: the data folder cannot be created, read or written (`path`)
 * - `FOLDER_LOST`: the data folder was deleted or replaced during the run, or another extractor has its lock now (`path`)
 * - `LOCK_UNRELIABLE`: a lock on the data folder, or on the output folder, would not keep other extractors out (`path`, `fileSystem`)
 * - `QUARANTINE_FAILED`: a malformed record cannot be kept (`path`)
 * - `OUTPUT_LOCKED`: another extractor writes to the output file (`path`)
 * - `OUTPUT_CHANGED`: the output is not what was delivered to it, or belongs to another data folder (`path`, `before`,
 *   `now`)
 * - `OUTPUT_FAILED`: the output file cannot be written (`path`)
 * - `HTTP_UNAVAILABLE`: the status server cannot listen (`port`)
 * - `TOPOLOGY_CONFLICT`: the broker has the exchange or a queue with other properties (`exchange` or `queue`);
 *   `cause` is the publisher's error
 * - `NO_RECORDS`: a dump file has no record that can be delivered (`file`, `records`)
 * - `TOO_FEW_RECORDS`: a dump file has far fewer records than the one of the earlier dump
 *   (`file`, `records`, `earlierRecords`, `earlierVersion`)
 * - `TOO_MANY_DELETIONS`: a dump file lacks more of the ids that the sink has than MAX_DELETED_PERCENT allows (`file`,
 *   `deletions`, `ids`); `cause` is the error of the library
 * - `RECORD_REFUSED`: the broker does not take a record, and more are not tolerated (`file`, `recordNumber`); `cause` is
 *   the publisher's error
 * - `CONTENT_LEFT_OUT`: a dump file has content outside of records, in more places than MAX_LEFT_OUT allows
 *   (`file`, `places`, `byteOffset`)
 * - `FORMAT_CHANGED`: the format of a dump file has changed, and FORMAT_DRIFT is `fail` (`file`, `path` of the report)
 * - `INVENTORY_FAILED`: an inventory or a report on the format cannot be written or read (`path`)
 * - `RULES_EXCEEDED`: more records of a dump file violate rules than their `fail_above` allows (`file`, `records`, `rules`)
 * - `RULES_CHANGED`: records of an unfinished file were delivered under other `skip_records` or `filters` (`version`,
 *   `file`, `records`)
 * - `FILE_CHANGED`: a dump file is not the one that was verified (`file`, `path`), or has fewer records than were
 *   delivered from it before (`file`, `records`)
 * - `DUMP_DAMAGED`: the content of a dump file is not the one that was verified, although nothing has written to it, so
 *   records that were delivered from it may be wrong (`file`, `path`)
 * - `DUMP_UNREADABLE`: a dump file cannot be read (`file`, `path`)
 * - `DESTINATION_CHANGED`: the records of a file were delivered to another place, or are no longer there (`version`,
 *   `file`, `records`, `before`, `now`)
 * - `NOTHING_DELIVERED`: there is no state marker to verify (`path`, `version`)
 * - `MANAGEMENT_UNAVAILABLE`: the management API of RabbitMQ cannot be read (`queue`)
 * - `SINK_CHANGED`: the records of a dump were delivered to another sink (`version`, `records`)
 */
export type ExtractorErrorCode =
  | 'CONFIG_INVALID'
  | 'USAGE'
  | 'FOLDER_LOCKED'
  | 'FOLDER_UNUSABLE'
  | 'FOLDER_LOST'
  | 'LOCK_UNRELIABLE'
  | 'OUTPUT_CHANGED'
  | 'OUTPUT_FAILED'
  | 'OUTPUT_LOCKED'
  | 'QUARANTINE_FAILED'
  | 'HTTP_UNAVAILABLE'
  | 'TOPOLOGY_CONFLICT'
  | 'NO_RECORDS'
  | 'TOO_FEW_RECORDS'
  | 'TOO_MANY_DELETIONS'
  | 'CONTENT_LEFT_OUT'
  | 'RECORD_REFUSED'
  | 'FORMAT_CHANGED'
  | 'INVENTORY_FAILED'
  | 'RULES_CHANGED'
  | 'RULES_EXCEEDED'
  | 'FILE_CHANGED'
  | 'DUMP_DAMAGED'
  | 'DUMP_UNREADABLE'
  | 'DESTINATION_CHANGED'
  | 'NOTHING_DELIVERED'
  | 'MANAGEMENT_UNAVAILABLE'
  | 'SINK_CHANGED';

/** Facts about an {@link ExtractorError}; {@link ExtractorErrorCode} says which are present for which code. */
export interface ExtractorErrorFacts {
  /** A folder, an output file or a dump file. */
  readonly path?: string | undefined;
  /** Type of the file system that the folder is on, such as `nfs4`. */
  readonly fileSystem?: string | undefined;
  /** Name of a dump file. */
  readonly file?: string | undefined;
  /** Version of a dump, `YYYYMMDD`. */
  readonly version?: string | undefined;
  /** Records of the file or dump. */
  readonly records?: number | undefined;
  /** Ids that a dump lacks, and those that the sink has. */
  readonly deletions?: number | undefined;
  readonly ids?: number | undefined;
  /** Places with content outside of records, and the position of the first in the XML. */
  readonly places?: number | undefined;
  readonly byteOffset?: number | undefined;
  /** What was there when the records were delivered, and what is there now, in words. */
  readonly before?: string | undefined;
  readonly now?: string | undefined;
  /** Number of a record in its file, counted from 1. */
  readonly recordNumber?: number | undefined;
  readonly port?: number | undefined;
  readonly exchange?: string | undefined;
  readonly queue?: string | undefined;
  /** Records that the file of the earlier dump had, and that dump's version. */
  readonly earlierRecords?: number | undefined;
  readonly earlierVersion?: string | undefined;
  /** Names of rules for records. */
  readonly rules?: readonly string[] | undefined;
  readonly problems?: readonly ConfigProblem[] | undefined;
}

/** One wrong setting. `value` is absent if the setting is missing or a secret. */
export interface ConfigProblem {
  /** As the user wrote it: `HEALTH_PORT`, `--types`, `health_port in config.toml`. */
  readonly setting: string;
  readonly value?: string | undefined;
  /** What is accepted, in words. */
  readonly accepts?: string | undefined;
  /** What is wrong, if that says more. */
  readonly message?: string | undefined;
}

/** Every error that the extractor itself raises. Errors of the libraries pass through, or are the `cause` of one. */
export class ExtractorError extends Error {
  override readonly name = 'ExtractorError';
  readonly code: ExtractorErrorCode;
  readonly facts: ExtractorErrorFacts;

  constructor(
    code: ExtractorErrorCode,
    message: string,
    { facts = {}, cause }: { readonly facts?: ExtractorErrorFacts; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}

/** Exit statuses of the command line; only `status --exit-code` uses `unfinished`. */
export const EXIT = { done: 0, failed: 1, usage: 2, unfinished: 3 } as const;

/** The exit status for an error. */
export const exitStatusOf = (error: unknown): number =>
  error instanceof ExtractorError && (error.code === 'CONFIG_INVALID' || error.code === 'USAGE')
    ? EXIT.usage
    : EXIT.failed;

/**
 * The message in one line, with those of the causes that it does not quote, and what to do about it; other thrown values
 * as text.
 */
export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return messageOf(error);
  const { cause } = error;
  const message = `${messageOf(error)}${adviceFor(error)}`;
  return cause instanceof Error && !message.includes(messageOf(cause))
    ? `${message} (${describeError(cause)})`
    : message;
};

/** The `code` of a typed or a system error; `undefined` for anything else. */
export const errorCodeOf = errnoOf;

/** Where in the XML the error occurred; `undefined` if it does not say. */
export const byteOffsetOf = (error: unknown): number | undefined =>
  error instanceof Error && 'facts' in error ? (error as Pick<ExtractorError, 'facts'>).facts.byteOffset : undefined;
