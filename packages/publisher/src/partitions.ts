import { createHash } from 'node:crypto';
import type { OptionChecks } from '@discogs-extractor/internal/option-checks';
import { partitionQueueNames } from '@discogs-extractor/internal/partition-queues';
import { shortString } from './message-properties.js';
import { murmur3 } from './murmur3.js';
import type {
  PartitionBinding,
  PartitionExchange,
  PartitionKind,
  ResolvedExchange,
  ResolvedPartitions,
  ResolvedQueue,
} from './resolved-topology.js';
import { MAX_SHORT_STRING_BYTES } from './short-string.js';

/** The header that a consistent-hash exchange hashes. */
export const PARTITION_HEADER = 'partition-key';

/** The keys of messages for all partitions begin with it. */
const ALL_PARTITIONS_PREFIX = 'every-partition.';

/** RabbitMQ routes a message by the keys in this header too, and removes it. */
export const BLIND_COPY_HEADER = 'BCC';

/** The argument that says on which node the leader of a new queue is; empty for partitions without it. */
const LEADER_LOCATOR = 'x-queue-leader-locator';

/** The seed that RabbitMQ's clients of super streams use. */
const SUPER_STREAM_SEED = 104_729;

/**
 * The exchange and the queues that a queue with partitions stands for.
 *
 * @param queue - the queue, as it would be without partitions
 */
export const partitionQueue = (
  checks: OptionChecks,
  path: string,
  queue: ResolvedQueue,
  count: number,
): { readonly kind: PartitionKind; readonly exchange: PartitionExchange; readonly queues: ResolvedQueue[] } => {
  const { name, routingKeys } = queue;
  const type = queue.arguments['x-queue-type'];
  const kind = type === 'stream' ? 'super-stream' : 'hash';
  const names = partitionQueueNames(shortString(checks, `${path}.name`, name), count);
  shortString(checks, `${path}.name`, names.at(-1));
  // Otherwise all leaders may be on one node. Classic queues do not have the argument in every version.
  const isReplicated = type === 'quorum' || type === 'stream';
  const { [LEADER_LOCATOR]: locator = isReplicated ? 'balanced' : '', ...others } = queue.arguments;
  const args = { ...(locator !== '' && { [LEADER_LOCATOR]: locator }), ...others };
  const bindingOf = (index: number): PartitionBinding =>
    kind === 'hash'
      ? { exchange: name, routingKey: '1', arguments: {} }
      : {
          exchange: name,
          routingKey: `${index}`,
          arguments: { 'x-stream-partition-order': { '!': 'int64', value: index } },
        };
  const allKeys = routingKeys.map((key, at) =>
    shortString(checks, `${path}.routingKeys[${at}]`, ALL_PARTITIONS_PREFIX + key),
  );
  const queues = names.map((each, index) => ({
    ...queue,
    name: each,
    arguments: args,
    routingKeys: kind === 'hash' ? allKeys : [],
    partition: bindingOf(index),
  }));
  const exchange: ResolvedExchange = {
    name,
    type: kind === 'hash' ? 'x-consistent-hash' : 'direct',
    durable: queue.durable,
    autoDelete: false,
    arguments: kind === 'hash' ? { 'hash-header': PARTITION_HEADER } : { 'x-super-stream': true },
    isExpected: false,
  };
  return { kind, exchange: { exchange, routingKeys }, queues };
};

/** What the header holds for a key: a long one is replaced by its hash. */
export const headerKeyOf = (key: string): string =>
  3 * key.length <= MAX_SHORT_STRING_BYTES || Buffer.byteLength(key) <= MAX_SHORT_STRING_BYTES
    ? key
    : createHash('sha256').update(key).digest('hex');

/** The partition of a super stream that a key belongs to. */
export const superStreamPartitionOf = (key: string, count: number): number =>
  murmur3(Buffer.from(key), SUPER_STREAM_SEED) % count;

/**
 * The keys that a message is to be routed by in addition to its routing key; `undefined` for none.
 *
 * @param partitionKey - `undefined` for a message to all partitions
 */
export const additionalKeys = (
  { kind, count }: ResolvedPartitions,
  routingKey: string,
  partitionKey: string | undefined,
): readonly string[] | undefined => {
  if (partitionKey === undefined) {
    return kind === 'hash'
      ? [ALL_PARTITIONS_PREFIX + routingKey]
      : Array.from({ length: count }, (_, index) => `${index}`);
  }
  return kind === 'hash' ? undefined : [`${superStreamPartitionOf(partitionKey, count)}`];
};
