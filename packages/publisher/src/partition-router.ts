import { PublisherError } from './errors.js';
import type { OwnProperties, ResolvedProperties } from './message-properties.js';
import { additionalKeys, BLIND_COPY_HEADER, PARTITION_HEADER } from './partitions.js';
import type { ResolvedPartitions } from './resolved-topology.js';
import { encodeProperties } from './wire/properties-encoder.js';

/** Partitions are few, and so are the routing keys of messages for all of them. */
const MAX_CACHED = 1_000;

/** Gives messages the properties by which they reach their partitions. */
export class PartitionRouter {
  readonly #partitions: ResolvedPartitions;
  readonly #defaults: ResolvedProperties;
  /** Those of messages without properties of their own, by the keys that they are routed by. */
  readonly #cache = new Map<string, OwnProperties>();

  constructor(partitions: ResolvedPartitions, defaults: ResolvedProperties) {
    this.#partitions = partitions;
    this.#defaults = defaults;
  }

  /**
   * The properties that a message is sent with; of a consistent-hash exchange, in addition to the header with its key.
   *
   * @param own - those it would be sent with if there were no partitions
   * @throws PublisherError `INVALID_MESSAGE`
   */
  propertiesOf(
    routingKey: string,
    partitionKey: string | undefined,
    own: OwnProperties | undefined,
  ): OwnProperties | undefined {
    if (own?.exchange !== undefined) {
      if (partitionKey !== undefined)
        throw refused('exchange of a message with a partitionKey must be absent', routingKey);
      return own;
    }
    if (own?.properties.headers !== undefined && PARTITION_HEADER in own.properties.headers) {
      throw refused(`headers.${PARTITION_HEADER} of a message must be absent: it holds the partitionKey`, routingKey);
    }
    const keys = additionalKeys(this.#partitions, routingKey, partitionKey);
    if (keys === undefined) return own;
    if (own) return withKeys(own.properties, keys);
    const name = keys.join();
    let cached = this.#cache.get(name);
    if (cached === undefined) {
      if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
      cached = withKeys(this.#defaults, keys);
      this.#cache.set(name, cached);
    }
    return cached;
  }
}

const withKeys = (given: ResolvedProperties, keys: readonly string[]): OwnProperties => {
  const before: unknown = given.headers?.[BLIND_COPY_HEADER];
  const copies = [...(Array.isArray(before) ? before : []), ...keys];
  const properties = { ...given, headers: { ...given.headers, [BLIND_COPY_HEADER]: copies } };
  return { exchange: undefined, properties, encoded: encodeProperties(properties) };
};

const refused = (problem: string, routingKey: string): PublisherError =>
  new PublisherError('INVALID_MESSAGE', `The ${problem}`, { facts: { routingKey } });
