// A consumer that begins only when a version has been extracted completely, with the state marker. It only looks, so it may run
// beside the extractor.
//
//   node wait-for-version.js ./discogs-data 20260101
import { setTimeout as sleep } from 'node:timers/promises';
import { createFileMarkerStore, decide } from '@discogs-extractor/state-marker';

const [directory, version] = process.argv.slice(2);
if (directory === undefined || version === undefined) {
  console.error('usage: node wait-for-version.js FOLDER VERSION');
  process.exit(2);
}

const EVERY_MS = 500;

const store = await createFileMarkerStore({ directory, readOnly: true });
let told = '';
for (;;) {
  const found = await store.load(version);
  const { decision, text } = decide(found);
  // Nothing would be left to do for an extractor: so all is there.
  if (decision === 'skip') break;
  const records = found.status === 'found' ? found.marker.publishing_phase.messages_published : 0;
  const state = `waiting: ${text}, ${records} records so far`;
  if (state !== told) console.log(state);
  told = state;
  await sleep(EVERY_MS);
}

const found = await store.load(version);
await store.close();
if (found.status === 'found') {
  for (const [file, { records_extracted }] of Object.entries(found.marker.processing_phase.progress_by_file)) {
    console.log(`${file}: ${records_extracted} records`);
  }
}
console.log(`version ${version} is complete`);
// … and here the work begins.
