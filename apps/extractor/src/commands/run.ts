import { destination as fileDestination } from 'pino';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import { describeError, EXIT, errorCodeOf } from '../errors.js';
import { lockDataFolder } from '../pipeline/data-folder-lock.js';
import { runPass } from '../pipeline/run-pass.js';
import { createLogListener } from '../report/log-listener.js';
import { createLogger, createPrettyDestination } from '../report/logger.js';
import { createPublisherLog } from '../report/publisher-log.js';
import { listeners } from '../report/run-events.js';
import { createTerminalBars } from '../report/terminal-listener.js';
import { nextPassAt } from '../service/schedule.js';
import { sleepUntil } from '../service/sleep.js';
import { listenForStop } from '../service/stop-signals.js';
import { createSink } from '../sinks/create-sink.js';
import { createSource } from '../sources/create-source.js';

export interface RunOptions extends ConfigSources {
  /** End after one pass. */
  readonly once: boolean;
}

/** `discogs-extractor run`. Resolves with the exit status; throws for a configuration that is not valid. */
export const runCommand = async ({ once, ...sources }: RunOptions): Promise<number> => {
  const config = await loadConfig(sources);
  await using source = await createSource(config.dumpSource);
  const bars = process.stderr.isTTY ? createTerminalBars() : undefined;
  const logger = createLogger(
    config.logLevel,
    bars ? createPrettyDestination(bars.print) : fileDestination({ dest: 1, sync: true }),
  );
  const log = createLogListener(logger, { progressInterval: config.progressLogInterval });
  const listen = bars ? listeners(bars.listen, log) : log;
  using stop = listenForStop((name) => logger.info(`🛑 ${name}: stopping; a second signal ends at once`));
  const { signal } = stop;

  try {
    await using _lock = await lockDataFolder(config.discogsRoot);
    const sink = createSink(config, { once, onPublisherEvent: createPublisherLog(logger) });
    let failures = 0;
    for (let pass = 1; ; pass++) {
      const forceReprocess = config.forceReprocess && pass === 1;
      const failed = await runPass({ ...config, forceReprocess }, { source, sink, listen, signal }).then(
        ({ outcome, quarantined }) => outcome === 'failed' || quarantined > 0,
        (error: unknown) => {
          if (signal.aborted) return false;
          logger.error({ code: errorCodeOf(error) }, `❌ ${describeError(error)}`);
          return true;
        },
      );
      if (signal.aborted) return EXIT.done;
      if (once) return failed ? EXIT.failed : EXIT.done;
      failures = failed ? failures + 1 : 0;
      const next = nextPassAt(new Date(), config.periodicCheckDays, failures);
      logger.info({ next_check: next.toISOString() }, `🚀 Next check at ${next.toISOString()}`);
      await sleepUntil(next, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      if (signal.aborted) return EXIT.done;
    }
  } catch (error) {
    logger.error({ code: errorCodeOf(error) }, `❌ ${describeError(error)}`);
    return EXIT.failed;
  } finally {
    bars?.stop();
  }
};
