import { writeSync } from 'node:fs';
import { advanceFile, createFileMarkerStore, startFile, startProcessing } from '../../src/index.js';
import { ARTISTS, countsOf, newMarker, sourceOf, VERSION } from '../sample-markers.js';

/**
 * Saves a marker again and again, from the last process's watermark on, until it is killed. Prints some watermarks when
 * they are durable. Usage: save-loop.ts DIRECTORY
 */

const store = await createFileMarkerStore({ directory: process.argv[2] ?? '' });
const loaded = await store.load(VERSION);
if (loaded.status === 'corrupt') throw loaded.error;

let marker = loaded.status === 'found' ? loaded.marker : newMarker();
marker = startProcessing(marker, [ARTISTS], new Date());
marker = startFile(marker, ARTISTS, sourceOf(ARTISTS), new Date());

for (let records = marker.publishing_phase.messages_published + 1; ; records += 1) {
  marker = advanceFile(marker, ARTISTS, countsOf(records), new Date());
  const saved = store.save(marker);
  // Most saves are not awaited, as in a run.
  if (records % 3 !== 0) {
    void saved;
    continue;
  }
  await saved;
  writeSync(1, `${records}\n`);
}
