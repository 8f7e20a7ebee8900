/**
 * What went wrong. Every code but `CONNECTION_LOST` is final: waiting does not help.
 *
 * - `INVALID_OPTIONS`: an option of `createPublisher`, `flush` or `close` is wrong or unknown
 * - `INVALID_URL`: the broker's URL cannot be read
 * - `INVALID_MESSAGE`: AMQP cannot carry the message (`routingKey`)
 * - `UNREACHABLE`: no connection within the allowed attempts (`broker`, `attempts`, `replyCode`, `nodes`)
 * - `CONNECTION_LOST`: of a publisher, reported by the event `lost` only, since it reconnects (the same facts)
 * - `BAD_CREDENTIALS`: the broker refused user and password (`broker`, `replyCode`)
 * - `VHOST_REFUSED`: the virtual host does not exist, or is closed to the user (`broker`)
 * - `ACCESS_REFUSED`: the user may not declare, bind or publish (`replyCode`, `exchange`, `queue`, `routingKey`)
 * - `TLS_FAILED`: a certificate was not accepted or cannot be used, or the port does not speak TLS (`broker`)
 * - `NOT_AMQP`: something else than an AMQP 0-9-1 broker answers, such as a web server (`broker`)
 * - `PLUGIN_MISSING`: an exchange has a type that a plug-in brings, and the broker does not have the plug-in (`exchange`,
 *   `replyCode`)
 * - `TOPOLOGY_CONFLICT`: an exchange or queue exists with other settings (`replyCode`, `exchange`, `queue`)
 * - `TOPOLOGY_MISSING`: a queue or its binding vanished while publishing (`queue`, `exchange`, `verified`), or what
 *   another program declares does not exist (`queue`, `exchange`)
 * - `TOPOLOGY_LOST`: an exchange or queue was deleted and declared again, or the broker lost its messages; reported with
 *   the option `continuity` only, except for messages lost with a connection (`reason`, `queue`, `exchange`, `verified`)
 * - `QUEUE_UNAVAILABLE`: a queue was on a node that was down, or did not respond, while messages were confirmed, which it
 *   may lack (`queue`, `exchange`, `verified`); it is there again
 * - `UNROUTABLE`: the broker returned a message that no queue took (`routingKey`, `sequence`, `messageId`, `verified`)
 * - `NACKED`: the broker refused one message again and again (`sequence`, `routingKey`, `messageId`, `attempts`)
 * - `MESSAGE_REFUSED`: the broker does not take a message, most likely because it is too large; every message before it
 *   is confirmed (`sequence`, `routingKey`, `messageId`, `exchange`, `bytes`, `maxBytes`, `replyCode`)
 * - `CLOSED`: `publish` or `flush` after `close`
 */
export type PublisherErrorCode =
  | 'INVALID_OPTIONS'
  | 'INVALID_URL'
  | 'INVALID_MESSAGE'
  | 'UNREACHABLE'
  | 'CONNECTION_LOST'
  | 'BAD_CREDENTIALS'
  | 'VHOST_REFUSED'
  | 'ACCESS_REFUSED'
  | 'TLS_FAILED'
  | 'NOT_AMQP'
  | 'PLUGIN_MISSING'
  | 'TOPOLOGY_CONFLICT'
  | 'TOPOLOGY_MISSING'
  | 'TOPOLOGY_LOST'
  | 'QUEUE_UNAVAILABLE'
  | 'UNROUTABLE'
  | 'NACKED'
  | 'MESSAGE_REFUSED'
  | 'CLOSED';

/**
 * What was lost.
 *
 * - `queue-missing`: a queue that an earlier publisher filled does not exist
 * - `queue-replaced`: a queue was deleted and declared again
 * - `exchange-replaced`: the exchange was deleted and declared again while messages were published to it
 * - `messages-lost`: the broker has the queues, but lost messages that it had confirmed
 */
export type TopologyLossReason = 'queue-missing' | 'queue-replaced' | 'exchange-replaced' | 'messages-lost';

/** Why a node of the broker was of no use when it was last tried. */
export interface NodeFailureFacts {
  /** The node without credentials, such as `amqp://localhost:5672/%2F`. */
  readonly broker: string;
  readonly code: PublisherErrorCode;
  readonly message: string;
}

/** Facts of a {@link PublisherError}. Which of them are set depends on the code. */
export interface PublisherErrorFacts {
  /** The broker without credentials, such as `amqp://localhost:5672/`. */
  readonly broker?: string | undefined;
  /** If `url` names several nodes and none can be used: each of them, in the order of the last attempts. */
  readonly nodes?: readonly NodeFailureFacts[] | undefined;
  /** The AMQP reply code, such as 406. */
  readonly replyCode?: number | undefined;
  readonly exchange?: string | undefined;
  readonly queue?: string | undefined;
  readonly routingKey?: string | undefined;
  readonly messageId?: string | undefined;
  /** Number of the message, counted from 1. */
  readonly sequence?: number | undefined;
  /** Bytes of the body of a message. */
  readonly bytes?: number | undefined;
  /** The most that the broker takes, if it says so. */
  readonly maxBytes?: number | undefined;
  /** Attempts made, or refusals in a row. */
  readonly attempts?: number | undefined;
  /**
   * Publish again from the message after this one: {@link Publisher.verified} at the time of the error, or fewer if a
   * queue was found later to lack some of those.
   */
  readonly verified?: number | undefined;
  readonly reason?: TopologyLossReason | undefined;
  /** Messages that `queue` is known to lack; there may be more. */
  readonly lost?: number | undefined;
}

/** The only class of error that this package throws. `cause` holds the original error, with credentials removed. */
export class PublisherError extends Error {
  override readonly name = 'PublisherError';
  readonly code: PublisherErrorCode;
  readonly facts: PublisherErrorFacts;

  constructor(
    code: PublisherErrorCode,
    message: string,
    { facts = {}, cause }: { readonly facts?: PublisherErrorFacts | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}
