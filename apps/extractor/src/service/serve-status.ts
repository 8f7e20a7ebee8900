import type { Config } from '../config/settings.js';
import { describeError, errorCodeOf } from '../errors.js';
import type { HttpServer } from '../http/server.js';
import type { Logger } from '../report/logger.js';
import type { Sink } from '../sinks/sink.js';
import type { StatusBoard } from '../status/status-board.js';
import type { Trigger } from './trigger.js';

export interface ServeStatusOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly board: StatusBoard;
  readonly sink: Sink;
  readonly trigger: Trigger;
  /** Version of this program. */
  readonly version: string;
  /** Only one pass will be made: it is worth more than its status page. */
  readonly once: boolean;
}

/**
 * Serves the status over HTTP as the configuration says; `undefined` where it says not to. A single pass goes on without HTTP where
 * the port is taken, with a warning.
 *
 * @throws ExtractorError `HTTP_UNAVAILABLE` for a service
 */
export const serveStatus = async (options: ServeStatusOptions): Promise<HttpServer | undefined> => {
  const { config, logger, board, sink, trigger, version, once } = options;
  if (config.healthPort === 'off') return undefined;
  // Loaded here, so that commands which serve nothing start the faster.
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
        windowLimit: config.queueSize,
        periodSeconds: once ? undefined : config.periodicCheckDays * 86_400,
      },
      trigger: {
        token: config.triggerToken,
        start: (request) => {
          if (!trigger.request(request)) return false;
          // At once, so that whoever asks for the status after the answer sees the run under way.
          board.listen({ type: 'check-started', cause: 'trigger' });
          return true;
        },
        onResult: (result) => board.listen({ type: 'trigger-called', result }),
        logger,
      },
    });
    logger.info({ port: server.port, url: server.url }, `🚀 Status page on ${server.url}`);
    return server;
  } catch (error) {
    if (!once) throw error;
    logger.warn({ code: errorCodeOf(error) }, `⚠️ ${describeError(error)} This run goes on without HTTP.`);
    return undefined;
  }
};
