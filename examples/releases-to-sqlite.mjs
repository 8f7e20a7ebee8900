// Loads a dump of releases into an SQLite database, with the parser's typed records.
//
//   node releases-to-sqlite.mjs discogs_20260101_releases.xml.gz releases.sqlite
//
// SQLite is a WebAssembly build here, which runs wherever Node does: its installation compiles and downloads nothing.
// Unlike other such builds it works on the file instead of in memory. From Node 22.13 on you can use `node:sqlite`
// instead.
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parseRecords, toRelease } from '@discogs-extractor/parser';
import sqlite from 'node-sqlite3-wasm';

const [dump, path] = process.argv.slice(2);
if (dump === undefined || path === undefined) {
  console.error('Usage: node releases-to-sqlite.mjs DUMP DATABASE');
  process.exit(2);
}

const RELEASES_PER_TRANSACTION = 5000;

await rm(path, { force: true });
const database = new sqlite.Database(path);
database.exec(`
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  CREATE TABLE release (id INTEGER PRIMARY KEY, title TEXT, country TEXT, released TEXT, master_id INTEGER, sha256 TEXT NOT NULL);
  CREATE TABLE release_artist (release_id INTEGER NOT NULL, position INTEGER NOT NULL, artist_id INTEGER, name TEXT);
  CREATE TABLE release_label (release_id INTEGER NOT NULL, label_id INTEGER, name TEXT, catno TEXT);
  CREATE TABLE track (release_id INTEGER NOT NULL, number INTEGER NOT NULL, position TEXT, title TEXT, duration TEXT);
`);
const release = database.prepare('INSERT INTO release VALUES (?, ?, ?, ?, ?, ?)');
const artist = database.prepare('INSERT INTO release_artist VALUES (?, ?, ?, ?)');
const label = database.prepare('INSERT INTO release_label VALUES (?, ?, ?, ?)');
const track = database.prepare('INSERT INTO track VALUES (?, ?, ?, ?, ?)');

const records = parseRecords(dump, { dataType: 'releases', workers: availableParallelism() });
let loaded = 0;
try {
  for await (const { record, sha256 } of records) {
    const { id, title, country, released, master, artists, labels, tracklist } = toRelease(record);
    if (id === undefined) continue;
    if (loaded++ % RELEASES_PER_TRANSACTION === 0) database.exec(loaded === 1 ? 'BEGIN' : 'COMMIT; BEGIN');
    release.run([id, title ?? null, country ?? null, released ?? null, master?.id ?? null, sha256]);
    for (const [at, { id: artistId, name }] of artists.entries()) artist.run([id, at, artistId ?? null, name ?? null]);
    for (const { id: labelId, name, catno } of labels) label.run([id, labelId ?? null, name ?? null, catno ?? null]);
    for (const [at, { position, title: name, duration }] of tracklist.entries()) {
      track.run([id, at, position ?? null, name ?? null, duration ?? null]);
    }
  }
  if (database.inTransaction) database.exec('COMMIT');
  database.exec('CREATE INDEX release_of_artist ON release_artist (artist_id)');
  const most = database.get(
    'SELECT name, count(*) AS releases FROM release_label GROUP BY label_id ORDER BY releases DESC, name LIMIT 1',
  );
  console.log(`${loaded} of ${records.stats.records} releases are in ${path}`);
  console.log(`The label with the most: ${most?.['name']}: ${most?.['releases']}`);
} finally {
  for (const statement of [release, artist, label, track]) statement.finalize();
  database.close();
}
