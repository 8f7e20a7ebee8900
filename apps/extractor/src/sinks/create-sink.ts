import { join } from 'node:path';
import type { PublisherEvent, PublisherOptions } from '@discogs-extractor/publisher';
import type { Config } from '../config/settings.js';
import type { Sink } from './sink.js';

/** A single run gives up on an unreachable broker, and on queues that are not there; the service keeps trying. */
const SINGLE_RUN_ATTEMPTS = { connectAttempts: 7, reconnectAttempts: 20 };

export interface CreateSinkOptions {
  /** Whether the process ends after one run. */
  readonly once: boolean;
  /** Receives the publisher's events of each file. */
  readonly onPublisherEvent: (file: string, event: PublisherEvent) => void;
}

/** The settings of TLS connections to RabbitMQ. */
export const amqpTls = (
  config: Pick<Config, 'amqpCaFile' | 'amqpCertFile' | 'amqpKeyFile' | 'amqpServerName'>,
): PublisherOptions['tls'] => ({
  ...(config.amqpCaFile !== undefined && { caFile: config.amqpCaFile }),
  ...(config.amqpCertFile !== undefined && { certFile: config.amqpCertFile }),
  ...(config.amqpKeyFile !== undefined && { keyFile: config.amqpKeyFile }),
  ...(config.amqpServerName !== undefined && { servername: config.amqpServerName }),
});

/** The output folder of the ndjson sink. */
export const outputDirectoryOf = ({
  outputDirectory,
  discogsRoot,
}: Pick<Config, 'outputDirectory' | 'discogsRoot'>): string => outputDirectory ?? join(discogsRoot, 'ndjson');

/** The sink that the configuration names; the others are not loaded. */
export const createSink = async (config: Config, { once, onPublisherEvent }: CreateSinkOptions): Promise<Sink> => {
  switch (config.sink) {
    case 'amqp':
      return (await import('./amqp-sink.js')).createAmqpSink({
        // `loadConfig` requires it for this sink.
        url: config.amqpConnection!,
        tls: amqpTls(config),
        maxMessageBytes: config.amqpMaxMessageBytes,
        queueSize: config.queueSize,
        contract: config.contract,
        exchange: config.amqpExchange,
        queues: config.amqpQueues,
        deletedQueues: config.amqpDeletedQueues,
        queueType: config.amqpQueueType,
        queueArguments: config.amqpQueueArguments,
        partitions: config.amqpPartitions,
        exchangePrefix: config.amqpExchangePrefix,
        expectedQueues: config.amqpExpectQueues,
        declareQueues: config.amqpDeclareQueues,
        onEvent: onPublisherEvent,
        ...(once ? { ...SINGLE_RUN_ATTEMPTS, expectTimeoutMs: config.amqpExpectSeconds * 1000 } : {}),
      });
    case 'ndjson':
      return (await import('./ndjson-sink.js')).createNdjsonSink({
        directory: outputDirectoryOf(config),
        dataFolder: config.discogsRoot,
        contract: config.contract,
        allowLocalLock: config.allowLocalLock,
      });
    case 'null':
      return (await import('./null-sink.js')).createNullSink(config.contract);
  }
};
