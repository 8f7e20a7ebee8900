import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import type { MalformedRecord } from '@discogs-extractor/parser';
import { describeError, ExtractorError } from '../errors.js';
import type { RefusedRecord } from '../sinks/sink.js';
import { explainFileErrors } from '../system/file-errors.js';

/** Keeps records that cannot be delivered for inspection. */
export interface Quarantine {
  /**
   * Writes the record's bytes to `FOLDER/OFFSET.xml` and the facts about it to `OFFSET.json` in the same folder. The
   * offset is the one in the XML, so that the same record gets the same name after a resume. Resolves with the path of
   * the bytes.
   *
   * @throws ExtractorError `QUARANTINE_FAILED`: the record is neither delivered nor kept then
   */
  keep(record: MalformedRecord): Promise<string>;
  /**
   * Writes the message of a record that the broker does not take to `FOLDER/record-NUMBER.message.json`, and the facts
   * about it to `record-NUMBER.json`. Resolves with the path of the message.
   *
   * @throws ExtractorError `QUARANTINE_FAILED`
   */
  keepRefused(record: RefusedRecord): Promise<string>;
}

/** Enough digits to sort the names of a dump of up to 10 TB by offset. */
const OFFSET_DIGITS = 13;

/** A quarantine in one folder, which is created when the first record arrives. */
export const createQuarantine = (folder: string): Quarantine => {
  /** Writes the record to `path`, and the facts to `NAME.json`. */
  const write = (name: string, path: string, bytes: Uint8Array, facts: object): Promise<string> =>
    explainFileErrors(
      (cause) => failedError(path, cause),
      async () => {
        await makeDirectory(folder);
        await writeFile(path, bytes);
        await writeFile(join(folder, `${name}.json`), `${JSON.stringify(facts, undefined, 2)}\n`);
        return path;
      },
    );
  return {
    keep: (record) => {
      const name = String(record.byteOffset).padStart(OFFSET_DIGITS, '0');
      return write(name, join(folder, `${name}.xml`), record.bytes, {
        byte_offset: record.byteOffset,
        length: record.length,
        truncated: record.truncated,
        records_before: record.recordsBefore,
        reason: record.reason,
        detail: record.detail,
      });
    },
    keepRefused: ({ recordNumber, message, error }) => {
      const name = `record-${String(recordNumber).padStart(OFFSET_DIGITS, '0')}`;
      return write(name, join(folder, `${name}.message.json`), message, {
        record_number: recordNumber,
        length: message.byteLength,
        reason: 'refused',
        detail: error.message,
      });
    },
  };
};

const failedError = (path: string, cause: Error): ExtractorError =>
  new ExtractorError(
    'QUARANTINE_FAILED',
    `Cannot keep a record in the quarantine, ${path}: ${describeError(cause)}. It is not delivered either, so ` +
      "the file cannot be completed. Check the folder's permissions and free space, then run again to resume.",
    { facts: { path }, cause },
  );
