/** An exchange with every default filled in. */
export interface ResolvedExchange {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Another program declares it. */
  readonly isExpected: boolean;
}

/** A queue with every default filled in; `arguments` include its type and where its dead letters go. */
export interface ResolvedQueue {
  readonly name: string;
  readonly routingKeys: readonly string[];
  readonly durable: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly deadLetter: { readonly exchange: ResolvedExchange; readonly queue: ResolvedQueue } | undefined;
  /** Of a queue that is one of the partitions of another. `routingKeys` are then those of messages to all of them. */
  readonly partition: PartitionBinding | undefined;
  /** Another program declares it. */
  readonly isExpected: boolean;
}

/**
 * How the broker chooses among the partitions.
 *
 * - `hash`: the exchange is a consistent-hash exchange, which hashes a header with the key of the message
 * - `super-stream`: the exchange is a direct one, and the publisher hashes the key, as clients of streams do
 */
export type PartitionKind = 'hash' | 'super-stream';

/** The exchange that distributes messages over the partitions of a queue. It has the name of the queue. */
export interface PartitionExchange {
  readonly exchange: ResolvedExchange;
  /** Its bindings to the exchange of the publisher: those of the queue. */
  readonly routingKeys: readonly string[];
}

/** The partitions of a publisher's queues. */
export interface ResolvedPartitions {
  readonly kind: PartitionKind;
  /** Partitions of each queue that has any. */
  readonly count: number;
  readonly exchanges: readonly PartitionExchange[];
}

/** How a partition is bound to its exchange. */
export interface PartitionBinding {
  readonly exchange: string;
  readonly routingKey: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The names of the queues, and of the exchanges of partitions: what a publisher proves to be the same. */
export const witnessedNames = (topology: {
  readonly queues: readonly ResolvedQueue[];
  readonly partitions: ResolvedPartitions | undefined;
}): string[] => [
  ...topology.queues.map(({ name }) => name),
  ...(topology.partitions?.exchanges ?? []).map(({ exchange }) => exchange.name),
];
