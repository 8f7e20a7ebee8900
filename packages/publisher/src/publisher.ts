import type { PublisherError } from './errors.js';
import type { PublisherState } from './events.js';
import { MESSAGE_PROPERTY_NAMES, type MessageProperties } from './options.js';

/**
 * One message. The body is not copied: do not change it until it is confirmed. The other members replace the publisher's
 * for this message, `headers` as a whole. Members that are not named here are refused.
 */
export interface OutgoingMessage extends MessageProperties {
  /** At most 255 bytes. */
  routingKey: string;
  body: Uint8Array;
  /** The `message-id` property, at most 255 bytes. @default undefined */
  messageId?: string | undefined;
  /**
   * Chooses the partition in queues that have `partitions`: messages with the same key reach the same one. A message
   * without a key reaches all of them. Refused if no queue has partitions. @default undefined
   */
  partitionKey?: string | undefined;
  /**
   * Another exchange than the publisher's, which must exist: it is not declared, nor are its queues checked. @default
   * that of the publisher
   */
  exchange?: string | undefined;
}

/** The names of {@link OutgoingMessage}. */
export const MESSAGE_NAMES: Readonly<Record<keyof OutgoingMessage, true>> = {
  routingKey: true,
  body: true,
  messageId: true,
  partitionKey: true,
  exchange: true,
  ...MESSAGE_PROPERTY_NAMES,
};

/** Which broker a publisher is connected to. Contains no credentials. */
export interface BrokerIdentity {
  /** The URL of the broker, or of the node that answered, without credentials, such as `amqp://localhost:5672/%2F`. */
  readonly display: string;
  /** The virtual host. */
  readonly vhost: string;
  /**
   * The name of the cluster (`rabbitmqctl set_cluster_name`), which all of its nodes share. `undefined` if the broker
   * reports none.
   */
  readonly clusterName: string | undefined;
  /** The name of the server, such as `RabbitMQ`. */
  readonly product: string | undefined;
  /** The version of the server, such as `3.13.7`. */
  readonly version: string | undefined;
}

/** Counters since the publisher was created. */
export interface PublisherStats {
  /** Messages accepted by `publish`. */
  readonly published: number;
  /** Messages acked, and neither returned nor refused, in any order. For the contiguous count see {@link Publisher.confirmed}. */
  readonly acked: number;
  /** Messages accepted but not acked yet. */
  readonly unsettled: number;
  /** Bytes of the bodies past the watermark. */
  readonly windowBytes: number;
  readonly nacks: number;
  /** Messages that no queue took. */
  readonly returns: number;
  /** Messages that the broker does not take, see `onRefused`. */
  readonly refused: number;
  /** Connections made after the first. */
  readonly reconnects: number;
  /** Messages sent again after a lost connection or a nack. Each may be a duplicate. */
  readonly republished: number;
  /**
   * Messages that were confirmed for a queue without consumers and are not in it any more, as of the last check, all
   * queues together. They were taken without a subscription, purged, dropped or expired. What a queue with consumers
   * loses is not known.
   */
  readonly missing: number;
  /** Time under an alarm of the broker, in milliseconds, including the current one. */
  readonly blockedMs: number;
}

/** What {@link Publisher.flush} accepts. */
export interface FlushOptions {
  /**
   * The number of the last message to wait for; later ones stay in flight. With it, progress can be saved while messages
   * are published. @default that of the last message that was accepted
   */
  upTo?: number | undefined;
  /** Ends the wait, not the publisher. @default undefined */
  signal?: AbortSignal | undefined;
}

/** The names of {@link FlushOptions}. */
export const FLUSH_OPTION_NAMES: Readonly<Record<keyof FlushOptions, true>> = { upTo: true, signal: true };

/** The names of what {@link Publisher.publishAll} accepts. */
export const PUBLISH_ALL_OPTION_NAMES: Readonly<Record<'signal', true>> = { signal: true };

/** What {@link Publisher.close} accepts. */
export interface CloseOptions {
  /** How long to wait for outstanding confirms, in milliseconds; `Infinity` waits for all of them. @default 5_000 */
  timeoutMs?: number | undefined;
}

/** The names of {@link CloseOptions}. */
export const CLOSE_OPTION_NAMES: Readonly<Record<keyof CloseOptions, true>> = { timeoutMs: true };

/** What a publisher had achieved when it was closed. */
export interface CloseReport {
  /** Messages accepted. */
  readonly published: number;
  /** The watermark: the broker has messages 1 … `confirmed`. */
  readonly confirmed: number;
  /** Messages without a confirm, in order; empty after a clean run. The broker may have them nevertheless. */
  readonly unsettled: readonly UnsettledMessage[];
}

/** A message without a confirm. */
export interface UnsettledMessage {
  /** Number of the message, counted from 1. */
  readonly sequence: number;
  readonly routingKey: string;
  readonly messageId: string | undefined;
}

/** Publishes with a bounded window of confirms, reconnects, and accounts for every message. */
export interface Publisher extends AsyncDisposable {
  readonly state: PublisherState;
  /** The broker of the current connection, or of the last one. */
  readonly broker: BrokerIdentity;
  /**
   * The token of the option `continuity` if the objects that it stands for are on the broker. `undefined` without that
   * option, and if they could not be declared.
   */
  readonly continuity: string | undefined;
  /** Why the publisher failed, once it has. */
  readonly error: PublisherError | undefined;
  /** The number of the last message that was accepted: right after `publish`, that of its message. */
  readonly published: number;
  /**
   * The broker acked messages 1 … `confirmed`, and at least one queue took each, except for those that were handed to
   * `onReturned` or `onRefused`.
   */
  readonly confirmed: number;
  /**
   * Messages 1 … `verified` are confirmed, and a later check found that every queue and binding was still there: each
   * message reached all queues that it was meant for. Resume after this one.
   *
   * It trails {@link Publisher.confirmed} by at most `topologyCheckIntervalMs` while publishing, and equals it after
   * `flush`. Without checks (`topologyCheckIntervalMs: 0`) it is the same number.
   */
  readonly verified: number;
  readonly stats: PublisherStats;

  /**
   * Accepts a message. Returns `undefined` while the window has capacity, else a promise that resolves as soon as it
   * has again: await it before the next call. The message is accepted in either case.
   *
   * Once the publisher has failed or is closed, the promise rejects, and later calls return a rejected promise. A
   * rejection that you do not handle does not end the process: `flush` and {@link Publisher.error} report it too.
   * @throws PublisherError `INVALID_MESSAGE`, synchronously; the message is not accepted
   */
  publish(message: OutgoingMessage): Promise<void> | undefined;

  /**
   * Accepts a message like {@link Publisher.publish}, and resolves with its number once the broker has acked it. Rejects
   * if the message is returned or refused, or if the publisher ends before.
   *
   * Every call adds to the window: do not let more than `maxInFlight` of them wait at a time.
   * @throws PublisherError `INVALID_MESSAGE`, synchronously; the message is not accepted
   */
  publishConfirmed(message: OutgoingMessage): Promise<number>;

  /**
   * Publishes all messages of an iterable, as fast as the window allows, and resolves with their number once they are
   * confirmed and verified. After a failure the iterable is closed; the numbers in errors count from the publisher's
   * first message.
   * @throws PublisherError whatever `publish` and `flush` throw; errors of the iterable; the reason of `signal`
   */
  publishAll(
    messages: Iterable<OutgoingMessage> | AsyncIterable<OutgoingMessage>,
    options?: Pick<FlushOptions, 'signal'>,
  ): Promise<number>;

  /**
   * Resolves when every message accepted so far, or each one up to `upTo`, is confirmed and verified.
   * Rejects with the publisher's error, or with the reason of a signal.
   */
  flush(options?: FlushOptions): Promise<void>;

  /**
   * Waits for the outstanding confirms, closes the connection and reports what is unsettled. Never rejects.
   * Later calls return the report of the first one.
   * @throws PublisherError `INVALID_OPTIONS`, synchronously
   */
  close(options?: CloseOptions): Promise<CloseReport>;
}
