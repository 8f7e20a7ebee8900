// Counts the records of a dump of releases or masters by genre, with the parser.
//
//   node count-by-genre.mjs discogs_20260101_releases.xml.gz
import { availableParallelism } from 'node:os';
import { parseRecords } from '@discogs-extractor/parser';

const [dump] = process.argv.slice(2);
if (dump === undefined) {
  console.error('Usage: node count-by-genre.mjs DUMP');
  process.exit(2);
}

/** @type {Map<string, number>} */
const counts = new Map();
const records = parseRecords(dump, { workers: availableParallelism() });

for await (const { record } of records) {
  // In a raw record, one genre is a string and several are an array. (`toRelease` always returns an array.)
  const genres =
    'genres' in record ? /** @type {import('@discogs-extractor/parser').RawRelease['genres']} */ (record.genres) : null;
  for (const genre of [genres?.genre ?? []].flat()) {
    if (genre !== null) counts.set(genre, (counts.get(genre) ?? 0) + 1);
  }
}

for (const [genre, count] of [...counts].sort(([, a], [, b]) => b - a))
  console.log(`${String(count).padStart(10)}  ${genre}`);
const { dataType, malformed } = records.stats;
console.log(`${records.stats.records} ${dataType}${malformed > 0 ? `, ${malformed} malformed records skipped` : ''}`);
