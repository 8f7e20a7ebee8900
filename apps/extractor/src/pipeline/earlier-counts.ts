import type { StateMarker } from '@discogs-extractor/state-marker';
import { createFileMarkerStore, deliveredCounts, StateMarkerError } from '@discogs-extractor/state-marker';
import { DATA_TYPES, type DataType } from '../config/data-type.js';
import type { RunListener } from '../events/run-events.js';
import { knownTypeOf } from './marker-files.js';

/** Records of one type that were delivered completely before. */
export interface EarlierCount {
  /** Version of the dump, `YYYYMMDD`; the current one if it was delivered before with other content, or is forced. */
  readonly version: string;
  readonly records: number;
}

export type EarlierCounts = ReadonlyMap<DataType, EarlierCount>;

interface Candidate extends EarlierCount {
  /** When the delivery was completed, in milliseconds; `-Infinity` if it is unknown. */
  readonly completedAt: number;
}

/**
 * What consumers have of each type: the records that this version had when it was last delivered completely, else those
 * of the delivery of another version that was completed last. A marker that cannot be parsed is reported and skipped: it
 * must not keep the current version from being delivered.
 *
 * @param current - the marker of this run
 * @throws StateMarkerError if the folder or a marker cannot be read
 */
export const findEarlierCounts = async (
  directory: string,
  current: StateMarker,
  onEvent: RunListener,
): Promise<EarlierCounts> => {
  const counts = countsIn(current);
  const others = new Map<DataType, Candidate>();
  await using store = await createFileMarkerStore({ directory, readOnly: true });
  for (const version of (await store.versions()).reverse()) {
    if (version === current.current_version) continue;
    if (counts.size === DATA_TYPES.length) break;
    const found = await store.load(version).catch((error: unknown) => {
      if (error instanceof StateMarkerError && error.code === 'UNSUPPORTED_METADATA_VERSION') {
        return { status: 'corrupt', error } as const;
      }
      throw error;
    });
    if (found.status === 'corrupt') onEvent({ type: 'earlier-marker-unreadable', version, error: found.error });
    if (found.status !== 'found') continue;
    for (const [type, candidate] of countsIn(found.marker)) {
      const other = others.get(type);
      if (!other || candidate.completedAt > other.completedAt) others.set(type, candidate);
    }
  }
  return new Map([...others, ...counts]);
};

/** What a version delivered completely, whatever has happened to its files since. */
const countsIn = (marker: StateMarker): Map<DataType, Candidate> => {
  const counts = new Map<DataType, Candidate>();
  for (const [file, records] of Object.entries(deliveredCounts(marker))) {
    const type = knownTypeOf(file);
    if (!type || records === 0) continue;
    const { completed_at: at } = marker.processing_phase.progress_by_file[file] ?? { completed_at: null };
    counts.set(type, {
      version: marker.current_version,
      records,
      completedAt: at === null ? Number.NEGATIVE_INFINITY : Date.parse(at),
    });
  }
  return counts;
};
