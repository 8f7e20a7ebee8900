import type { DumpSource } from '@discogs-extractor/downloader';
import { destination as fileDestination } from 'pino';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import type { Config } from '../config/settings.js';
import { describeError, EXIT, errorCodeOf } from '../errors.js';
import { lockDataFolder } from '../pipeline/data-folder-lock.js';
import { createLogListener } from '../report/log-listener.js';
import { createLogger, createPrettyDestination, type Logger } from '../report/logger.js';
import { listeners, type RunListener } from '../report/run-events.js';
import { createTerminalBars } from '../report/terminal-listener.js';
import { createSource } from '../sources/create-source.js';
import { listenForStop } from './stop-signals.js';

/** What a command that works in the data folder has at hand while it does. */
export interface Session {
  readonly config: Config;
  readonly logger: Logger;
  readonly listen: RunListener;
  readonly source: DumpSource;
  /** Aborts at the first SIGTERM or SIGINT. */
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
  const bars = process.stderr.isTTY ? createTerminalBars() : undefined;
  const logger = createLogger(
    config.logLevel,
    bars ? createPrettyDestination(bars.print) : fileDestination({ dest: 1, sync: true }),
  );
  const log = createLogListener(logger, { progressInterval: config.progressLogInterval });
  const listen = bars ? listeners(bars.listen, log) : log;
  using stop = listenForStop((name) => logger.info(`🛑 ${name}: stopping; a second signal ends at once`));
  try {
    await using _lock = await lockDataFolder(config.discogsRoot);
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
    return await work({ config, logger, listen, source, signal: stop.signal });
  } catch (error) {
    if (stop.signal.aborted) return EXIT.done;
    logger.error({ code: errorCodeOf(error) }, `❌ ${describeError(error)}`);
    return EXIT.failed;
  } finally {
    bars?.stop();
  }
};
