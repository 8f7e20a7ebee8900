import type { ChangeStore } from '@discogs-extractor/changes';
import type { Checkpoint, MarkerSession } from '@discogs-extractor/state-marker';
import type { ChangeStores } from '../changes/change-stores.js';
import { DATA_TYPES, type DataType } from '../config/data-type.js';
import type { Config } from '../config/settings.js';
import { describeError, ExtractorError } from '../errors.js';
import type { RunListener } from '../events/run-events.js';
import type { Sink } from '../sinks/sink.js';
import { checkDestinations } from './check-destinations.js';
import { extractionCompleteMessage, isWaitingForTypes, reasonsToWithhold } from './extraction-complete.js';
import { markerFiles } from './marker-files.js';
import { isSameProof, readNote } from './sink-proof.js';

export interface CompleteDumpOptions {
  readonly config: Pick<Config, 'contract' | 'dataTypes' | 'extractionComplete'>;
  /** Its processing phase is completed. */
  readonly session: MarkerSession;
  readonly sink: Sink;
  readonly changeStores: ChangeStores;
  readonly onEvent: RunListener;
  readonly signal: AbortSignal;
}

/**
 * Completes a dump whose files are all completed. The order of the commits: processing completed and saved,
 * `extraction_complete` confirmed (under the contract that has it), dump completed and saved. After a failure between
 * any two, the next run does the rest.
 *
 * A dump that is completed but for an `extraction_complete` that was withheld gets that alone.
 *
 * @throws ExtractorError `DESTINATION_CHANGED`, `OUTPUT_CHANGED`; errors of the sink and the store; the signal's reason
 */
export const completeDump = async (options: CompleteDumpOptions): Promise<void> => {
  const { config, session, sink, changeStores, signal } = options;
  if (config.contract === 'fanout') await sendExtractionComplete(options);
  const isCompleted = session.marker.summary.overall_status === 'completed';
  // After the types that are absent, it will matter whether the records of the others are still there.
  const released = isCompleted || isWaitingForTypes(session.marker) ? [] : releaseFiles(session, sink);
  if (!isCompleted) session.completeRun();
  await session.save();
  signal.throwIfAborted();
  const { current_version: version } = session.marker;
  for (const { file, dataType, checkpoint } of released) {
    if (checkpoint['token'] === undefined) continue;
    // This run may be about other types only.
    const { destination } = session.marker.processing_phase.progress_by_file[file]!;
    if (await isProof(await changeStores.open(dataType, destination), checkpoint)) continue;
    await sink.release?.({ version, dataType, file }, checkpoint, signal);
  }
};

/** Whether a store relies on it: when the next dump comes, it proves that the destination has the records still. */
const isProof = async (opened: ChangeStore | undefined, checkpoint: Checkpoint): Promise<boolean> => {
  await using store = opened;
  const proof = store && readNote(store)?.proof;
  return proof !== undefined && isSameProof(proof, checkpoint);
};

const sendExtractionComplete = async (options: CompleteDumpOptions): Promise<void> => {
  const { config, session, sink, onEvent, signal } = options;
  const { current_version: version, summary } = session.marker;
  const reasons = reasonsToWithhold(session.marker, config);
  if (reasons.length === 0) {
    await session.save();
    if (summary.overall_status !== 'completed') await assertStillDelivered(options);
    try {
      signal.throwIfAborted();
      await sink.completeDump(version, extractionCompleteMessage(session.marker, new Date()), signal);
    } catch (error) {
      if (!signal.aborted && summary.overall_status !== 'completed') {
        session.failPublishing(`extraction_complete: ${describeError(error)}`);
        await session.save();
      }
      throw error;
    }
  }
  session.recordExtractionComplete(reasons);
  onEvent({ type: 'extraction-complete', version, withheldBecause: reasons });
};

/**
 * Consumers delete what they have not received. A queue may have been deleted, with records that no consumer had taken,
 * while other files were delivered, and files of other types may have been delivered to another place.
 */
const assertStillDelivered = async ({ config, session, sink, signal }: CompleteDumpOptions): Promise<void> => {
  const { current_version: version } = session.marker;
  const files = markerFiles(session.marker).map(({ file: name, dataType }) => ({
    name,
    dataType,
    checksum: undefined,
  }));
  const dataTypes = config.extractionComplete === 'always' ? config.dataTypes : DATA_TYPES;
  const destinations = await sink.identify({ dataTypes, signal });
  const lost = await checkDestinations(session.marker, files, destinations, sink, { signal });
  if (lost.size === 0) return;
  for (const [file, reason] of lost) session.invalidateFile(file, reason);
  await session.save();
  const list = [...lost].map(([file, reason]) => `${file} (${reason})`).join(', ');
  throw new ExtractorError(
    'DESTINATION_CHANGED',
    `extraction_complete was not sent, since delivered records were lost: ${list} The next run delivers these files again.`,
    { facts: { version, now: list } },
  );
};

/** A file whose destination keeps objects for it that are not needed any more once the marker is saved. */
interface ReleasedFile {
  readonly file: string;
  readonly dataType: DataType;
  readonly checkpoint: Checkpoint;
}

/**
 * Takes what `release` will remove out of the marker. It is kept until the whole dump is delivered: if the broker is set
 * up again before, the files that are completed are lost too.
 */
const releaseFiles = (session: MarkerSession, sink: Sink): readonly ReleasedFile[] => {
  const released = markerFiles(session.marker).flatMap(({ file, dataType, progress: { checkpoint } }) =>
    checkpoint === undefined ? [] : [{ file, dataType, checkpoint }],
  );
  session.update((marker) => {
    const files = { ...marker.processing_phase.progress_by_file };
    for (const { file, checkpoint } of released) {
      files[file] = { ...files[file]!, checkpoint: sink.releasedCheckpoint?.(checkpoint) ?? checkpoint };
    }
    return { ...marker, processing_phase: { ...marker.processing_phase, progress_by_file: files } };
  });
  return released;
};
