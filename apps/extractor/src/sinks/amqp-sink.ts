import { abortable, withLinkedAbort } from '@discogs-extractor/internal/abort';
import type { EncodedBlock } from '@discogs-extractor/parser';
import {
  createPublisher,
  identifyBroker,
  type Publisher,
  PublisherError,
  type PublisherEvent,
  type PublisherOptions,
  type QueueOptions,
} from '@discogs-extractor/publisher';
import type { Destination } from '@discogs-extractor/state-marker';
import type { DataType } from '../config/data-type.js';
import { PLATFORM_EXCHANGE, PLATFORM_QUEUES } from '../config/platform-names.js';
import { ExtractorError } from '../errors.js';
import { EventLoopYielder } from '../system/event-loop-yielder.js';
import { createCheckpointLimiter } from './checkpoint-limiter.js';
import { DeliveryMonitor, type DeliveryTracker } from './delivery-status.js';
import { messageIdOf } from './message-id.js';
import type { FileSink, OpenOptions, Sink } from './sink.js';
import type { SinkTarget } from './sink-target.js';

/** As the platform's consumers expect them, the unusual `contentEncoding` included; see docs/wire-contract.md. */
const PROPERTIES = {
  contentType: 'application/json',
  contentEncoding: 'application/json',
  deliveryMode: 2,
  mandatory: true,
} as const;

/** Time between two checks of queues and bindings, in milliseconds. */
const TOPOLOGY_CHECK_MS = 500;

/** Time for the publisher to close its connection, after the wait for confirms, in milliseconds. */
const CLOSE_TIMEOUT_MS = 500;

export interface AmqpSinkOptions {
  /** `amqp://` or `amqps://` URL of the broker. */
  readonly url: string;
  /** Files and server name for `amqps://`. @default {} */
  readonly tls?: PublisherOptions['tls'];
  /**
   * Messages of a file that may be unconfirmed, and records of it that may be confirmed without being in the state
   * marker: after a crash, at most this many records of a file are sent again.
   */
  readonly queueSize: number;
  /** Attempts to reach the broker before a file fails; `Infinity` never gives up. @default Infinity */
  readonly connectAttempts?: number | undefined;
  /** The same after a lost connection. @default Infinity */
  readonly reconnectAttempts?: number | undefined;
  /** Topic exchange to publish to. @default 'discogsography-exchange' */
  readonly exchange?: string | undefined;
  /**
   * The queues that the records of a data type go to; `{type}` stands for its name.
   * @default ['discogsography-graphinator-{type}', 'discogsography-tableinator-{type}']
   */
  readonly queues?: readonly string[] | undefined;
  /** Sent as `x-queue-type`. @default the virtual host's default */
  readonly queueType?: QueueOptions['queueType'] | undefined;
  /** Further arguments of the queues, for example `{ 'x-quorum-initial-group-size': 3 }`. @default {} */
  readonly queueArguments?: QueueOptions['arguments'] | undefined;
  /** Receives the publisher's events of each file. */
  readonly onEvent?: ((file: string, event: PublisherEvent) => void) | undefined;
}

/**
 * Publishes to RabbitMQ over one connection per file, in the platform's format (docs/wire-contract.md). Records 1 to
 * `confirmed` were acked and not returned, and a check after that found the queues and bindings in place.
 */
export const createAmqpSink = (options: AmqpSinkOptions): Sink => {
  const { exchange = PLATFORM_EXCHANGE, queues = PLATFORM_QUEUES, queueType, queueArguments = {} } = options;
  const queueOf =
    (dataType: string) =>
    (name: string): QueueOptions => ({
      name: name.replaceAll('{type}', dataType),
      routingKeys: [dataType],
      durable: true,
      queueType,
      arguments: queueArguments,
    });
  const monitor = new DeliveryMonitor();
  return {
    name: 'amqp',
    destination: `exchange ${exchange}`,
    status: () => monitor.status(),
    identify: async ({ dataTypes, signal }) => {
      const { clusterName, display, vhost } = await withLinkedAbort([signal], ({ signal: connecting }) =>
        identifyBroker({
          url: options.url,
          tls: options.tls,
          connectAttempts: options.connectAttempts ?? Number.POSITIVE_INFINITY,
          connectionName: 'discogs-extractor',
          signal: connecting,
        }),
      );
      const destinationOf = (type: DataType): Destination => ({
        sink: 'amqp',
        cluster: clusterName ?? display,
        vhost,
        exchange,
        queues: queues.map((name) => queueOf(type)(name).name),
        contract: 'topic',
      });
      return new Map(dataTypes.map((type) => [type, destinationOf(type)]));
    },
    open: async (target, opening) => {
      const { signal } = opening;
      const { dataType } = target;
      let lastConfirmedAt: Date | undefined;
      const tracker = monitor.track(target);
      const publisher = await withLinkedAbort([signal], ({ signal: connecting }) =>
        createPublisher({
          url: options.url,
          tls: options.tls,
          exchange: { name: exchange, type: 'topic', durable: true },
          queues: queues.map(queueOf(dataType)),
          properties: PROPERTIES,
          maxInFlight: options.queueSize,
          connectAttempts: options.connectAttempts ?? Number.POSITIVE_INFINITY,
          reconnectAttempts: options.reconnectAttempts ?? Number.POSITIVE_INFINITY,
          topologyCheckIntervalMs: TOPOLOGY_CHECK_MS,
          connectionName: `discogs-extractor ${target.file}`,
          signal: connecting,
          onConfirmed: () => {
            lastConfirmedAt = new Date();
          },
          onEvent: (event) => {
            tracker.onEvent(event);
            options.onEvent?.(target.file, event);
          },
        }),
      ).catch((error: unknown) => {
        tracker.end();
        throw withSettingNames(error);
      });
      tracker.attach(publisher);
      return fileSink(publisher, target, { ...opening, queueSize: options.queueSize }, () => lastConfirmedAt, tracker);
    },
  };
};

const fileSink = (
  publisher: Publisher,
  { version, dataType }: SinkTarget,
  { resumeAfter, signal, save, queueSize }: OpenOptions & Pick<AmqpSinkOptions, 'queueSize'>,
  lastConfirmedAt: () => Date | undefined,
  tracker: DeliveryTracker,
): FileSink => {
  /** Records that were published; `file_complete` is a message too, but not a record. */
  let records = 0;
  /** Blocks whose bytes the publisher still needs, and the number of the last message of each. */
  const unconfirmed: { readonly last: number; readonly block: EncodedBlock }[] = [];
  const releaseConfirmed = (): void => {
    while (unconfirmed[0] !== undefined && unconfirmed[0].last <= publisher.confirmed)
      unconfirmed.shift()!.block.release();
  };
  const yielder = new EventLoopYielder();
  const limiter = createCheckpointLimiter({
    maxUnsaved: queueSize,
    resumeAfter,
    flush: () => publisher.flush({ signal }),
    save,
  });

  return {
    resumedAfter: resumeAfter,
    restartReason: undefined,
    checkpoint: {},
    missing: 0,
    get confirmed() {
      return resumeAfter + Math.min(publisher.verified, records);
    },
    get lastConfirmedAt() {
      return lastConfirmedAt();
    },
    write: async (block) => {
      releaseConfirmed();
      unconfirmed.push({ last: records + block.count, block });
      for (const { id, sha256, message } of block) {
        signal.throwIfAborted();
        const windowOpen = publisher.publish({
          routingKey: dataType,
          body: message,
          messageId: messageIdOf(`${version}:${dataType}:`, id, `:${sha256}`),
        });
        records++;
        tracker.sent(message.byteLength);
        if (windowOpen) await abortable(windowOpen, signal);
        const belowLimit = limiter.recordSent();
        if (belowLimit) await abortable(belowLimit, signal);
        const yielded = yielder.maybeYield();
        if (yielded) await yielded;
      }
    },
    complete: async (message) => {
      // All records are in the marker before `file_complete` is sent, so that none can be sent again after it.
      await abortable(limiter.checkpoint(), signal);
      const windowOpen = publisher.publish({
        routingKey: dataType,
        body: message,
        messageId: `${version}:${dataType}:file_complete`,
      });
      tracker.sent(message.byteLength);
      if (windowOpen) await abortable(windowOpen, signal);
      await publisher.flush({ signal });
      return {};
    },
    close: async ({ timeoutMs = 0 } = {}) => {
      if (timeoutMs > 0) {
        // `flush` ends with a check of the topology, without which the last confirmed messages would not count.
        await publisher.flush({ signal: AbortSignal.timeout(timeoutMs) }).catch(() => {
          // Unconfirmed records are not an error here: the next run sends them again.
        });
      }
      await publisher.close({ timeoutMs: CLOSE_TIMEOUT_MS });
      tracker.end();
    },
  };
};

const TOPOLOGY_SETTINGS = 'AMQP_EXCHANGE, AMQP_QUEUES, AMQP_QUEUE_TYPE and AMQP_QUEUE_ARGUMENTS';
const TLS_SETTINGS = 'AMQP_CA_FILE, AMQP_CERT_FILE, AMQP_KEY_FILE and AMQP_SERVER_NAME';

/** Adds the names of the settings, which the publisher does not know. */
const withSettingNames = (error: unknown): unknown => {
  if (!(error instanceof PublisherError)) return error;
  const { code, message, facts } = error;
  if (code === 'TLS_FAILED') {
    return new PublisherError(code, `${message} (the settings are ${TLS_SETTINGS})`, { facts, cause: error.cause });
  }
  if (code !== 'TOPOLOGY_CONFLICT') return error;
  const { exchange, queue } = facts;
  const settings = `(the settings are ${TOPOLOGY_SETTINGS})`;
  return new ExtractorError(code, `${message} ${settings}`, { facts: { exchange, queue }, cause: error });
};
