import type { PassCounts } from '@discogs-extractor/changes';
import type { DataType } from '../config/data-type.js';

export interface FileCompleteFacts {
  readonly dataType: DataType;
  readonly file: string;
  readonly records: number;
  /** Malformed records and other content of the file that was not delivered. */
  readonly undelivered: number;
  /** What the pass over the file sent; `undefined` with PUBLISH=all. */
  readonly changes: PassCounts | undefined;
  readonly now: Date;
}

/** The message after a file's last record, as UTF-8 bytes; see docs/wire-contract.md. */
export const fileCompleteMessage = ({
  dataType,
  file,
  records,
  undelivered,
  changes,
  now,
}: FileCompleteFacts): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      type: 'file_complete',
      data_type: dataType,
      timestamp: now.toISOString(),
      total_processed: records,
      file,
      ...(undelivered > 0 && { undelivered }),
      ...(changes && {
        published: changes.published,
        // Whatever needed no message, such as records that rules skip: together they are all records.
        unchanged: records - changes.published,
        deleted: changes.deleted,
      }),
    }),
  );
