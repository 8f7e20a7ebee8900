import {
  advanceFile,
  completeDownload,
  completeFile,
  completeFileDownload,
  completeProcessing,
  completeRun,
  createMarker,
  type StateMarker,
  startDownload,
  startFile,
  startProcessing,
} from '../src/index.js';

export const VERSION = '20260101';
export const ARTISTS = 'discogs_20260101_artists.xml.gz';
export const LABELS = 'discogs_20260101_labels.xml.gz';
export const MASTERS = 'discogs_20260101_masters.xml.gz';
export const RELEASES = 'discogs_20260101_releases.xml.gz';

/** The time `seconds` after the start of the run. */
export const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 31, 12) + seconds * 1000);

export const T0 = at(0);

export const checksumOf = (file: string): string => `${file}-sha256`;

export const DESTINATION = { sink: 'amqp', exchange: 'e', queues: ['one', 'two'] } as const;

export const sourceOf = (file: string) => ({ checksum: checksumOf(file), destination: DESTINATION });

export const newMarker = (): StateMarker => createMarker(VERSION, T0);

export const downloadedMarker = (files = [ARTISTS, LABELS]): StateMarker => {
  let marker = startDownload(newMarker(), files, T0);
  for (const file of files) {
    marker = completeFileDownload(marker, file, { bytes: 1000, checksum: checksumOf(file) }, T0);
  }
  return completeDownload(marker, T0);
};

export const processingMarker = (files = [ARTISTS, LABELS]): StateMarker =>
  startProcessing(downloadedMarker(files), files, T0);

export const countsOf = (recordsExtracted: number, messagesPublished = recordsExtracted, batchesSent = 0) => ({
  recordsExtracted,
  messagesPublished,
  batchesSent,
});

/** Starts a file and advances it to `confirmed` of `extracted` records. */
export const withStartedFile = (
  marker: StateMarker,
  file: string,
  extracted: number,
  confirmed = extracted,
): StateMarker => advanceFile(startFile(marker, file, sourceOf(file), T0), file, countsOf(extracted, confirmed), T0);

export const withCompletedFile = (marker: StateMarker, file: string, records = 10): StateMarker =>
  completeFile(startFile(marker, file, sourceOf(file), T0), file, countsOf(records), T0);

export const completedMarker = (files = [ARTISTS, LABELS]): StateMarker => {
  const marker = files.reduce((done, file) => withCompletedFile(done, file), processingMarker(files));
  return completeRun(completeProcessing(marker, T0), T0);
};

export const fileOf = (marker: StateMarker, file: string) => {
  const entry = marker.processing_phase.progress_by_file[file];
  if (entry === undefined) throw new Error(`no entry for ${file}`);
  return entry;
};
