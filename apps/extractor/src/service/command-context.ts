import type { DumpSource } from '@discogs-extractor/downloader';
import { StateMarkerError } from '@discogs-extractor/state-marker';
import type { ConfigNotice } from '../config/config-notice.js';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import type { LogFormat } from '../config/progress-settings.js';
import { CONTEXT_SETTINGS, type Config, type SettingName } from '../config/settings.js';
import { describeError, EXIT, errorCodeOf } from '../errors.js';
import { combineListeners, type RunListener } from '../events/run-events.js';
import { createLogListener } from '../report/log-listener.js';
import { createLogger, createStandardOutput, createTextDestination, type Logger } from '../report/logger.js';
import { createSource } from '../sources/create-source.js';
import { createStallDetector } from '../status/stall-detector.js';
import type { DataFolderLock } from '../system/data-folder-lock.js';
import { isReaderGone } from '../system/output-streams.js';
import { installStopHandlers } from '../system/signal-handlers.js';
import { enterDataFolder } from './enter-data-folder.js';

/** What a command that works in the data folder needs while it runs. */
export interface CommandContext<Name extends SettingName = SettingName> {
  readonly config: Pick<Config, Name | (typeof CONTEXT_SETTINGS)[number]>;
  readonly logger: Logger;
  readonly onEvent: RunListener;
  readonly source: DumpSource;
  /** Aborts at the first SIGTERM, SIGINT or SIGHUP, when the log's reader is gone, or when the data folder is lost. */
  readonly signal: AbortSignal;
  /**
   * Locks the data folder until the command ends. Call it before the folder is read or changed.
   *
   * @param onStandby - if given, waits while another extractor works there; called at first, and when another one does
   * @throws ExtractorError `FOLDER_LOCKED` without `onStandby`, `LOCK_UNRELIABLE`, `FOLDER_UNUSABLE`; the signal's reason
   */
  readonly lockFolder: (onStandby?: (holder: string | undefined) => void) => Promise<LockedFolder>;
}

/** The locked data folder. */
export interface LockedFolder extends Pick<DataFolderLock, 'assertHeld'> {
  /** Whether another extractor worked in it before. */
  readonly hasWaited: boolean;
}

/**
 * Sets up what such a command needs (configuration, log or progress bars, stop signals, the data folder's lock, the
 * source), does the work, and releases everything. Resolves with the work's exit status, 0 if a signal stopped it, or 1
 * if it threw, which is logged.
 *
 * @param names - the settings that the work uses, next to those of the context
 * @throws ExtractorError `CONFIG_INVALID`
 */
export const withCommandContext = async <Name extends SettingName>(
  sources: ConfigSources,
  names: readonly Name[],
  work: (context: CommandContext<Name>) => Promise<number>,
): Promise<number> => {
  const notices: ConfigNotice[] = [];
  const config = await loadConfig({ ...sources, onNotice: (notice) => notices.push(notice) }, [
    ...CONTEXT_SETTINGS,
    ...names,
  ]);
  const format = logFormatOf(config.logFormat);
  // Imported only when needed: other starts are faster.
  const bars =
    format === 'text' && canDraw()
      ? (await import('../report/terminal-listener.js')).createTerminalProgress()
      : undefined;
  const standardOutput = createStandardOutput((error) => onLogLost(error));
  const logger = createLogger(
    config.logLevel,
    bars
      ? createTextDestination(bars.print, (timestamp) => timestamp.slice(11, 19))
      : format === 'text'
        ? createTextDestination(
            (text) => standardOutput.write(text),
            (timestamp) => timestamp,
          )
        : standardOutput,
  );
  for (const { level, text } of notices) logger[level](text);
  const log = createLogListener(logger, {
    // The bars show the progress.
    progressInterval: bars ? Number.POSITIVE_INFINITY : config.progressLogInterval,
  });
  const show = bars ? combineListeners(log, bars.onEvent) : log;
  using stallDetector = createStallDetector({ afterMs: config.stallWarningSeconds * 1000, onEvent: show });
  const onEvent = combineListeners(stallDetector.onEvent, show);
  using stop = installStopHandlers((name) => logger.info(`🛑 ${name}: stopping; a second signal exits immediately`));
  let isLogLost = false;
  const onLogLost = (error: Error): void => {
    // As other programs do: a closed reader of the output is a request to stop.
    if (isReaderGone(error)) stop.request('SIGPIPE');
    else if (!isLogLost) process.stderr.write(`❌ Cannot write the log, some lines are lost: ${error.message}\n`);
    isLogLost = true;
  };
  try {
    await using folder = new LockSlot();
    await using source = createSource(config, {
      onListingEvent: (event) => {
        const facts = { location: event.location, code: errorCodeOf(event.error), error: describeError(event.error) };
        if (event.type === 'listing-page-skipped') {
          logger.warn(facts, '⚠️ Could not read a page of the dump listing; listing the other years only');
        } else {
          const { delayMs } = event;
          logger.warn({ delay_ms: delayMs, ...facts }, '⚠️ Could not fetch the dump listing; retrying');
        }
      },
      onFallback: ({ from, to, error }) =>
        logger.warn(
          { from, to, error: error ? describeError(error) : undefined },
          `⚠️ No dumps available from ${from}; trying ${to}`,
        ),
    });
    return await work({
      config,
      logger,
      onEvent,
      source,
      signal: AbortSignal.any([stop.signal, folder.lost]),
      lockFolder: async (onStandby) => {
        const { lock, hasWaited } = await enterDataFolder({ config, logger, signal: stop.signal, onStandby });
        folder.hold(lock);
        return { assertHeld: () => lock.assertHeld(), hasWaited };
      },
    });
  } catch (error) {
    // If the marker could not be saved at a stop, the next run repeats more records than it should: a failure.
    const isMarkerUnsaved = error instanceof StateMarkerError || errorCodeOf(error) === 'FOLDER_LOST';
    if (stop.signal.aborted && !isMarkerUnsaved) return EXIT.done;
    logger.error({ code: errorCodeOf(error) }, `❌ ${describeError(error)}`);
    return EXIT.failed;
  } finally {
    bars?.stop();
  }
};

/** The lock of a command, which it takes when it is ready to, and which is released after everything else. */
class LockSlot implements AsyncDisposable {
  readonly #lost = new AbortController();
  #lock: DataFolderLock | undefined;

  /** Aborts when the lock is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  hold(lock: DataFolderLock): void {
    this.#lock = lock;
    lock.lost.addEventListener('abort', () => this.#lost.abort(lock.lost.reason), { once: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock?.release();
  }
}

const isTerminal = (): boolean => process.stdout.isTTY === true && process.stderr.isTTY === true;

/** A file, a pipe or a log collector gets JSON lines. */
const logFormatOf = (format: LogFormat): Exclude<LogFormat, 'auto'> =>
  format === 'auto' ? (isTerminal() ? 'text' : 'json') : format;

/** Whether progress bars can be drawn: some terminals have no size, or cannot move the cursor. */
const canDraw = (): boolean =>
  isTerminal() && process.env['TERM'] !== 'dumb' && process.stderr.columns > 0 && process.stderr.rows > 0;
