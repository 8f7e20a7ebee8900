import type { StateMarker } from '@discogs-extractor/state-marker';
import { DATA_TYPES, type DataType } from '../config/data-type.js';
import type { Config } from '../config/settings.js';
import { countOf } from '../count-of.js';
import { markerFiles } from './marker-files.js';

/**
 * `started_at` is this much earlier than the processing began: a consumer compares it with the clock of its database,
 * which may be slower than ours, and deletes older rows. Those of an earlier dump are weeks old.
 */
const STARTED_AT_MARGIN_MS = 5 * 60_000;

/** The number of records read from the completed file of each type. */
const countsOf = (marker: StateMarker): ReadonlyMap<DataType, number> =>
  new Map(
    markerFiles(marker)
      .filter(({ progress }) => progress.status === 'completed')
      .map(({ dataType, progress }) => [dataType, progress.records_extracted]),
  );

/**
 * The message after all files of a dump, as UTF-8 bytes; see docs/wire-contract.md. A type that was not delivered has 0
 * records, at which consumers keep all its rows.
 */
export const extractionCompleteMessage = (marker: StateMarker, now: Date): Uint8Array => {
  const counts = countsOf(marker);
  const startedAt = Date.parse(marker.processing_phase.started_at ?? now.toISOString());
  return Buffer.from(
    JSON.stringify({
      type: 'extraction_complete',
      version: marker.current_version,
      timestamp: now.toISOString(),
      started_at: new Date(startedAt - STARTED_AT_MARGIN_MS).toISOString(),
      record_counts: Object.fromEntries(DATA_TYPES.map((type) => [type, counts.get(type) ?? 0])),
    }),
  );
};

const absentTypes = (marker: StateMarker): readonly DataType[] => {
  const counts = countsOf(marker);
  return DATA_TYPES.filter((type) => !counts.has(type));
};

/** Whether `extraction_complete` was withheld from a dump, and later runs may deliver the types that it lacks. */
export const isWaitingForTypes = (marker: StateMarker): boolean =>
  marker.publishing_phase.extraction_complete?.withheld_because !== undefined && absentTypes(marker).length > 0;

/** Why `extraction_complete` must not be sent for a dump whose files are completed, in words; empty if it must. */
export const reasonsToWithhold = (
  marker: StateMarker,
  { extractionComplete: policy }: Pick<Config, 'extractionComplete'>,
): string[] => {
  if (policy === 'always') return [];
  if (policy === 'never') return ['EXTRACTION_COMPLETE is never'];
  const absent = absentTypes(marker).map((type) => `${type} were not delivered`);
  const downloads = marker.download_phase.downloads_by_file;
  const incomplete = markerFiles(marker).flatMap(({ file, progress: { undelivered = 0, destination } }) => {
    if (undelivered > 0) return [`${countOf(undelivered, 'part')} of ${file} not delivered`];
    // A file that was cut short, or is another one, may have been taken for the whole dump.
    if (downloads[file]?.unverified) return [`${file} could not be verified`];
    // Other extractors record neither what they left out, nor which contract they delivered under.
    return destination === undefined ? [`${file} was delivered by another extractor`] : [];
  });
  return [...absent, ...incomplete];
};

/** Whether a completed dump lacks `extraction_complete` only because of a setting that has been changed since. */
export const isExtractionCompleteDue = (
  marker: StateMarker,
  config: Pick<Config, 'contract' | 'extractionComplete'>,
): boolean =>
  config.contract === 'fanout' &&
  marker.publishing_phase.extraction_complete?.withheld_because !== undefined &&
  reasonsToWithhold(marker, config).length === 0;
