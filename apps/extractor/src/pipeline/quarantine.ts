import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import type { MalformedRecord } from '@discogs-extractor/parser';
import { describeError, ExtractorError } from '../errors.js';
import { explainFileErrors } from '../system/file-errors.js';

/** Keeps malformed records for inspection. */
export interface Quarantine {
  /**
   * Writes the record's bytes to `FOLDER/OFFSET.xml` and the facts about it to `OFFSET.json` in the same folder. The
   * offset is the one in the XML, so that the same record gets the same name after a resume. Resolves with the path of
   * the bytes.
   *
   * @throws ExtractorError `QUARANTINE_FAILED`: the record is neither delivered nor kept then
   */
  keep(record: MalformedRecord): Promise<string>;
}

/** Enough digits to sort the names of a dump of up to 10 TB by offset. */
const OFFSET_DIGITS = 13;

/** A quarantine in one folder, which is created when the first record arrives. */
export const createQuarantine = (folder: string): Quarantine => ({
  keep: async (record) => {
    const path = join(folder, String(record.byteOffset).padStart(OFFSET_DIGITS, '0'));
    const facts = {
      byte_offset: record.byteOffset,
      length: record.length,
      truncated: record.truncated,
      records_before: record.recordsBefore,
      reason: record.reason,
      detail: record.detail,
    };
    await explainFileErrors(
      (cause) => failedError(`${path}.xml`, cause),
      async () => {
        await makeDirectory(folder);
        await writeFile(`${path}.xml`, record.bytes);
        await writeFile(`${path}.json`, `${JSON.stringify(facts, undefined, 2)}\n`);
      },
    );
    return `${path}.xml`;
  },
});

const failedError = (path: string, cause: Error): ExtractorError =>
  new ExtractorError(
    'QUARANTINE_FAILED',
    `Cannot keep a malformed record in the quarantine, ${path}: ${describeError(cause)}. It is not delivered either, so ` +
      "the file cannot be completed. Check the folder's permissions and free space, then run again to resume.",
    { facts: { path }, cause },
  );
