import type { PublisherEvent } from '@discogs-extractor/publisher';
import { describeError } from '../errors.js';
import type { Logger } from './logger.js';

/** Logs what a person should know of a file's connection to the broker. */
export const createPublisherLog =
  (logger: Logger) =>
  (file: string, event: PublisherEvent): void => {
    switch (event.type) {
      case 'connected':
        if (event.epoch > 1) {
          logger.info({ file, republished: event.republished }, `✅ ${file}: connected to the broker again`);
        }
        break;
      case 'lost':
        logger.warn(
          { file, unsettled: event.unsettled, error: describeError(event.error) },
          `⚠️ ${file}: no connection to the broker; trying again`,
        );
        break;
      case 'blocked':
        logger.warn({ file, reason: event.reason }, `⚠️ ${file}: the broker takes nothing for now (${event.reason})`);
        break;
      case 'unblocked':
        logger.info({ file, seconds: event.durationMs / 1_000 }, `✅ ${file}: the broker takes messages again`);
        break;
      case 'nack':
        logger.warn(
          { file, refused: event.refused, attempt: event.attempt, delay_ms: event.delayMs },
          `⚠️ ${file}: the broker refused ${event.refused} messages; they are sent again`,
        );
        break;
      case 'shortfall':
        logger.warn(
          { file, queue: event.queue, expected: event.expected, found: event.found },
          `⚠️ ${file}: queue ${event.queue} holds fewer messages than were confirmed; looking closer`,
        );
        break;
      case 'uncounted':
        logger.warn(
          { file, queue: event.queue },
          `⚠️ ${file}: queue ${event.queue} drops messages (a policy of the broker?), or somebody takes them without a subscription; its messages are not counted any more`,
        );
        break;
      case 'state':
      case 'backoff':
      case 'failed':
        logger.debug({ file, ...event, error: undefined }, `publisher ${event.type}`);
        break;
    }
  };
