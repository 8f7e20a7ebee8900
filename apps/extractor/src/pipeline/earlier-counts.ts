import { createFileMarkerStore, dataTypeOf, StateMarkerError } from '@discogs-extractor/state-marker';
import { DATA_TYPES, type DataType } from '../config/data-type.js';
import type { RunListener } from '../events/run-events.js';

/** Records of one type in the newest earlier dump whose file of that type was delivered completely. */
export interface EarlierCount {
  /** `YYYYMMDD`. */
  readonly version: string;
  readonly records: number;
}

export type EarlierCounts = ReadonlyMap<DataType, EarlierCount>;

/**
 * Searches the state markers of the versions before `version`, newest first, for a completed file of each type. A
 * marker that cannot be parsed is reported and skipped: it must not keep the current version from being delivered.
 *
 * @throws StateMarkerError if the folder or a marker cannot be read
 */
export const findEarlierCounts = async (
  directory: string,
  version: string,
  onEvent: RunListener,
): Promise<EarlierCounts> => {
  const counts = new Map<DataType, EarlierCount>();
  await using store = await createFileMarkerStore({ directory, readOnly: true });
  const earlier = (await store.versions()).filter((other) => other < version).reverse();
  for (const other of earlier) {
    if (counts.size === DATA_TYPES.length) break;
    const found = await store.load(other).catch((error: unknown) => {
      if (error instanceof StateMarkerError && error.code === 'UNSUPPORTED_METADATA_VERSION') {
        return { status: 'corrupt', error } as const;
      }
      throw error;
    });
    if (found.status === 'corrupt') onEvent({ type: 'earlier-marker-unreadable', version: other, error: found.error });
    if (found.status !== 'found') continue;
    for (const [file, progress] of Object.entries(found.marker.processing_phase.progress_by_file)) {
      const type = DATA_TYPES.find((known) => known === dataTypeOf(file));
      if (!type || counts.has(type) || progress.status !== 'completed' || progress.records_extracted === 0) continue;
      counts.set(type, { version: other, records: progress.records_extracted });
    }
  }
  return counts;
};
