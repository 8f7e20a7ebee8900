import type { ConfigSources } from '../config/load-config.js';
import { SETTING_NAMES } from '../config/settings.js';
import { EXIT } from '../errors.js';
import { combineListeners, type RunListener } from '../events/run-events.js';
import type { RunCause, RunOutcome } from '../events/service-events.js';
import { checkRun } from '../pipeline/check-run.js';
import { runExtraction } from '../pipeline/run-extraction.js';
import { createPublisherLog } from '../report/publisher-log.js';
import { type CommandContext, type LockedFolder, withCommandContext } from '../service/command-context.js';
import { createForcedRunRequest, type ForcedRunRequest } from '../service/forced-run-request.js';
import { nextRunAt } from '../service/schedule.js';
import { serveStatus } from '../service/serve-status.js';
import { createTrigger } from '../service/trigger.js';
import { createSink } from '../sinks/create-sink.js';
import type { Sink } from '../sinks/sink.js';
import { createStatusBoard, type StatusBoard } from '../status/status-board.js';

export interface RunOptions extends ConfigSources {
  /** End after one run. */
  readonly once: boolean;
  /** Only check whether a run can work: configuration, source, broker, room on the disk. */
  readonly check: boolean;
  /** Version of this program. */
  readonly version: string;
}

/** `discogs-extractor run`. Resolves with the exit status; throws if the configuration is invalid. */
export const runCommand = ({ once, check, version, ...sources }: RunOptions): Promise<number> =>
  withCommandContext(sources, SETTING_NAMES, async (context) => {
    const { config, logger, signal } = context;
    const sink = await createSink(config, { once: once || check, onPublisherEvent: createPublisherLog(logger) });
    if (check) {
      await context.lockFolder();
      const { choice, remaining } = await checkRun(config, { ...context, sink });
      const result = remaining === 'nothing' ? 'is delivered already' : `can be delivered to ${sink.destination}`;
      const absent = remaining === 'nothing' ? [] : await sink.findAbsent?.({ dataTypes: config.dataTypes, signal });
      if (absent !== undefined && absent.length > 0) {
        logger.warn({ absent }, `⚠️ A run would wait for what consumers declare: ${absent.join(', ')}`);
      }
      logger.info({ version: choice.version }, `✅ Dump ${choice.version} ${result}`);
      return EXIT.done;
    }
    using board = createStatusBoard();
    const trigger = createTrigger();
    const forcedRun = createForcedRunRequest(config.discogsRoot, logger);
    const stopping = (): void => board.onEvent({ type: 'stopping' });
    signal.addEventListener('abort', stopping, { once: true });
    const serve = () => serveStatus({ config, logger, board, sink, trigger, forcedRun, version, once });
    // A standby shows that it is one. Otherwise, of two extractors with one port, the second reports the folder.
    await using _http = config.waitForLock ? await serve() : undefined;
    const folder = await context.lockFolder(
      config.waitForLock ? (holder) => board.onEvent({ type: 'standby', holder }) : undefined,
    );
    // The extractor that this one takes over from has begun the forced run, or its request is still in the folder.
    let forceReprocess = (config.forceReprocess && !folder.hasWaited) || (await forcedRun.isPending());
    if (forceReprocess && config.waitForLock) await forcedRun.keep();
    await using _httpAfterLock = config.waitForLock ? undefined : await serve();

    board.onEvent({ type: 'run-started', cause: 'start' });
    for (;;) {
      const run = await executeRun(context, { board, sink, folder, forcedRun, forceReprocess });
      if (once) return run.outcome === 'completed' || run.outcome === 'skipped' ? EXIT.done : EXIT.failed;

      const { failures } = board.state;
      const next = nextRunAt(new Date(), config.periodicCheckDays, failures);
      board.onEvent({ type: 'run-scheduled', at: next });
      logger.info(
        { next_check: next.toISOString(), failures },
        `🚀 Next ${failures > 0 ? 'attempt' : 'run'} at ${next.toISOString()}`,
      );
      const wake = await trigger.wait(next, signal);
      // A requested reprocessing stays requested until a marker of it is on the disk, which the next run continues.
      forceReprocess = (forceReprocess && !run.isMarkerSaved) || (wake.by === 'trigger' && wake.forceReprocess);
      // A triggered run has been reported to the board already.
      const cause: RunCause = failures > 0 ? 'retry' : 'period';
      if (wake.by === 'time') board.onEvent({ type: 'run-started', cause });
    }
  });

interface ExecuteRunOptions {
  readonly board: StatusBoard;
  readonly sink: Sink;
  readonly folder: LockedFolder;
  readonly forcedRun: ForcedRunRequest;
  readonly forceReprocess: boolean;
}

interface ExecutedRun {
  readonly outcome: RunOutcome;
  readonly isMarkerSaved: boolean;
}

/**
 * Executes one run, and reports its outcome, and its error if there is one.
 *
 * @throws the signal's reason
 */
const executeRun = async (
  context: CommandContext,
  { board, sink, folder, forcedRun, forceReprocess }: ExecuteRunOptions,
): Promise<ExecutedRun> => {
  const { config, source, signal } = context;
  const startedAt = performance.now();
  let isMarkerSaved = false;
  const onEvent: RunListener = combineListeners(context.onEvent, board.onEvent);
  const onMarkerSaved = async (): Promise<void> => {
    isMarkerSaved = true;
    if (forceReprocess) await forcedRun.discard();
  };
  const end = (outcome: RunOutcome, error?: unknown): ExecutedRun => {
    board.onEvent({ type: 'run-ended', outcome, seconds: (performance.now() - startedAt) / 1000, error });
    return { outcome, isMarkerSaved };
  };
  try {
    const { outcome, undelivered } = await runExtraction(
      { ...config, forceReprocess },
      { source, sink, onEvent, beforeSave: () => folder.assertHeld(), onMarkerSaved, signal },
    );
    return end(outcome !== 'failed' && undelivered > 0 ? 'incomplete' : outcome);
  } catch (error) {
    if (signal.aborted) {
      end('stopped');
      throw error;
    }
    context.onEvent({ type: 'run-failed', error });
    return end('failed', error);
  }
};
