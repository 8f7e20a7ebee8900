import type { DataType } from '../config/data-type.js';

/** The message that follows a file's last record (DESIGN 2.2), as UTF-8 bytes. */
export const fileCompleteMessage = (dataType: DataType, file: string, records: number, now: Date): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      type: 'file_complete',
      data_type: dataType,
      timestamp: now.toISOString(),
      total_processed: records,
      file,
    }),
  );
