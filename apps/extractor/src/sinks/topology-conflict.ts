/** RabbitMQ's words about one argument or property of a queue: what was requested, and what the queue has. */
const MISMATCH =
  /inequivalent arg '([^']+)' for queue '[^']*' in vhost '[^']*': received .+? but current is (?:(none)|(?:the value )?'([^']*)'(?: of type '(\w+)')?)/;

const NUMBER_OR_BOOLEAN = /^(?:-?\d+|true|false)$/;

/**
 * Which settings fit the existing queue, as far as the broker's refusal says: it names one difference at a time.
 *
 * @returns such as `AMQP_QUEUE_TYPE=quorum`; `undefined` if no setting helps
 */
export const fittingSetting = (refusal: string): string | undefined => {
  const [, name, isAbsent, value = '', type = ''] = MISMATCH.exec(refusal) ?? [];
  if (name === undefined || !name.startsWith('x-')) return undefined;
  if (name === 'x-queue-type') return isAbsent ? 'no AMQP_QUEUE_TYPE' : `AMQP_QUEUE_TYPE=${value}`;
  // Partitions have it without being asked.
  if (isAbsent && name === 'x-queue-leader-locator') return `AMQP_QUEUE_ARGUMENTS with "${name}": ""`;
  if (isAbsent) return `AMQP_QUEUE_ARGUMENTS without "${name}"`;
  // Without a type, both values have the same one.
  const isText = type === 'longstr' || (type === '' && !NUMBER_OR_BOOLEAN.test(value));
  return `AMQP_QUEUE_ARGUMENTS with "${name}": ${isText ? JSON.stringify(value) : value}`;
};
