import { join } from 'node:path';
import type { PublisherEvent } from '@discogs-extractor/publisher';
import type { Config } from '../config/settings.js';
import { createAmqpSink } from './amqp-sink.js';
import { createNdjsonSink } from './ndjson-sink.js';
import { createNullSink } from './null-sink.js';
import type { Sink } from './sink.js';

/** A single run gives up on an unreachable broker; the service keeps trying. */
const SINGLE_RUN_ATTEMPTS = { connectAttempts: 7, reconnectAttempts: 20 };

export interface CreateSinkOptions {
  /** Whether the process ends after one run. */
  readonly once: boolean;
  /** Receives the publisher's events of each file. */
  readonly onPublisherEvent: (file: string, event: PublisherEvent) => void;
}

/** The sink that the configuration names. */
export const createSink = (config: Config, { once, onPublisherEvent }: CreateSinkOptions): Sink => {
  switch (config.sink) {
    case 'amqp':
      return createAmqpSink({
        // `loadConfig` requires it for this sink.
        url: config.amqpConnection!,
        queueSize: config.queueSize,
        exchange: config.amqpExchange,
        queues: config.amqpQueues,
        queueType: config.amqpQueueType,
        queueArguments: config.amqpQueueArguments,
        onEvent: onPublisherEvent,
        ...(once ? SINGLE_RUN_ATTEMPTS : {}),
      });
    case 'ndjson':
      return createNdjsonSink({ directory: config.outputDirectory ?? join(config.discogsRoot, 'ndjson') });
    case 'null':
      return createNullSink();
  }
};
