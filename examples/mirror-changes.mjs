// Keeps a table of an SQLite database in step with the newest dump: inserts, updates and deletes only what changed.
//
//   node mirror-changes.mjs discogs_20260101_labels.xml.gz labels.sqlite
//   node mirror-changes.mjs discogs_20260201_labels.xml.gz labels.sqlite     a month later
//
// What the table has is kept in a folder next to the database. A run that was interrupted can be repeated.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openChangeStore, readRecordId } from '@discogs-extractor/changes';
import { encodeRecords } from '@discogs-extractor/parser';
import sqlite from 'node-sqlite3-wasm';

const [dump, path] = process.argv.slice(2);
if (dump === undefined || path === undefined) {
  console.error('Usage: node mirror-changes.mjs DUMP DATABASE');
  process.exit(2);
}

const checksum = createHash('sha256');
await pipeline(createReadStream(dump), checksum);

const database = new sqlite.Database(path);
database.exec('CREATE TABLE IF NOT EXISTS record (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID');
const put = database.prepare('INSERT OR REPLACE INTO record VALUES (?, ?)');
const remove = database.prepare('DELETE FROM record WHERE id = ?');
const store = await openChangeStore({
  directory: `${path}.changes`,
  sink: 'sqlite',
  contract: 'json',
  dataType: 'any',
});
try {
  const pass = await store.beginPass({ version: basename(dump), source: checksum.digest('hex') });
  const blocks = encodeRecords(dump, {
    skip: pass.watermark,
    // A malformed record is not gone: its row stays.
    onMalformed: ({ bytes }) => {
      const id = readRecordId(bytes);
      if (id === undefined) pass.withholdDeletions('a malformed record has no readable id');
      else pass.keep(id);
    },
  });
  for await (const block of blocks) {
    const { send } = await pass.decide(block);
    database.exec('BEGIN');
    for (let index = 0; index < block.count; index++) {
      if (send[index] === 1) put.run([block.id(index), Buffer.from(block.message(index)).toString()]);
    }
    database.exec('COMMIT');
    // Only now does the table have them.
    pass.confirm(block.lastRecord);
    await pass.commit();
    block.release();
  }
  const { withheldBecause } = await pass.endRecords({ maxDeletedPercent: 20 });
  if (withheldBecause !== undefined) console.log(`nothing is deleted: ${withheldBecause}`);
  for await (const deletions of pass.deletions()) {
    database.exec('BEGIN');
    for (const { id } of deletions) remove.run([id]);
    database.exec('COMMIT');
    pass.confirmDeletions(deletions.at(-1)?.number ?? 0);
    await pass.commit();
  }
  const { published, unchanged, deleted } = await pass.end();
  console.log(`${basename(dump)}: ${published} written, ${unchanged} unchanged, ${deleted} deleted`);
} finally {
  put.finalize();
  remove.finalize();
  database.close();
  await store.close();
}
