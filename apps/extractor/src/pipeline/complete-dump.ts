import type { Checkpoint, MarkerSession } from '@discogs-extractor/state-marker';
import type { DataType } from '../config/data-type.js';
import type { Config } from '../config/settings.js';
import { describeError } from '../errors.js';
import type { RunListener } from '../events/run-events.js';
import type { Sink } from '../sinks/sink.js';
import { extractionCompleteMessage, reasonsToWithhold } from './extraction-complete.js';
import { markerFiles } from './marker-files.js';

export interface CompleteDumpOptions {
  readonly config: Pick<Config, 'contract' | 'extractionComplete'>;
  /** Its processing phase is completed. */
  readonly session: MarkerSession;
  readonly sink: Sink;
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
 * @throws errors of the sink and the store; the signal's reason
 */
export const completeDump = async (options: CompleteDumpOptions): Promise<void> => {
  const { config, session, sink, signal } = options;
  if (config.contract === 'fanout') await sendExtractionComplete(options);
  const isCompleted = session.marker.summary.overall_status === 'completed';
  const released = isCompleted ? [] : releaseFiles(session, sink);
  if (!isCompleted) session.completeRun();
  await session.save();
  signal.throwIfAborted();
  const { current_version: version } = session.marker;
  for (const { file, dataType, checkpoint } of released) {
    await sink.release?.({ version, dataType, file }, checkpoint, signal);
  }
};

const sendExtractionComplete = async ({
  config,
  session,
  sink,
  onEvent,
  signal,
}: CompleteDumpOptions): Promise<void> => {
  const { current_version: version, summary } = session.marker;
  const reasons = reasonsToWithhold(session.marker, config);
  if (reasons.length === 0) {
    await session.save();
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
