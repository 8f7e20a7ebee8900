import type { ConfigSources } from '../config/load-config.js';
import { describeError, EXIT, errorCodeOf } from '../errors.js';
import { runPass } from '../pipeline/run-pass.js';
import { createPublisherLog } from '../report/publisher-log.js';
import { nextPassAt } from '../service/schedule.js';
import { inSession, type Session } from '../service/session.js';
import { sleepUntil } from '../service/sleep.js';
import { createSink } from '../sinks/create-sink.js';
import type { Sink } from '../sinks/sink.js';

export interface RunOptions extends ConfigSources {
  /** End after one pass. */
  readonly once: boolean;
}

/** `discogs-extractor run`. Resolves with the exit status; throws for a configuration that is not valid. */
export const runCommand = ({ once, ...sources }: RunOptions): Promise<number> =>
  inSession(sources, async (session) => {
    const { config, logger, signal } = session;
    const sink = createSink(config, { once, onPublisherEvent: createPublisherLog(logger) });
    if (once) return (await isPassFine(session, sink, config.forceReprocess)) ? EXIT.done : EXIT.failed;

    let failures = 0;
    for (let pass = 1; ; pass++) {
      const isFine = await isPassFine(session, sink, config.forceReprocess && pass === 1);
      failures = isFine ? 0 : failures + 1;
      const next = nextPassAt(new Date(), config.periodicCheckDays, failures);
      logger.info({ next_check: next.toISOString() }, `🚀 Next check at ${next.toISOString()}`);
      await sleepUntil(next, signal);
    }
  });

/** Makes one pass, and tells whether all went well: nothing failed, and nothing in the dump went undelivered. */
const isPassFine = async (session: Session, sink: Sink, forceReprocess: boolean): Promise<boolean> => {
  const { config, source, listen, logger, signal } = session;
  try {
    const { outcome, undelivered } = await runPass({ ...config, forceReprocess }, { source, sink, listen, signal });
    return outcome !== 'failed' && undelivered === 0;
  } catch (error) {
    if (signal.aborted) throw error;
    logger.error({ code: errorCodeOf(error) }, `❌ ${describeError(error)}`);
    return false;
  }
};
