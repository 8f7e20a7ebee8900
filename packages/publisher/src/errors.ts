/**
 * What can go wrong for good.
 *
 * - `INVALID_OPTIONS`, `INVALID_URL`, `INVALID_MESSAGE`: the caller's mistake
 * - `UNREACHABLE`: no connection within the allowed attempts
 * - `CONNECTION_LOST`: told by events only, since the publisher reconnects
 * - `BAD_CREDENTIALS`, `VHOST_REFUSED`, `ACCESS_REFUSED`: the broker knows us, but not like this
 * - `TLS_FAILED`: the broker's certificate is not accepted, or it speaks no TLS on this port
 * - `TOPOLOGY_CONFLICT`: an exchange or queue exists with other settings (`PRECONDITION_FAILED`)
 * - `TOPOLOGY_MISSING`: a queue, binding or exchange vanished while publishing
 * - `UNROUTABLE`: the broker returned a message, no queue took it
 * - `NACKED`: the broker refused a message again and again
 * - `MESSAGE_REFUSED`: the broker closed the channel because of a message (too large, for example)
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
  | 'TOPOLOGY_CONFLICT'
  | 'TOPOLOGY_MISSING'
  | 'UNROUTABLE'
  | 'NACKED'
  | 'MESSAGE_REFUSED'
  | 'CLOSED';

/** Facts of a {@link PublisherError}; which are there depends on the code. */
export interface PublisherErrorFacts {
  /** The broker without credentials, such as `amqp://localhost:5672/`. */
  readonly broker?: string;
  /** The AMQP reply code, such as 406. */
  readonly replyCode?: number;
  readonly exchange?: string;
  readonly queue?: string;
  readonly routingKey?: string;
  readonly messageId?: string;
  /** Number of the message, counted from 1. */
  readonly sequence?: number;
  readonly attempts?: number;
  /**
   * With `TOPOLOGY_MISSING` and `UNROUTABLE`: the watermark as of the last look that found the topology whole. Later
   * messages may be missing in one of the queues, though confirmed: resume after this one.
   */
  readonly verified?: number;
}

/** The one class of error this package throws. `cause` holds the original, with credentials removed. */
export class PublisherError extends Error {
  override readonly name = 'PublisherError';
  readonly code: PublisherErrorCode;
  readonly facts: PublisherErrorFacts;

  constructor(code: PublisherErrorCode, message: string, facts: PublisherErrorFacts = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}
