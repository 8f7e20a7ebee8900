import type { PublisherEvent } from '@discogs-extractor/publisher';
import { countOf } from '../count-of.js';
import { describeError } from '../errors.js';
import type { Logger } from './logger.js';

/** Logs the events of a file's connection to the broker that need attention. */
export const createPublisherLog =
  (logger: Logger) =>
  (file: string, event: PublisherEvent): void => {
    switch (event.type) {
      case 'connected':
        if (event.epoch > 1) {
          logger.info({ file, republished: event.republished }, `✅ ${file}: reconnected to the broker`);
        }
        break;
      case 'lost':
        logger.warn(
          { file, unsettled: event.unsettled, error: describeError(event.error) },
          `⚠️ ${file}: no connection to the broker; retrying`,
        );
        break;
      case 'blocked':
        logger.warn({ file, reason: event.reason }, `⚠️ ${file}: the broker has blocked publishing (${event.reason})`);
        break;
      case 'unblocked':
        logger.info({ file, seconds: event.durationMs / 1_000 }, `✅ ${file}: the broker accepts messages again`);
        break;
      case 'nack':
        logger.warn(
          { file, refused: event.refused, attempt: event.attempt, delay_ms: event.delayMs },
          `⚠️ ${file}: the broker refused ${countOf(event.refused, 'message')}; sending them again`,
        );
        break;
      case 'shortfall':
        logger.warn(
          { file, queue: event.queue, expected: event.expected, found: event.found },
          `⚠️ ${file}: queue ${event.queue} has fewer messages than were confirmed for it; checking its bindings`,
        );
        break;
      case 'missing':
        logger.warn(
          { file, queue: event.queue, missing: event.missing },
          `⚠️ ${file}: queue ${event.queue} had ${countOf(event.missing, 'message')} that it does not have any more: purged, ` +
            'taken by a client that does not subscribe, dropped by a policy, or expired',
        );
        break;
      case 'uncounted':
        logger.warn(
          { file, queue: event.queue },
          `⚠️ ${file}: queue ${event.queue} loses messages, by a policy or by clients that use basic.get; ` +
            'its count no longer shows whether its binding is lost',
        );
        break;
      case 'waiting':
        logger.warn(
          { file, queues: event.queues },
          `⚠️ ${file}: waiting for ${event.queues.join(' and ')}, which the consumers declare when they start ` +
            '(AMQP_EXPECT_QUEUES names them, AMQP_DECLARE_QUEUES declares them)',
        );
        break;
      case 'found':
        logger.info({ file, seconds: event.waitedMs / 1_000 }, `✅ ${file}: all queues of the consumers exist`);
        break;
      case 'continuity-unavailable':
        logger.warn(
          { file, reason: event.reason },
          `⚠️ ${file}: the broker refused the objects that prove that queues are the same as before (${event.reason}); ` +
            'grant configure, write and read permission on ^discogs-extractor\\.',
        );
        break;
      case 'state':
      case 'backoff':
      case 'failed':
        logger.debug({ file, ...event, error: undefined }, `publisher ${event.type}`);
        break;
    }
  };
