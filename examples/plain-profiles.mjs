// Prints the artists of a dump as NDJSON, their profiles as plain text: without [b], [i], [u] and [url=…], and with
// names in place of [a=Name] and [l=Name]. Artists whose profile is empty are left out. The records are changed on
// worker threads, by a transform: each thread loads this file as well.
//
//   node plain-profiles.mjs discogs_20260101_artists.xml.gz > artists.ndjson
import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { encodeRecords } from '@discogs-extractor/parser';

const MARKUP = /\[\/?(?:b|i|u|url(?:=[^\]]*)?)\]/gi;
const NAME = /\[[al]=([^\]]+)\]/gi;
/** Such as [a123]: the name is not in the text. */
const NUMBER = /\[[almr]=?\d+\]/i;

/** @type {import('@discogs-extractor/parser').CreateTransform<undefined, import('@discogs-extractor/parser').RawArtist>} */
export const createTransform = () => (artist, context) => {
  if (!artist.profile) return undefined;
  const number = NUMBER.exec(artist.profile);
  if (number !== null) context.report(`the profile refers to ${number[0]}`);
  artist.profile = artist.profile.replace(MARKUP, '').replace(NAME, '$1');
  return artist;
};

if (isMainThread) {
  const [dump] = process.argv.slice(2);
  if (dump === undefined) {
    console.error('Usage: node plain-profiles.mjs DUMP');
    process.exit(2);
  }
  const artists = encodeRecords(dump, {
    dataType: 'artists',
    workers: availableParallelism(),
    transform: { module: import.meta.url },
  });
  for await (const block of artists) {
    process.stdout.write(block.bytes);
    for (const { id, finding } of block.findings) console.error(`Artist ${id}: ${finding}`);
  }
  const { records, omitted } = artists.stats;
  console.error(`${records - omitted} of ${records} artists have a profile`);
}
