import { randomBytes } from 'node:crypto';
import { abortable, withLinkedAbort } from '@discogs-extractor/internal/abort';
import { partitionQueueNames } from '@discogs-extractor/internal/partition-queues';
import {
  assertContinuity,
  type BrokerConnectionOptions,
  type ContinuityOptions,
  createPublisher,
  discardContinuity,
  identifyBroker,
  inspectQueues,
  type Publisher,
  PublisherError,
  type PublisherEvent,
  type PublisherOptions,
  type QueueOptions,
} from '@discogs-extractor/publisher';
import type { Checkpoint, Destination } from '@discogs-extractor/state-marker';
import type { SinkBlock } from '../changes/select-records.js';
import { DATA_TYPES, type DataType } from '../config/data-type.js';
import { ExtractorError } from '../errors.js';
import { EventLoopYielder } from '../system/event-loop-yielder.js';
import { type AmqpLayout, type AmqpLayoutOptions, createAmqpLayout } from './amqp-layout.js';
import { amqpAddresses } from './broker-nodes.js';
import { createCheckpointLimiter } from './checkpoint-limiter.js';
import { DeliveryMonitor, type DeliveryTracker } from './delivery-status.js';
import { LOST_DELIVERY_CODES } from './lost-delivery.js';
import { messageIdOf } from './message-id.js';
import { RecordNumbers } from './record-numbers.js';
import { countRefused, RefusedRecords } from './refused-records.js';
import type { FileSink, OpenOptions, Sink } from './sink.js';
import type { SinkTarget } from './sink-target.js';
import { fittingSetting } from './topology-conflict.js';

/** In events: the connection at the start of a run, which is for all files. */
const ALL_FILES = 'all files';

/** Time between two checks of queues and bindings, in milliseconds. */
const TOPOLOGY_CHECK_MS = 500;

/** Time for the publisher to close its connection, after the wait for confirms, in milliseconds. */
const CLOSE_TIMEOUT_MS = 500;

/** Time to connect once more, to remove what only resuming needs, in milliseconds. */
const DISCARD_TIMEOUT_MS = 2_000;

export interface AmqpSinkOptions extends AmqpLayoutOptions {
  /** `amqp://` or `amqps://` URLs of the nodes of the broker. */
  readonly url: readonly string[];
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
  /** Time to wait for queues that are expected, before a file fails, in milliseconds. @default Infinity */
  readonly expectTimeoutMs?: number | undefined;
  /** Records with a larger message are refused without asking the broker, in bytes. @default the broker's limit */
  readonly maxMessageBytes?: number | undefined;
  /** Receives the publisher's events of each file. */
  readonly onEvent?: ((file: string, event: PublisherEvent) => void) | undefined;
}

/**
 * Publishes to RabbitMQ over one connection per file, as the contract with the consumers wants it
 * (docs/wire-contract.md). Records 1 to `confirmed` were acked and not returned, and a check after that found the queues
 * and bindings in place.
 */
export const createAmqpSink = (options: AmqpSinkOptions): Sink => {
  const layout = createAmqpLayout(options);
  const monitor = new DeliveryMonitor();
  const connection = { url: options.url, tls: options.tls, connectionName: 'discogs-extractor' } as const;

  /** Does `work` with the options of a connection for all files, which is shown while it is made. */
  const withConnectionForAll = <T>(
    signal: AbortSignal,
    attempts: number | undefined,
    work: (all: BrokerConnectionOptions) => Promise<T>,
  ): Promise<T> =>
    monitor.whileConnecting(() =>
      withLinkedAbort([signal], ({ signal: connecting }) =>
        work({
          ...connection,
          connectAttempts: attempts ?? Number.POSITIVE_INFINITY,
          signal: connecting,
          onEvent: (event) => options.onEvent?.(ALL_FILES, event),
        }),
      ).catch((error: unknown) => {
        throw withSettingNames(error, layout);
      }),
    );

  /** @param former - queues that the token may also stand for, since they were in the settings before */
  const discard = async (
    dataType: DataType,
    token: string,
    signal?: AbortSignal,
    former: readonly FormerQueue[] = [],
  ): Promise<void> => {
    const { exchange, queues } = layout.topologyOf(dataType);
    const present = new Set(queues.map(({ name }) => name));
    const routingKeys = [...new Set([layout.routingKeyOf(dataType), layout.deletedKeyOf(dataType)])];
    const absent = former.filter(({ name }) => !present.has(name)).map((queue) => ({ ...queue, routingKeys }));
    await discardContinuity({
      ...connection,
      token,
      exchange,
      queues: [...queues, ...absent],
      connectAttempts: 1,
      connectTimeoutMs: DISCARD_TIMEOUT_MS,
      signal,
    }).catch(() => {
      // docs/wire-contract.md says how to find and remove what stays.
    });
  };

  /** How queues lost what was delivered under a token; `undefined` if they did not. */
  const findLostContinuity = async (
    token: string | undefined,
    queues: readonly string[],
    attempts: number | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> => {
    try {
      await withConnectionForAll(signal, attempts, (all) =>
        assertContinuity({ ...all, token, queues, queueType: layout.queueType }),
      );
      return undefined;
    } catch (error) {
      if (error instanceof PublisherError && error.code === 'TOPOLOGY_LOST') return error.message;
      throw error;
    }
  };

  /** Sends `extraction_complete` to a type's exchange, over a connection that is shown like that of a file. */
  const announce = async (target: SinkTarget, message: Uint8Array, signal: AbortSignal): Promise<void> => {
    const { version, dataType, file } = target;
    const tracker = monitor.track(target);
    try {
      const publisher = await withLinkedAbort([signal], ({ signal: connecting }) =>
        createPublisher({
          ...connection,
          ...layout.topologyOf(dataType),
          expectTimeoutMs: options.expectTimeoutMs ?? Number.POSITIVE_INFINITY,
          properties: layout.properties,
          connectAttempts: options.connectAttempts ?? Number.POSITIVE_INFINITY,
          reconnectAttempts: options.reconnectAttempts ?? Number.POSITIVE_INFINITY,
          topologyCheckIntervalMs: TOPOLOGY_CHECK_MS,
          signal: connecting,
          onEvent: (event) => {
            tracker.onEvent(event);
            options.onEvent?.(file, event);
          },
        }),
      );
      tracker.attach(publisher);
      try {
        const messageId = `${version}:${dataType}:extraction_complete`;
        await publisher.publish({ routingKey: layout.routingKeyOf(dataType), body: message, messageId });
        tracker.sent(message.byteLength);
        await publisher.flush({ signal });
      } finally {
        await publisher.close({ timeoutMs: CLOSE_TIMEOUT_MS });
      }
    } catch (error) {
      throw withSettingNames(error, layout);
    } finally {
      tracker.end();
    }
  };

  return {
    name: 'amqp',
    destination: layout.destination,
    status: () => monitor.status(),
    identify: async ({ dataTypes, attempts = options.connectAttempts, signal }) => {
      const { clusterName, display, vhost } = await withConnectionForAll(signal, attempts, identifyBroker);
      const destinationOf = (type: DataType): Destination => ({
        sink: 'amqp',
        cluster: clusterName ?? display,
        addresses: amqpAddresses(options.url),
        vhost,
        exchange: layout.topologyOf(type).exchange.name,
        queues: layout.recordQueuesOf(type),
        ...(layout.partitions > 1 && { partitions: String(layout.partitions) }),
        contract: layout.contract,
      });
      return new Map(dataTypes.map((type) => [type, destinationOf(type)]));
    },
    prepare: async ({ dataTypes, signal }) => {
      await withConnectionForAll(signal, options.connectAttempts, async (all) => {
        // Only this contract has partitions.
        if (layout.contract === 'topic')
          await assertNoLeftovers(all, dataTypes.flatMap(layout.recordQueuesOf), layout.partitions);
        for (const topology of layout.declaredFor(dataTypes)) {
          const publisher = await createPublisher({ ...all, ...topology, topologyCheckIntervalMs: 0 });
          await publisher.close();
        }
      });
    },
    findAbsent: async ({ dataTypes, attempts = options.connectAttempts, signal }) => {
      const expected = dataTypes.flatMap((type) =>
        layout.topologyOf(type).queues.flatMap(({ name, expected = false }) => (expected ? [name] : [])),
      );
      if (expected.length === 0) return [];
      const { queues } = await withConnectionForAll(signal, attempts, (all) =>
        inspectQueues({ ...all, queues: expected }),
      );
      return expected.filter((name) => queues.get(name) === undefined);
    },
    open: async (target, opening) => {
      const { signal, resumeAfter } = opening;
      const { dataType } = target;
      const known = readCheckpoint(opening.checkpoint);
      let lastConfirmedAt: Date | undefined;
      const tracker = monitor.track(target);
      let refused: RefusedRecords | undefined;
      let numbers: RecordNumbers | undefined;
      const { onRefused } = opening;
      const connect = (continuity: ContinuityOptions): Promise<Publisher> =>
        withLinkedAbort([signal], ({ signal: connecting }) =>
          createPublisher({
            ...connection,
            ...layout.topologyOf(dataType),
            expectTimeoutMs: options.expectTimeoutMs ?? Number.POSITIVE_INFINITY,
            properties: layout.properties,
            maxInFlight: options.queueSize,
            maxMessageBytes: options.maxMessageBytes,
            onRefused:
              onRefused &&
              (({ sequence, body, error }) => {
                const after = sequence - numbers!.messages;
                if (after > 0) {
                  refused?.fail(withSizeSetting(error), after - 1);
                  return;
                }
                const recordNumber = numbers!.recordOf(sequence);
                refused?.add({ recordNumber, message: Uint8Array.from(body), error: ofRecord(error, recordNumber) });
              }),
            connectAttempts: options.connectAttempts ?? Number.POSITIVE_INFINITY,
            reconnectAttempts: options.reconnectAttempts ?? Number.POSITIVE_INFINITY,
            topologyCheckIntervalMs: TOPOLOGY_CHECK_MS,
            continuity,
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
        );
      /** Another token each time: the marker may still say that the records of an earlier one are there. */
      const start = async (): Promise<Publisher> => {
        if (known.token !== undefined) await discard(dataType, known.token, signal);
        return connect({ token: createToken(target), mode: 'start' });
      };
      let restartReason: string | undefined;
      let resumedAfter = resumeAfter;
      try {
        let publisher: Publisher;
        if (resumeAfter === 0) {
          publisher = await start();
        } else {
          publisher = await connect({ token: known.token, mode: 'resume' }).catch((error: unknown) => {
            if (!(error instanceof PublisherError) || error.code !== 'TOPOLOGY_LOST') throw error;
            restartReason = error.message;
            resumedAfter = 0;
            return start();
          });
        }
        tracker.attach(publisher);
        numbers = new RecordNumbers(resumedAfter);
        refused = new RefusedRecords(async (record) => onRefused?.(record), resumedAfter > 0 ? known.refused : 0);
        return fileSink(publisher, target, {
          ...opening,
          resumedAfter,
          refused,
          numbers,
          restartReason,
          missingBefore: resumedAfter > 0 ? known.missing : 0,
          queueSize: options.queueSize,
          routingKey: layout.routingKeyOf(dataType),
          deletedKey: layout.deletedKeyOf(dataType),
          hasDeletedQueues: layout.hasDeletedQueues,
          partitions: layout.partitions,
          queues: layout.queueNamesOf(dataType),
          lastConfirmedAt: () => lastConfirmedAt,
          onClosed: async () => {
            tracker.end();
            const { continuity: token, error } = publisher;
            // The file will begin again, with another token.
            if (token !== undefined && error && LOST_DELIVERY_CODES.includes(error.code))
              await discard(dataType, token);
          },
          tracker,
        });
      } catch (error) {
        tracker.end();
        throw withSettingNames(error, layout);
      }
    },
    completeDump: async (version, message, signal) => {
      const failures: unknown[] = [];
      // Each type is attempted, whatever becomes of the others: consumers wait for all of them.
      for (const dataType of DATA_TYPES) {
        try {
          await announce({ version, dataType, file: `extraction_complete of ${dataType}` }, message, signal);
        } catch (error) {
          signal.throwIfAborted();
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
    checkCompleted: async ({ dataType }, checkpoint, { attempts = options.connectAttempts, signal }) => {
      const { token } = readCheckpoint(checkpoint);
      return findLostContinuity(token, layout.queueNamesOf(dataType), attempts, signal);
    },
    findLoss: async ({ dataType }, proof, { attempts = options.connectAttempts, signal }) => {
      const { partitions = 1 } = proof;
      if (partitions !== layout.partitions) {
        return `The records were delivered to ${partitions} partitions of each queue, and now there are ${layout.partitions}.`;
      }
      const before = new Set(String(proof['queues']).split('\n'));
      const added = layout
        .recordQueuesOf(dataType)
        .filter((name) => partitionQueueNames(name, layout.partitions).some((each) => !before.has(each)));
      if (added.length > 0) return `Queue ${added.join(' and ')} did not exist when the records were delivered.`;
      const queues = layout.queueNamesOf(dataType).filter((name) => before.has(name));
      return findLostContinuity(String(proof['token']), queues, attempts, signal);
    },
    releasedCheckpoint: ({ token, ...rest }) => rest,
    release: async ({ dataType }, checkpoint, signal) => {
      const { token } = readCheckpoint(checkpoint);
      if (token !== undefined) await discard(dataType, token, signal, formerQueuesOf(checkpoint, layout.partitions));
    },
  };
};

type FormerQueue = Pick<QueueOptions, 'name' | 'partitions'>;

/**
 * The queues of a proof, some of which may be in the settings no more: their second bindings would fill them for ever.
 * Those with another number of partitions had to be deleted, and their bindings with them.
 */
const formerQueuesOf = (proof: Checkpoint | undefined, partitions: number): FormerQueue[] => {
  const { queues, partitions: count = 1 } = proof ?? {};
  if (typeof queues !== 'string' || count !== partitions) return [];
  const names = queues.split('\n');
  if (partitions === 1) return names.map((name) => ({ name }));
  // One partition stands for all of its queue.
  const first = '-0';
  return names
    .filter((name) => name.endsWith(first))
    .map((name) => ({ name: name.slice(0, -first.length), partitions }));
};

/**
 * What another number of partitions has left would take messages that no consumer expects there: all of them, of one
 * queue and several partitions side by side. Partitions of higher numbers only get `file_complete` and tombstones, but
 * may hold records of ids that are in another partition now, before which these have to be consumed. The first of them
 * stands for all: after it, there are none, unless it was deleted alone.
 *
 * @param queues - the names of the queues, without the numbers of partitions
 * @throws ExtractorError `TOPOLOGY_CONFLICT`
 */
const assertNoLeftovers = async (
  connection: BrokerConnectionOptions,
  queues: readonly string[],
  partitions: number,
): Promise<void> => {
  const findQueues = async (names: readonly string[]): Promise<string[]> => {
    const found = await inspectQueues({ ...connection, queues: names });
    return names.filter((name) => found.queues.get(name) !== undefined);
  };
  const conflict = (queue: string, problem: string, remedy: string): ExtractorError =>
    new ExtractorError(
      'TOPOLOGY_CONFLICT',
      `With AMQP_PARTITIONS=${partitions}, RabbitMQ would put messages into queues of another number of partitions ` +
        `too: ${problem}. Let consumers take what is in them, then ${remedy} (rabbitmqctl delete_queue NAME), or set ` +
        'AMQP_PARTITIONS back.',
      { facts: { queue } },
    );
  if (partitions > 1) {
    const leftovers = await findQueues(queues.flatMap((name) => [name, `${name}-${partitions}`]));
    const [first] = leftovers;
    if (first === undefined) return;
    throw conflict(first, leftovers.join(', '), 'delete them, and those of higher numbers');
  }
  const { exchanges } = await inspectQueues({ ...connection, queues: [], exchanges: queues });
  if (exchanges.size === 0) return;
  // An exchange of this name may be one of another program, as long as it has no partitions.
  const leftovers = await findQueues([...exchanges].map((name) => `${name}-0`));
  const [first] = leftovers;
  if (first === undefined) return;
  const names = leftovers.map((name) => name.slice(0, -'-0'.length)).join(', ');
  throw conflict(
    first,
    `${leftovers.join(', ')} and so on`,
    `delete the exchanges ${names} (in RabbitMQ's management page), and these queues`,
  );
};

/** The names of objects on the broker begin with it; see "Continuity" in the publisher's README. */
const createToken = ({ version, dataType }: SinkTarget): string =>
  `discogs-extractor.${version}.${dataType}.${randomBytes(6).toString('hex')}`;

/**
 * `token`: proves that the queues have the records; `missing`: of those, the queues are known to have lost so many;
 * `refused`: records that the broker did not take.
 */
const readCheckpoint = (
  checkpoint: Checkpoint | undefined,
): { token: string | undefined; missing: number; refused: number } => {
  const { token, missing } = checkpoint ?? {};
  return {
    token: typeof token === 'string' ? token : undefined,
    missing: typeof missing === 'number' ? missing : 0,
    refused: countRefused(checkpoint),
  };
};

interface FileSinkOptions extends OpenOptions, Pick<AmqpSinkOptions, 'queueSize'> {
  readonly resumedAfter: number;
  readonly restartReason: string | undefined;
  readonly routingKey: string;
  readonly deletedKey: string;
  readonly hasDeletedQueues: boolean;
  readonly partitions: number;
  /** The names of all its queues. */
  readonly queues: readonly string[];
  readonly refused: RefusedRecords;
  readonly numbers: RecordNumbers;
  /** Messages missing in earlier runs. */
  readonly missingBefore: number;
  readonly lastConfirmedAt: () => Date | undefined;
  readonly onClosed: () => Promise<void>;
  readonly tracker: DeliveryTracker;
}

const fileSink = (publisher: Publisher, { version, dataType }: SinkTarget, options: FileSinkOptions): FileSink => {
  const { resumedAfter, restartReason, refused, missingBefore, signal, save, queueSize, lastConfirmedAt, tracker } =
    options;
  const { routingKey, deletedKey, hasDeletedQueues, numbers, partitions } = options;
  /** Messages of records; tombstones and `file_complete` are messages too, but not records. */
  let messages = 0;
  let tombstonesSent = 0;
  /** Blocks whose bytes the publisher still needs, and the number of the last message of each. */
  const unconfirmed: { readonly last: number; readonly block: SinkBlock }[] = [];
  const releaseConfirmed = (): void => {
    while (unconfirmed[0] !== undefined && unconfirmed[0].last <= publisher.confirmed)
      unconfirmed.shift()!.block.release();
  };
  const yielder = new EventLoopYielder();
  const confirmed = (): number => refused.limit(numbers.doneAfter(Math.min(publisher.verified, messages)));
  let saved = resumedAfter;
  const limiter = createCheckpointLimiter({
    maxUnsaved: queueSize,
    isSaved: () => saved === numbers.last,
    flush: async (upTo) => {
      await publisher.flush({ upTo, signal });
      const { verified } = publisher;
      await refused.settle();
      return verified;
    },
    save: async () => {
      const record = confirmed();
      await save(record);
      saved = record;
    },
  });
  const missing = (): number => missingBefore + publisher.stats.missing;
  const checkpoint = (): Checkpoint => ({
    ...(publisher.continuity !== undefined && { token: publisher.continuity }),
    ...(missing() > 0 && { missing: missing() }),
    ...(refused.kept > 0 && { refused: refused.kept }),
  });
  let closing: Promise<void> | undefined;

  return {
    resumedAfter,
    restartReason,
    get checkpoint() {
      return checkpoint();
    },
    get missing() {
      return missing();
    },
    get proof() {
      const { continuity: token } = publisher;
      // No name of a queue has a line feed.
      if (token === undefined) return undefined;
      return { token, queues: options.queues.join('\n'), ...(partitions > 1 && { partitions }) };
    },
    get confirmed() {
      return confirmed();
    },
    get refused() {
      return refused.kept;
    },
    get deleted() {
      return refused.limitTombstones(Math.max(0, Math.min(publisher.verified - messages, tombstonesSent)));
    },
    get lastConfirmedAt() {
      return lastConfirmedAt();
    },
    write: async (block) => {
      releaseConfirmed();
      unconfirmed.push({ last: messages + block.count, block });
      for (const { number, id, sha256, message } of block) {
        signal.throwIfAborted();
        refused.throwIfFailed();
        numbers.sent(number);
        const windowOpen = publisher.publish({
          routingKey,
          body: message,
          messageId: messageIdOf(`${version}:${dataType}:`, id, `:${sha256}`),
          partitionKey: partitions > 1 ? id : undefined,
        });
        messages++;
        tracker.sent(message.byteLength);
        if (windowOpen) await abortable(windowOpen, signal);
        const belowLimit = limiter.messageSent();
        if (belowLimit) await abortable(belowLimit, signal);
        const yielded = yielder.maybeYield();
        if (yielded) await yielded;
      }
      numbers.reached(block.lastRecord);
    },
    flush: () => abortable(limiter.checkpoint(), signal),
    advance: () => abortable(limiter.advance(), signal),
    delete: async (tombstones) => {
      await abortable(limiter.checkpoint(), signal);
      for (const { id, message } of tombstones) {
        signal.throwIfAborted();
        const windowOpen = publisher.publish({
          routingKey: deletedKey,
          body: message,
          messageId: messageIdOf(`${version}:${dataType}:`, id, ':deleted'),
          mandatory: hasDeletedQueues,
        });
        tombstonesSent++;
        tracker.sent(message.byteLength);
        if (windowOpen) await abortable(windowOpen, signal);
      }
      await publisher.flush({ signal });
      refused.throwIfFailed();
    },
    complete: async (message) => {
      // All records are in the marker before `file_complete` is sent, so that none can be sent again after it.
      await abortable(limiter.checkpoint(), signal);
      const windowOpen = publisher.publish({
        routingKey,
        body: message,
        messageId: `${version}:${dataType}:file_complete`,
      });
      tracker.sent(message.byteLength);
      if (windowOpen) await abortable(windowOpen, signal);
      await publisher.flush({ signal });
      await refused.settle();
      return checkpoint();
    },
    close: ({ timeoutMs = 0 } = {}) => {
      closing ??= (async () => {
        if (timeoutMs > 0) {
          // `flush` ends with a check of the topology, without which the last confirmed messages would not count.
          await publisher.flush({ signal: AbortSignal.timeout(timeoutMs) }).catch(() => {
            // Unconfirmed records are not an error here: the next run sends them again.
          });
        }
        await publisher.close({ timeoutMs: CLOSE_TIMEOUT_MS });
        await refused.settle().catch(() => {
          // Records after the first that is not kept do not count as confirmed.
        });
        await options.onClosed();
      })();
      return closing;
    },
  };
};

const SIZE_SETTING = 'AMQP_MAX_MESSAGE_BYTES';
const TLS_SETTINGS = 'AMQP_CA_FILE, AMQP_CERT_FILE, AMQP_KEY_FILE and AMQP_SERVER_NAME';

/** The publisher counts the messages of this run. */
const ofRecord = ({ code, message, facts, cause }: PublisherError, recordNumber: number): PublisherError => {
  const text = message.replace(/^Message \d+/, `Record ${recordNumber}`);
  return withSizeSetting(new PublisherError(code, text, { facts, cause }));
};

const withSizeSetting = ({ code, message, facts, cause }: PublisherError): PublisherError =>
  new PublisherError(code, `${message} (the setting is ${SIZE_SETTING})`, { facts, cause });

/** Adds the names of the settings, which the publisher does not know. */
const withSettingNames = (error: unknown, { contract, settings }: AmqpLayout): unknown => {
  if (!(error instanceof PublisherError)) return error;
  const { code, message, facts } = error;
  if (code === 'TLS_FAILED') {
    return new PublisherError(code, `${message} (the settings are ${TLS_SETTINGS})`, { facts, cause: error.cause });
  }
  if (code === 'TOPOLOGY_MISSING') {
    const advice = `(the settings are ${settings}, and AMQP_EXPECT_SECONDS says how long to wait)`;
    return new PublisherError(code, `${message} ${advice}`, { facts, cause: error.cause });
  }
  if (code !== 'TOPOLOGY_CONFLICT') return error;
  const { exchange, queue } = facts;
  const fitting = contract === 'topic' ? fittingSetting(message) : undefined;
  const advice = fitting ? `; the existing queue needs ${fitting}` : ` (the settings are ${settings})`;
  return new ExtractorError(code, `${message}${advice}`, { facts: { exchange, queue }, cause: error });
};
