import { join } from 'node:path';
import type { PublisherEvent } from '@discogs-extractor/publisher';
import type { Config } from '../config/settings.js';
import { createAmqpSink } from './amqp-sink.js';
import { createNdjsonSink } from './ndjson-sink.js';
import { createNullSink } from './null-sink.js';
import type { Sink } from './sink.js';

/** A single pass gives up on a broker that stays away; the service waits for it, however long it takes. */
const ATTEMPTS_OF_A_SINGLE_PASS = { connectAttempts: 7, reconnectAttempts: 20 };

export interface CreateSinkOptions {
  /** Only one pass will be made. */
  readonly once: boolean;
  /** Is told what happens to a file's connection to the broker. */
  readonly onPublisherEvent: (file: string, event: PublisherEvent) => void;
}

/** The sink that the configuration names. */
export const createSink = (config: Config, { once, onPublisherEvent }: CreateSinkOptions): Sink => {
  switch (config.sink) {
    case 'amqp':
      return createAmqpSink({
        // `loadConfig` has seen to it that there is one.
        url: config.amqpConnection!,
        maxInFlight: config.queueSize,
        exchange: config.amqpExchange,
        queues: config.amqpQueues,
        ...(config.amqpQueueType && { queueType: config.amqpQueueType }),
        queueArguments: config.amqpQueueArguments,
        onEvent: onPublisherEvent,
        ...(once ? ATTEMPTS_OF_A_SINGLE_PASS : {}),
      });
    case 'ndjson':
      return createNdjsonSink({ directory: config.outputDirectory ?? join(config.discogsRoot, 'ndjson') });
    case 'null':
      return createNullSink();
  }
};
