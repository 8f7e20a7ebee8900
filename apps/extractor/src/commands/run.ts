import type { ConfigSources } from '../config/load-config.js';
import { EXIT } from '../errors.js';
import { listeners, type RunListener } from '../events/run-events.js';
import type { CheckCause, CheckOutcome } from '../events/service-events.js';
import { runPass } from '../pipeline/run-extraction.js';
import { createPublisherLog } from '../report/publisher-log.js';
import { nextPassAt } from '../service/schedule.js';
import { serveStatus } from '../service/serve-status.js';
import { inSession, type Session } from '../service/session.js';
import { createTrigger } from '../service/trigger.js';
import { createSink } from '../sinks/create-sink.js';
import type { Sink } from '../sinks/sink.js';
import { createStatusBoard, type StatusBoard } from '../status/status-board.js';

export interface RunOptions extends ConfigSources {
  /** End after one pass. */
  readonly once: boolean;
  /** Version of this program. */
  readonly version: string;
}

/** `discogs-extractor run`. Resolves with the exit status; throws for a configuration that is not valid. */
export const runCommand = ({ once, version, ...sources }: RunOptions): Promise<number> =>
  inSession(sources, async (session) => {
    const { config, logger, signal } = session;
    const sink = createSink(config, { once, onPublisherEvent: createPublisherLog(logger) });
    using board = createStatusBoard();
    const trigger = createTrigger();
    const stopping = (): void => board.listen({ type: 'stopping' });
    signal.addEventListener('abort', stopping, { once: true });
    await using _http = await serveStatus({ config, logger, board, sink, trigger, version, once });

    let forceReprocess = config.forceReprocess;
    board.listen({ type: 'check-started', cause: 'start' });
    for (;;) {
      const check = await makeCheck(session, { board, sink, forceReprocess });
      if (once) return check.outcome === 'completed' || check.outcome === 'skipped' ? EXIT.done : EXIT.failed;

      const { failures } = board.state;
      const next = nextPassAt(new Date(), config.periodicCheckDays, failures);
      board.listen({ type: 'check-scheduled', at: next });
      logger.info(
        { next_check: next.toISOString(), failures },
        failures > 0 ? `🚀 Trying again at ${next.toISOString()}` : `🚀 Next check at ${next.toISOString()}`,
      );
      const wake = await trigger.wait(next, signal);
      // What was asked for stays wanted until a pass has got as far as beginning anew.
      forceReprocess = (forceReprocess && !check.hasBegun) || (wake.by === 'trigger' && wake.forceReprocess);
      // The trigger has told the board itself.
      const cause: CheckCause = failures > 0 ? 'retry' : 'period';
      if (wake.by === 'time') board.listen({ type: 'check-started', cause });
    }
  });

interface CheckOptions {
  readonly board: StatusBoard;
  readonly sink: Sink;
  readonly forceReprocess: boolean;
}

interface Check {
  readonly outcome: CheckOutcome;
  /** Whether a dump was found and decided upon. */
  readonly hasBegun: boolean;
}

/**
 * Makes one pass, logs what kept it from going on, and tells the board how it ended.
 *
 * @throws the signal's reason
 */
const makeCheck = async (session: Session, { board, sink, forceReprocess }: CheckOptions): Promise<Check> => {
  const { config, source, signal } = session;
  const startedAt = performance.now();
  let hasBegun = false;
  const listen: RunListener = listeners(session.listen, board.listen, ({ type }) => {
    hasBegun ||= type === 'pass-started';
  });
  const end = (outcome: CheckOutcome, error?: unknown): Check => {
    board.listen({ type: 'check-ended', outcome, seconds: (performance.now() - startedAt) / 1000, error });
    return { outcome, hasBegun };
  };
  try {
    const { outcome, undelivered } = await runPass({ ...config, forceReprocess }, { source, sink, listen, signal });
    return end(outcome !== 'failed' && undelivered > 0 ? 'incomplete' : outcome);
  } catch (error) {
    if (signal.aborted) {
      end('stopped');
      throw error;
    }
    session.listen({ type: 'pass-failed', error });
    return end('failed', error);
  }
};
