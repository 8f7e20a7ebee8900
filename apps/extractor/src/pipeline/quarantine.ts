import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import type { MalformedRecord } from '@discogs-extractor/parser';

/** Keeps malformed records for a person to look at. */
export interface Quarantine {
  /**
   * Writes the record's bytes to `FOLDER/OFFSET.xml`, and what is known of it to `OFFSET.json` beside. The offset
   * in the XML names it, so that meeting it again (after a resume) changes nothing. Resolves with the path of the bytes.
   */
  keep(record: MalformedRecord): Promise<string>;
}

/** Digits that keep the names in order for dumps of up to 10 TB. */
const OFFSET_DIGITS = 13;

/** A quarantine in one folder, made when the first record comes. */
export const createQuarantine = (folder: string): Quarantine => ({
  keep: async (record) => {
    const path = join(folder, `${String(record.byteOffset).padStart(OFFSET_DIGITS, '0')}`);
    await makeDirectory(folder);
    await writeFile(`${path}.xml`, record.bytes);
    const facts = {
      byte_offset: record.byteOffset,
      length: record.length,
      truncated: record.truncated,
      records_before: record.recordsBefore,
      reason: record.reason,
      detail: record.detail,
    };
    await writeFile(`${path}.json`, `${JSON.stringify(facts, undefined, 2)}\n`);
    return `${path}.xml`;
  },
});
