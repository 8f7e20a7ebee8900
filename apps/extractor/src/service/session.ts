import type { DumpSource } from '@discogs-extractor/downloader';
import { StateMarkerError } from '@discogs-extractor/state-marker';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import type { Config } from '../config/settings.js';
import { describeError, EXIT, errorCodeOf } from '../errors.js';
import { listeners, type RunListener } from '../events/run-events.js';
import { createLogListener } from '../report/log-listener.js';
import { createJsonDestination, createLogger, createPrettyDestination, type Logger } from '../report/logger.js';
import { createSource } from '../sources/create-source.js';
import { createStallWatch } from '../status/stall-detector.js';
import { lockDataFolder } from '../system/data-folder-lock.js';
import { isReaderGone } from '../system/output-streams.js';
import { listenForStop } from '../system/stop-signals.js';

/** What a command that works in the data folder has at hand while it does. */
export interface Session {
  readonly config: Config;
  readonly logger: Logger;
  readonly listen: RunListener;
  readonly source: DumpSource;
  /** Aborts at the first SIGTERM, SIGINT or SIGHUP, when nobody reads the log any more, or when the data folder is lost. */
  readonly signal: AbortSignal;
}

/**
 * Sets up what such a command needs (configuration, log or progress bars, stop signals, the data folder's lock, the source), does the
 * work, and lets go of it all. Resolves with the work's exit status, 0 where it was stopped by a signal, and 1 where it threw, which is logged.
 *
 * @throws ExtractorError `CONFIG_INVALID`
 */
export const inSession = async (
  sources: ConfigSources,
  work: (session: Session) => Promise<number>,
): Promise<number> => {
  const config = await loadConfig(sources);
  // Loaded where it is of use: elsewhere it would only make every start slower.
  const bars = isAtTerminal() ? (await import('../report/terminal-listener.js')).createTerminalProgress() : undefined;
  const logger = createLogger(
    config.logLevel,
    bars ? createPrettyDestination(bars.print) : createJsonDestination((error) => onLogLost(error)),
  );
  const log = createLogListener(logger, {
    // The bars show it.
    progressInterval: bars ? Number.POSITIVE_INFINITY : config.progressLogInterval,
  });
  const tell = bars ? listeners(log, bars.listen) : log;
  using stalls = createStallWatch({ afterMs: config.stallWarningSeconds * 1000, listen: tell });
  const listen = listeners(stalls.observe, tell);
  using stop = listenForStop((name) => logger.info(`🛑 ${name}: stopping; a second signal ends at once`));
  let isLogLost = false;
  const onLogLost = (error: Error): void => {
    // As other programs: who reads no more wants no more. What was delivered is in the marker.
    if (isReaderGone(error)) stop.request('SIGPIPE');
    else if (!isLogLost) process.stderr.write(`❌ The log cannot be written, some lines are lost: ${error.message}\n`);
    isLogLost = true;
  };
  try {
    await using lock = await lockDataFolder(config.discogsRoot);
    await using source = await createSource(config, {
      onRetry: ({ delayMs, error }) =>
        logger.warn(
          { delay_ms: delayMs, code: errorCodeOf(error), error: describeError(error) },
          '⚠️ The listing of dumps did not come; it is asked for again',
        ),
      onFallback: (from, to, error) =>
        logger.warn(
          { from, to, error: error ? describeError(error) : undefined },
          `⚠️ ${from} has no dumps for us; trying ${to}`,
        ),
    });
    return await work({ config, logger, listen, source, signal: AbortSignal.any([stop.signal, lock.lost]) });
  } catch (error) {
    // A marker that could not be saved at a stop means that the next run repeats more than it should.
    if (stop.signal.aborted && !(error instanceof StateMarkerError)) return EXIT.done;
    logger.error({ code: errorCodeOf(error) }, `❌ ${describeError(error)}`);
    return EXIT.failed;
  } finally {
    bars?.stop();
  }
};

/** Whether a person looks on. Where the output goes elsewhere (a file, a pipe, a log collector), JSON lines are wanted. */
const isAtTerminal = (): boolean =>
  process.stdout.isTTY === true && process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
