// A consumer that waits until a version has been delivered completely, according to its state marker. It only reads the
// marker, so it may run next to the extractor.
//
//   node wait-for-version.mjs ./discogs-data 20260101
import { waitForVersion } from '@discogs-extractor/state-marker';

const [directory, version] = process.argv.slice(2);
if (directory === undefined || version === undefined) {
  console.error('Usage: node wait-for-version.mjs FOLDER VERSION');
  process.exit(2);
}

console.log(`waiting for version ${version}`);
let records = 0;
const marker = await waitForVersion({
  directory,
  version,
  onMarker: ({ publishing_phase: { messages_published } }) => {
    if (messages_published !== records) console.log(`${messages_published} records so far`);
    records = messages_published;
  },
});
for (const [file, { records_extracted }] of Object.entries(marker.processing_phase.progress_by_file)) {
  console.log(`${file}: ${records_extracted} records`);
}
console.log(`version ${version} is complete`);
// … your work begins here
