import { createHash } from 'node:crypto';
import type { ConfirmChannel } from 'amqplib';
import { PublisherError, type PublisherErrorFacts, type TopologyLossReason } from '../errors.js';
import { type Redact, redactedCause } from '../redact.js';
import { REPLY_CODE, replyCodeOf } from '../reply-code.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { witnessedNames } from '../resolved-topology.js';
import { MAX_SHORT_STRING_BYTES } from '../short-string.js';
import { deletePartitionExchanges, isBuiltIn, type Topology } from './declare-topology.js';
import { isQuorum, MAX_READINGS_WITHOUT_LEADER, READING_INTERVAL_MS } from './leader-wait.js';
import { isMissing } from './refusals.js';

/**
 * Declared with all three of them, an exchange exists for as long as its binding does: nobody can publish to it, it
 * survives a restart, and it ends when what it is bound to is deleted, even if that is declared again at once.
 */
const WITNESS = { durable: true, autoDelete: true, internal: true } as const;

/** The names of the objects of a token on the broker. */
const namesOf = (token: string) => ({
  /** An exchange that is bound to the publisher's exchange, and ends with it. */
  exchange: `${token}.exchange`,
  /** A queue with one message, and the exchange through which it came there. */
  receipt: `${token}.receipt`,
  /** An exchange that is bound to a queue, or to the exchange of its partitions, and ends with it. */
  witness: (queue: string): string => {
    const name = `${token}.queue.${queue}`;
    if (Buffer.byteLength(name) <= MAX_SHORT_STRING_BYTES) return name;
    return `${token}.queue.${createHash('sha256').update(queue).digest('hex')}`;
  },
});

/**
 * Exchange types that send a message to each queue with a matching binding, no matter how many of its bindings match.
 * Others may choose among bindings, so that another one changes what a queue gets.
 */
const TYPES_WITH_SECOND_BINDINGS: ReadonlySet<string> = new Set(['direct', 'fanout', 'headers', 'topic']);

/**
 * The argument that makes a second binding with the same key another binding. Exchanges of the type `headers` ignore
 * arguments that begin with `x-`.
 */
const SECOND_BINDING_ARGUMENT = 'x-continuity';

/** Removes everything that a token stands for. What is missing already is no error. */
export const deleteContinuity = async (channel: ConfirmChannel, token: string, topology: Topology): Promise<void> => {
  const names = namesOf(token);
  for (const name of witnessedNames(topology)) await channel.deleteExchange(names.witness(name));
  await channel.deleteExchange(names.exchange);
  await channel.deleteQueue(names.receipt);
  await channel.deleteExchange(names.receipt);
  // Last, since the broker refuses it for a queue whose node is down, or that the user may not write to.
  const args = { [SECOND_BINDING_ARGUMENT]: token };
  const source = topology.exchange.name;
  for (const { destination, isQueue, routingKey } of secondBindingsOf(topology)) {
    if (isQueue) await channel.unbindQueue(destination, source, routingKey, args);
    else await channel.unbindExchange(destination, source, routingKey, args);
  }
};

/** A binding that repeats one of the topology. */
interface SecondBinding {
  readonly destination: string;
  /** Whether the destination is a queue, and not the exchange of partitions. */
  readonly isQueue: boolean;
  readonly routingKey: string;
}

/**
 * The bindings that are declared twice. Those to the exchange of partitions are not: one that chooses a partition gives
 * the messages of a partition that is not bound to the others, and clients read the partitions of a super stream from
 * its bindings.
 */
const secondBindingsOf = ({ exchange, queues, partitions }: Topology): SecondBinding[] =>
  // Nothing can be bound to the default exchange, nor unbound from it.
  exchange.name === '' || !TYPES_WITH_SECOND_BINDINGS.has(exchange.type)
    ? []
    : [
        ...queues.map(({ name, routingKeys }) => ({ destination: name, isQueue: true, routingKeys })),
        ...(partitions?.exchanges ?? []).map(({ exchange: { name }, routingKeys }) => ({
          ...{ destination: name, isQueue: false, routingKeys },
        })),
      ].flatMap(({ routingKeys, ...each }) => routingKeys.map((routingKey) => ({ ...each, routingKey })));

/** The connection on which the objects are declared and read. */
export interface ContinuityConnection {
  readonly ended: boolean;
  request<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T>;
}

/** What {@link Continuity} needs of its publisher. */
export interface ContinuityOwner {
  /** Messages 1 to this one are safe. */
  readonly verified: number;
  readonly confirmed: number;
  onUnavailable(reason: Error): void;
}

/**
 * Proves over AMQP alone that exchange and queues are still those that an earlier connection, or an earlier process,
 * published to, and that their messages were not lost with the broker's data. AMQP shows neither when a queue was
 * declared nor what is bound to it, so objects of our own are witnesses:
 *
 * - One exchange per queue that is bound to the queue. RabbitMQ deletes it together with the queue.
 * - A second binding of each queue, which only differs in its arguments: if the queue's own binding is removed, nothing
 *   is lost. A queue takes a message only once, no matter how many of its bindings match. Another exchange in between
 *   would do the same, but costs the broker about 19 µs of processor time per message and queue (RabbitMQ 3.10).
 * - The same for the exchange of the partitions of a queue, but not for the partitions: a consistent-hash exchange gives
 *   the messages of one that is not bound to the others, and those of a super stream have another way, see
 *   {@link bindSuperStreamWitnesses}.
 * - One exchange that is bound to the publisher's exchange as its source, and deleted together with it.
 * - A queue with one message. A broker that was set up again from its definitions has all exchanges, queues and
 *   bindings, but no message.
 */
export class Continuity {
  readonly #options: ResolvedOptions;
  readonly #redact: Redact;
  readonly #owner: ContinuityOwner;
  readonly #names: ReturnType<typeof namesOf> | undefined;
  #isActive = false;
  /** A receipt that was purged or expired while connected proves nothing. */
  #isReceiptTrusted = true;
  /** From the deletion of the partitions' exchanges until they have their witnesses again, perhaps on another connection. */
  #arePartitionsReset = false;

  constructor(options: ResolvedOptions, redact: Redact, owner: ContinuityOwner) {
    this.#options = options;
    this.#redact = redact;
    this.#owner = owner;
    const { token, mode } = options.continuity ?? {};
    this.#names = token === undefined ? undefined : namesOf(token);
    this.#isActive = token !== undefined && mode === 'resume';
  }

  /** The token if its objects are on the broker. */
  get token(): string | undefined {
    return this.#isActive ? this.#options.continuity?.token : undefined;
  }

  /**
   * Whether a binding that is removed has no effect, since there is another one.
   */
  get hasSecondBindings(): boolean {
    return this.#isActive && secondBindingsOf(this.#options).length > 0;
  }

  /**
   * Before anything is declared on a new connection: whether everything is still what it was.
   * @throws PublisherError `TOPOLOGY_LOST`
   */
  async prove(connection: ContinuityConnection, { isFirst }: { readonly isFirst: boolean }): Promise<void> {
    if (isFirst && this.#options.continuity?.mode === 'resume') await this.#assertQueuesExist(connection);
    if (!this.#isActive) return;
    await this.#assertWitnessesExist(connection);
    // An exchange that was replaced is a loss only if messages were published to it since the last check.
    if (this.#owner.confirmed > this.#owner.verified) await this.#assertExchangeIsSame(connection);
    for (let reading = 1; this.#isReceiptTrusted; reading++) {
      const messages = await this.#readReceipt(connection);
      if (messages === 'unknown' || (messages !== 'missing' && messages > 0)) return;
      if (messages === 'missing' || !this.#isReceiptQuorum || reading === MAX_READINGS_WITHOUT_LEADER)
        throw this.lossOf({ reason: 'messages-lost' });
      await new Promise((resolve) => setTimeout(resolve, READING_INTERVAL_MS));
      if (connection.ended) throw new Error('Connection ended during setup');
    }
  }

  /**
   * After the proof, and before anything is declared: deletes the exchanges of partitions, to be declared as they were
   * at first. A sequence of messages has one publisher, so no other one needs them in the meantime.
   * @throws DeclarationError
   */
  async resetPartitions(connection: ContinuityConnection): Promise<void> {
    const { continuity, partitions } = this.#options;
    if (continuity === undefined || partitions?.kind !== 'hash') return;
    this.#arePartitionsReset = true;
    await connection.request((channel) => deletePartitionExchanges(channel, this.#options));
  }

  /** After exchange and queues were declared: declares the witnesses, or restores their bindings. */
  async declare(connection: ContinuityConnection): Promise<void> {
    await this.#declare(connection);
    this.#arePartitionsReset = false;
  }

  async #declare(connection: ContinuityConnection): Promise<void> {
    const { continuity } = this.#options;
    if (continuity?.token === undefined) return;
    if (this.#isActive) {
      await this.#restore(connection);
      return;
    }
    if (continuity.mode === 'resume') return;
    try {
      await connection.request((channel) => this.#create(channel));
      this.#isActive = true;
    } catch (error) {
      const replyCode = replyCodeOf(error);
      if (connection.ended || replyCode === undefined || TRANSIENT.has(replyCode)) throw error;
      await this.#giveUp(connection, continuity.token, error);
    }
  }

  /**
   * While publishing: whether exchange and queues are still the same, and whether the receipt can be trusted.
   * @param rebinds - whether to declare the second bindings again
   * @throws PublisherError `TOPOLOGY_LOST`
   */
  async check(connection: ContinuityConnection, { rebinds }: { readonly rebinds: boolean }): Promise<void> {
    if (!this.#isActive) return;
    await this.#assertExchangeIsSame(connection);
    await this.#assertWitnessesExist(connection);
    if (rebinds) await connection.request((channel) => this.#bindAgain(channel));
    if (!this.#isReceiptTrusted) return;
    const messages = await this.#readReceipt(connection);
    this.#isReceiptTrusted = messages !== 0 && messages !== 'missing';
  }

  /** The receipt is as available as the queues. */
  get #isReceiptQuorum(): boolean {
    const [first] = this.#options.queues;
    return first !== undefined && isQuorum(first);
  }

  async #create(channel: ConfirmChannel): Promise<void> {
    const names = this.#names!;
    const { exchange, queues } = this.#options;
    for (const queue of queues) {
      await channel.assertExchange(names.witness(queue.name), 'fanout', WITNESS);
      await channel.bindQueue(queue.name, names.witness(queue.name), '');
    }
    await createPartitionWitnesses(channel, names, this.#options);
    await this.#bindAgain(channel);
    await createExchangeWitness(channel, names, exchange.name);
    const type = this.#isReceiptQuorum ? 'quorum' : 'classic';
    const receiptOptions = { durable: true, arguments: { 'x-queue-type': type } };
    const { messageCount } = await channel.assertQueue(names.receipt, receiptOptions);
    await channel.assertExchange(names.receipt, 'fanout', { durable: true, autoDelete: true });
    await channel.bindQueue(names.receipt, names.receipt, '');
    if (messageCount === 0) channel.publish(names.receipt, '', Buffer.from(RECEIPT_TEXT), { persistent: true });
    await channel.waitForConfirms();
  }

  /** Declares the second bindings; one that exists already stays as it is. */
  async #bindAgain(channel: ConfirmChannel): Promise<void> {
    const args = { [SECOND_BINDING_ARGUMENT]: this.#options.continuity?.token };
    const source = this.#options.exchange.name;
    for (const { destination, isQueue, routingKey } of secondBindingsOf(this.#options)) {
      if (isQueue) await channel.bindQueue(destination, source, routingKey, args);
      else await channel.bindExchange(destination, source, routingKey, args);
    }
    await bindSuperStreamWitnesses(channel, this.#names!, this.#options);
  }

  /** Goes on without witnesses where the user may not declare them. */
  async #giveUp(connection: ContinuityConnection, token: string, error: unknown): Promise<void> {
    // Some of them may have been declared. What may not be deleted either has to stay.
    await connection.request((channel) => deleteContinuity(channel, token, this.#options)).catch(() => {});
    this.#owner.onUnavailable(redactedCause(this.#redact, error));
  }

  async #restore(connection: ContinuityConnection): Promise<void> {
    const names = this.#names!;
    await connection.request(async (channel) => {
      await createPartitionWitnesses(channel, names, this.#options);
      await this.#bindAgain(channel);
      await createExchangeWitness(channel, names, this.#options.exchange.name);
    });
  }

  async #assertQueuesExist(connection: ContinuityConnection): Promise<void> {
    for (const { name } of this.#options.queues) {
      await this.#expect(connection, { reason: 'queue-missing', queue: name }, (channel) => channel.checkQueue(name));
    }
  }

  async #assertWitnessesExist(connection: ContinuityConnection): Promise<void> {
    for (const { name } of this.#options.queues) {
      const witness = this.#names!.witness(name);
      await this.#expect(connection, { reason: 'queue-replaced', queue: name }, (channel) =>
        channel.checkExchange(witness),
      );
    }
  }

  async #assertExchangeIsSame(connection: ContinuityConnection): Promise<void> {
    const { exchange: own, partitions } = this.#options;
    // Nothing was sent since the publisher deleted them itself.
    const ofPartitions = this.#arePartitionsReset ? [] : (partitions?.exchanges ?? []);
    const witnesses = [
      ...(isBuiltIn(own.name) ? [] : [{ exchange: own.name, witness: this.#names!.exchange }]),
      ...ofPartitions.map(({ exchange: { name: exchange } }) => ({
        exchange,
        witness: this.#names!.witness(exchange),
      })),
    ];
    for (const { exchange, witness } of witnesses) {
      await this.#expect(connection, { reason: 'exchange-replaced', exchange }, (channel) =>
        channel.checkExchange(witness),
      );
    }
  }

  async #expect(
    connection: ContinuityConnection,
    facts: LossFacts,
    check: (channel: ConfirmChannel) => Promise<unknown>,
  ): Promise<void> {
    await connection.request(check).catch((error: unknown) => {
      throw isMissing(error) ? this.lossOf(facts, error) : error;
    });
  }

  /** Messages in the receipt queue; `unknown` if a client takes them, or while the node that holds it is down. */
  async #readReceipt(connection: ContinuityConnection): Promise<number | 'missing' | 'unknown'> {
    const name = this.#names!.receipt;
    try {
      const { messageCount, consumerCount } = await connection.request((channel) => channel.checkQueue(name));
      return consumerCount > 0 ? 'unknown' : messageCount;
    } catch (error) {
      if (replyCodeOf(error) !== REPLY_CODE.NOT_FOUND) throw error;
      return isMissing(error) ? 'missing' : 'unknown';
    }
  }

  /** The error for a loss. */
  lossOf(facts: LossFacts, cause?: unknown): PublisherError {
    const { address, exchange } = this.#options;
    const { verified } = this.#owner;
    const isAllLost = facts.reason !== 'exchange-replaced';
    const message = `${LOSSES[facts.reason](facts.queue, facts.exchange ?? exchange.name)} Publish again from message ${isAllLost ? 1 : verified + 1} on.`;
    return new PublisherError('TOPOLOGY_LOST', message, {
      facts: { broker: address.display, exchange: exchange.name, ...facts, verified },
      cause: cause === undefined ? undefined : redactedCause(this.#redact, cause),
    });
  }
}

type LossFacts = { readonly reason: TopologyLossReason } & Pick<PublisherErrorFacts, 'queue' | 'exchange'>;

const LOSSES: Readonly<Record<TopologyLossReason, (queue: string | undefined, exchange: string) => string>> = {
  'queue-missing': (queue) => `Queue ${queue} is gone, and with it the messages that were in it.`,
  'queue-replaced': (queue) => `Queue ${queue} was deleted and declared again: the messages that were in it are gone.`,
  'exchange-replaced': (_, exchange) =>
    `Exchange ${exchange} was deleted and declared again: messages that were confirmed in between reached no queue.`,
  'messages-lost': () =>
    'The broker has the queues but lost its messages: most likely it was set up again from its definitions.',
};

/** For people who find it. */
const RECEIPT_TEXT =
  'A publisher uses this message to notice that a broker lost its messages. It is not to be consumed; once its publisher will not resume, delete this queue.';

/** Reply codes after which the same request may succeed on another connection. */
const TRANSIENT: ReadonlySet<number> = new Set([
  REPLY_CODE.CONNECTION_FORCED,
  REPLY_CODE.INTERNAL_ERROR,
  REPLY_CODE.NOT_FOUND,
]);

/**
 * Of the partitions of a super stream: sends what its exchange gets for a partition through the partition's witness as
 * well. A second binding of the partition itself would be another partition for clients of streams.
 */
const bindSuperStreamWitnesses = async (
  channel: ConfirmChannel,
  names: ReturnType<typeof namesOf>,
  { queues, partitions }: Topology,
): Promise<void> => {
  if (partitions?.kind !== 'super-stream') return;
  for (const { name, partition } of queues) {
    if (partition) await channel.bindExchange(names.witness(name), partition.exchange, partition.routingKey);
  }
};

/** Declares the witnesses of the exchanges of partitions. */
const createPartitionWitnesses = async (
  channel: ConfirmChannel,
  names: ReturnType<typeof namesOf>,
  { partitions }: Topology,
): Promise<void> => {
  for (const { exchange } of partitions?.exchanges ?? []) {
    await channel.assertExchange(names.witness(exchange.name), 'fanout', WITNESS);
    await channel.bindExchange(exchange.name, names.witness(exchange.name), '');
  }
};

const createExchangeWitness = async (
  channel: ConfirmChannel,
  names: ReturnType<typeof namesOf>,
  exchange: string,
): Promise<void> => {
  if (isBuiltIn(exchange)) return;
  await channel.assertExchange(names.exchange, 'fanout', WITNESS);
  await channel.bindExchange(exchange, names.exchange, '');
};
