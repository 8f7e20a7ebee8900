import type { DataType } from '../config/data-type.js';

/**
 * The message after a file's last record, as UTF-8 bytes; see docs/wire-contract.md.
 *
 * @param undelivered - malformed records and other content of the file that was not delivered
 */
export const fileCompleteMessage = (
  dataType: DataType,
  file: string,
  records: number,
  undelivered: number,
  now: Date,
): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      type: 'file_complete',
      data_type: dataType,
      timestamp: now.toISOString(),
      total_processed: records,
      file,
      ...(undelivered > 0 && { undelivered }),
    }),
  );
