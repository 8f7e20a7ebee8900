import type { Config } from '../config/settings.js';
import { describeError, errorCodeOf } from '../errors.js';
import type { HttpServer } from '../http/server.js';
import type { Logger } from '../report/logger.js';
import type { Sink } from '../sinks/sink.js';
import type { StatusBoard } from '../status/status-board.js';
import type { ForcedRunRequest } from './forced-run-request.js';
import type { Trigger } from './trigger.js';

export interface ServeStatusOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly board: StatusBoard;
  readonly sink: Sink;
  readonly trigger: Trigger;
  readonly forcedRun: ForcedRunRequest;
  /** Version of this program. */
  readonly version: string;
  /** Whether the process ends after one run, which matters more than its status page. */
  readonly once: boolean;
}

/**
 * Serves the status over HTTP; `undefined` if the configuration turns HTTP off. If the port is in use, a single run
 * continues without HTTP, with a warning.
 *
 * @throws ExtractorError `HTTP_UNAVAILABLE` unless `once`
 */
export const serveStatus = async (options: ServeStatusOptions): Promise<HttpServer | undefined> => {
  const { config, logger, board, sink, trigger, forcedRun, version, once } = options;
  if (config.healthPort === 'off') return undefined;
  // Imported only when needed: commands without HTTP start faster.
  const { createHttpServer } = await import('../http/server.js');
  try {
    const server = await createHttpServer({
      port: config.healthPort,
      host: config.healthHost,
      view: {
        board,
        version,
        sink: { name: sink.name, destination: sink.destination },
        delivery: () => sink.status?.(),
        queueSize: config.queueSize,
        contract: config.contract,
        periodSeconds: once ? undefined : config.periodicCheckDays * 86_400,
      },
      trigger: {
        token: config.triggerToken,
        isOpen: config.triggerOpen,
        start: async (request) => {
          if (!trigger.request(request)) return false;
          // Before the response is sent, so that a client that then requests the status sees the run.
          board.onEvent({ type: 'run-started', cause: 'trigger' });
          if (request.forceReprocess) await forcedRun.keep();
          return true;
        },
        onResult: (result) => board.onEvent({ type: 'trigger-called', result }),
        logger,
      },
    });
    logger.info({ port: server.port, url: server.url }, `🚀 Status page on ${server.url}`);
    if (config.triggerOpen) {
      const text = `⚠️ TRIGGER_OPEN is set: everyone who can reach port ${server.port} can start a run`;
      logger.warn({ code: 'TRIGGER_OPEN' }, text);
    }
    return server;
  } catch (error) {
    if (!once) throw error;
    logger.warn({ code: errorCodeOf(error) }, `⚠️ ${describeError(error)} This run continues without HTTP.`);
    return undefined;
  }
};
