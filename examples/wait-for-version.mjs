// A consumer that waits until a version has been extracted completely, according to its state marker. It only reads the
// marker, so it may run next to the extractor.
//
//   node wait-for-version.mjs ./discogs-data 20260101
import { setTimeout as sleep } from 'node:timers/promises';
import { createFileMarkerStore, decide } from '@discogs-extractor/state-marker';

const [directory, version] = process.argv.slice(2);
if (directory === undefined || version === undefined) {
  console.error('Usage: node wait-for-version.mjs FOLDER VERSION');
  process.exit(2);
}

const POLL_INTERVAL_MS = 500;

const store = await createFileMarkerStore({ directory, readOnly: true });
let lastState = '';
for (;;) {
  const found = await store.load(version);
  const { action, text } = decide(found);
  // An extractor would skip the version, so its extraction is complete.
  if (action === 'skip') break;
  const records = found.status === 'found' ? found.marker.publishing_phase.messages_published : 0;
  const state = `waiting: ${text}, ${records} records so far`;
  if (state !== lastState) console.log(state);
  lastState = state;
  await sleep(POLL_INTERVAL_MS);
}

const found = await store.load(version);
await store.close();
if (found.status === 'found') {
  for (const [file, { records_extracted }] of Object.entries(found.marker.processing_phase.progress_by_file)) {
    console.log(`${file}: ${records_extracted} records`);
  }
}
console.log(`version ${version} is complete`);
// … your work begins here
