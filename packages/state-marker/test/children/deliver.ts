import { createFileMarkerStore, createMarkerSession } from '../../src/index.js';
import { ARTISTS, countsOf, LABELS, newMarker, sourceOf } from '../sample-markers.js';

/** Delivers a version as an extractor does, with a save after each step. Usage: deliver.ts DIRECTORY */

const files = [ARTISTS, LABELS];
const store = await createFileMarkerStore({ directory: process.argv[2] ?? '' });
const session = createMarkerSession({ store, marker: newMarker() });
session.startDownload(files);
await session.save();
for (const file of files) session.completeFileDownload(file, { bytes: 1000 });
session.completeDownload();
session.startProcessing(files);
await session.save();
for (const file of files) {
  session.startFile(file, sourceOf(file));
  for (let records = 1; records <= 20; records += 1) {
    session.advanceFile(file, countsOf(records));
    await session.save();
  }
  session.completeFile(file, countsOf(20));
}
session.completeProcessing();
await session.save();
session.completeRun();
await session.close();
await store.close();
process.stdout.write(JSON.stringify('delivered'));
