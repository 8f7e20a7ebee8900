import { PublisherError, type PublisherErrorFacts } from '../errors.js';
import { type Redact, redactedCause } from '../redact.js';
import { REPLY_CODE, replyCodeOf } from '../reply-code.js';

/** The plug-ins that bring types of exchanges. */
const EXCHANGE_TYPE_PLUGINS: Readonly<Record<string, string>> = {
  'x-consistent-hash': 'rabbitmq_consistent_hash_exchange',
  'x-modulus-hash': 'rabbitmq_sharding',
  'x-random': 'rabbitmq_random_exchange',
  'x-recent-history': 'rabbitmq_recent_history_exchange',
  'x-delayed-message': 'rabbitmq_delayed_message_exchange',
};

/** What the broker's refusal of a declaration means; `undefined` if another attempt may succeed. */
export const explainDeclarationRefusal = (
  error: unknown,
  redact: Redact,
  facts: PublisherErrorFacts,
): PublisherError | undefined => {
  const replyCode = replyCodeOf(error);
  const cause = redactedCause(redact, error);
  const object = facts.queue === undefined ? `exchange ${facts.exchange}` : `queue ${facts.queue}`;
  const details = { facts: { ...facts, replyCode }, cause };
  const [, type = ''] = /(?:unknown|invalid) exchange type '([^']*)'/.exec(cause.message) ?? [];
  const plugin = EXCHANGE_TYPE_PLUGINS[type];
  if (plugin !== undefined) {
    return new PublisherError(
      'PLUGIN_MISSING',
      `The ${object} cannot be declared, since the broker does not know exchanges of type ${type}: enable the plug-in ${plugin} on every node of the broker (rabbitmq-plugins enable ${plugin})`,
      details,
    );
  }
  switch (replyCode) {
    case REPLY_CODE.ACCESS_REFUSED:
      return new PublisherError(
        'ACCESS_REFUSED',
        `The user may not declare or bind ${object}: grant configure, write and read permissions on it (rabbitmqctl set_permissions)`,
        details,
      );
    case REPLY_CODE.RESOURCE_LOCKED:
    case REPLY_CODE.PRECONDITION_FAILED:
    case REPLY_CODE.COMMAND_INVALID:
    case REPLY_CODE.NOT_IMPLEMENTED:
      return new PublisherError(
        'TOPOLOGY_CONFLICT',
        `The ${object} cannot be declared: it exists with other settings, or the broker does not know its type or one of its arguments. Delete it, or give the publisher the settings that it has. The broker said: ${cause.message}`,
        details,
      );
    case REPLY_CODE.NOT_FOUND:
      // Only the declaration of something that is expected can fail so, or of a binding to it.
      return isMissing(error)
        ? new PublisherError(
            'TOPOLOGY_MISSING',
            `The ${object} does not exist, and the publisher may only check it: start the program that declares it (expectTimeoutMs waits for that), or let the publisher declare it`,
            details,
          )
        : undefined;
    default:
      return undefined;
  }
};

/**
 * What RabbitMQ says (`rabbit_amqqueue:absent`) of a queue that exists, but that nothing can be done with: its node is
 * down, or its process has crashed, was stopped or does not respond.
 */
const ABSENT = /down or inaccessible|has crashed and failed to restart|is stopped by supervisor|failed to perform/;

/** Whether a declaration failed because the queue exists, but is on a node that is down, or the like. */
export const isUnavailable = (error: unknown): boolean =>
  replyCodeOf(error) === REPLY_CODE.NOT_FOUND && ABSENT.test(String((error as Error).message));

/** Whether a passive declaration failed because the exchange or queue does not exist. */
export const isMissing = (error: unknown): boolean =>
  replyCodeOf(error) === REPLY_CODE.NOT_FOUND && !isUnavailable(error);
