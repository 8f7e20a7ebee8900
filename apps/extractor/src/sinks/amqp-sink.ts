import type { EncodedBlock } from '@discogs-extractor/parser';
import {
  createPublisher,
  type Publisher,
  PublisherError,
  type PublisherEvent,
  type QueueOptions,
} from '@discogs-extractor/publisher';
import { PLATFORM_EXCHANGE, PLATFORM_QUEUES } from '../config/platform-names.js';
import { Turns } from '../system/event-loop-yielder.js';
import { createRepeatBound } from './checkpoint-limiter.js';
import { DeliveryMonitor, type DeliveryWatch } from './delivery-status.js';
import type { FileSink, OpenOptions, Sink } from './sink.js';
import type { SinkTarget } from './sink-target.js';

/** As the platform's consumers expect them; the encoding is no encoding, but theirs. */
const PROPERTIES = {
  contentType: 'application/json',
  contentEncoding: 'application/json',
  deliveryMode: 2,
  mandatory: true,
} as const;

/** How often queues and bindings are looked at, in milliseconds. */
const TOPOLOGY_CHECK_MS = 500;

/** What `close` gives the publisher beyond its own wait for confirms, in milliseconds. */
const GOODBYE_MS = 500;

/** AMQP's limit for a message id, in bytes. */
const LONGEST_MESSAGE_ID = 255;

export interface AmqpSinkOptions {
  /** `amqp://` or `amqps://` URL of the broker. */
  readonly url: string;
  /** Messages of a file that may be unconfirmed at once, and records of it that a crash may send twice. */
  readonly maxInFlight: number;
  /** Attempts to reach the broker before a file fails; `Infinity` waits for as long as it takes. @default Infinity */
  readonly connectAttempts?: number;
  /** The same after a connection was lost. @default Infinity */
  readonly reconnectAttempts?: number;
  /** Topic exchange to publish to. @default 'discogsography-exchange' */
  readonly exchange?: string;
  /**
   * The queues that a data type's records go to, `{type}` standing for its name.
   * @default ['discogsography-graphinator-{type}', 'discogsography-tableinator-{type}']
   */
  readonly queues?: readonly string[];
  /** Sent as `x-queue-type`; left out, the virtual host's default applies. @default undefined */
  readonly queueType?: QueueOptions['queueType'];
  /** Further arguments of the queues, for example `{ 'x-quorum-initial-group-size': 3 }`. @default {} */
  readonly queueArguments?: QueueOptions['arguments'];
  /** Is told what happens to a file's connection. */
  readonly onEvent?: (file: string, event: PublisherEvent) => void;
}

/**
 * Publishes to RabbitMQ over one connection for each file, as the platform expects. Records 1 to `confirmed` were acked and not
 * returned, and the queues and bindings were found whole after that.
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
    open: async (target, opening) => {
      const { signal } = opening;
      const { dataType } = target;
      let lastConfirmedAt: Date | undefined;
      const watch = monitor.watch(target);
      const publisher = await withSignal(signal, (connecting) =>
        createPublisher({
          url: options.url,
          exchange: { name: exchange, type: 'topic', durable: true },
          queues: queues.map(queueOf(dataType)),
          properties: PROPERTIES,
          maxInFlight: options.maxInFlight,
          connectAttempts: options.connectAttempts ?? Number.POSITIVE_INFINITY,
          reconnectAttempts: options.reconnectAttempts ?? Number.POSITIVE_INFINITY,
          topologyCheckIntervalMs: TOPOLOGY_CHECK_MS,
          connectionName: `discogs-extractor ${target.file}`,
          signal: connecting,
          onConfirmed: () => {
            lastConfirmedAt = new Date();
          },
          onEvent: (event) => {
            watch.onEvent(event);
            options.onEvent?.(target.file, event);
          },
        }),
      ).catch((error: unknown) => {
        watch.end();
        throw withSettings(error);
      });
      watch.attach(publisher);
      return fileSink(
        publisher,
        target,
        { ...opening, maxInFlight: options.maxInFlight },
        () => lastConfirmedAt,
        watch,
      );
    },
  };
};

const fileSink = (
  publisher: Publisher,
  { version, dataType }: SinkTarget,
  { resumeAfter, signal, save, maxInFlight }: OpenOptions & Pick<AmqpSinkOptions, 'maxInFlight'>,
  lastConfirmedAt: () => Date | undefined,
  watch: DeliveryWatch,
): FileSink => {
  /** `file_complete` is a message too, and must not count as a record. */
  let records = 0;
  /** Blocks whose messages are not all confirmed, and the number of each one's last: until then the publisher needs their bytes. */
  const unconfirmed: { readonly last: number; readonly block: EncodedBlock }[] = [];
  const releaseConfirmed = (): void => {
    while (unconfirmed[0] !== undefined && unconfirmed[0].last <= publisher.confirmed)
      unconfirmed.shift()!.block.release();
  };
  const turns = new Turns();
  const bound = createRepeatBound({
    limit: maxInFlight,
    after: resumeAfter,
    settle: () => publisher.flush({ signal }),
    save,
  });

  return {
    resumedAfter: resumeAfter,
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
        const room = publisher.publish({
          routingKey: dataType,
          body: message,
          messageId: messageIdOf(`${version}:${dataType}:`, id, `:${sha256}`),
        });
        records++;
        watch.sent(message.byteLength);
        if (room) await orAbort(room, signal);
        const unsaved = bound.sent();
        if (unsaved) await orAbort(unsaved, signal);
        const turn = turns.next();
        if (turn) await turn;
      }
    },
    complete: async (message) => {
      // In the marker before `file_complete` goes out, so that no record can follow it.
      await orAbort(bound.settle(), signal);
      const room = publisher.publish({
        routingKey: dataType,
        body: message,
        messageId: `${version}:${dataType}:file_complete`,
      });
      watch.sent(message.byteLength);
      if (room) await orAbort(room, signal);
      await publisher.flush({ signal });
    },
    close: async ({ timeout = 0 } = {}) => {
      if (timeout > 0) {
        // Not only confirmed but verified: the look at the topology that `flush` ends with counts for the watermark.
        await publisher.flush({ signal: AbortSignal.timeout(timeout) }).catch(() => {
          // What stays unconfirmed is no error here: it is sent again by the next run, from the watermark on.
        });
      }
      await publisher.close({ timeoutMs: GOODBYE_MS });
      watch.end();
    },
  };
};

/** The publisher knows what conflicts, but not where this service has it from. */
const withSettings = (error: unknown): unknown =>
  error instanceof PublisherError && error.code === 'TOPOLOGY_CONFLICT'
    ? new PublisherError(
        error.code,
        `${error.message} (the settings are AMQP_EXCHANGE, AMQP_QUEUES, AMQP_QUEUE_TYPE and AMQP_QUEUE_ARGUMENTS)`,
        { facts: error.facts, cause: error.cause },
      )
    : error;

/** `VERSION:TYPE:ID:HASH`; of an id too long for AMQP only the beginning, since the hash tells records apart all the same. */
const messageIdOf = (before: string, id: string, after: string): string => {
  const room = LONGEST_MESSAGE_ID - before.length - after.length;
  if (3 * id.length <= room || Buffer.byteLength(id) <= room) return before + id + after;
  // A character that is cut in two decodes to U+FFFD, which is no shorter than it: leave it out.
  const beginning = new TextDecoder().decode(Buffer.from(id).subarray(0, room)).replace(/\uFFFD+$/, '');
  return before + beginning + after;
};

/**
 * Passes an abort on for as long as `work` goes on, and no longer: the publisher's signal cuts its connection, whereas a stop of
 * an open one goes through `close`, which collects the confirms under way.
 */
const withSignal = async <T>(signal: AbortSignal, work: (during: AbortSignal) => Promise<T>): Promise<T> => {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};

/** Waits for room, or rejects with the signal's reason. The publisher keeps the message either way. */
const orAbort = (room: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    room.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
