import { type Client, connect, Offset } from 'rabbitmq-stream-js-client';
import { Connection } from 'rabbitmq-stream-js-client/dist/connection.js';
import { ResponseDecoder } from 'rabbitmq-stream-js-client/dist/response_decoder.js';
import type { TestBroker } from './broker.js';
import { findFreePorts } from './ports.js';
import { until } from './until.js';

/**
 * Lets the client, which is made for RabbitMQ 3.11 and newer, speak with older brokers too:
 *
 * - It begins with the command "exchange command versions" (0x1b). A broker without it closes the connection.
 * - Before 3.11.1, responses to "route" and "partitions" lack the bit that marks a response
 *   (https://github.com/rabbitmq/rabbitmq-server/issues/5956).
 */
const acceptOldBrokers = (): void => {
  const { emitResponseReceived } = ResponseDecoder.prototype as unknown as {
    emitResponseReceived(response: { readonly key: number }): void;
  };
  Object.assign(Connection.prototype, { exchangeCommandVersions: async () => {} });
  Object.assign(ResponseDecoder.prototype, {
    emitResponseReceived(this: unknown, response: { readonly key: number }) {
      emitResponseReceived.call(this, { ...response, key: response.key | 0x80_00 });
    },
  });
};
let isPrepared = false;

/** A client of the stream protocol, which is not AMQP. */
export interface StreamClient extends AsyncDisposable {
  /** The partitions of a super stream, in their order. */
  partitionsOf(superStream: string): Promise<string[]>;
  /**
   * Reads every partition of a super stream from its beginning, in order of offsets, until `isAll` accepts its messages.
   */
  readSuperStream(
    superStream: string,
    isAll: (messages: readonly string[], partition: number) => boolean,
  ): Promise<string[][]>;
  /** The partitions to which the broker routes a key of a binding. */
  routesOf(superStream: string, routingKey: string): Promise<string[]>;
  /** Publishes keys as messages. The client hashes each key to find its partition. */
  publishKeys(superStream: string, keys: readonly string[]): Promise<void>;
}

/**
 * Starts the plug-in for clients of streams and exactly the other ones that are named, on a broker of the test's own,
 * and connects a client.
 */
export const connectStreamClient = async (
  broker: TestBroker,
  { vhost = '/', plugins = [] }: { readonly vhost?: string; readonly plugins?: readonly string[] } = {},
): Promise<StreamClient> => {
  if (!isPrepared) acceptOldBrokers();
  isPrepared = true;
  const [port] = (await findFreePorts(1)) as [number];
  await broker.evaluate(
    `application:load(rabbitmq_stream),
     application:set_env(rabbitmq_stream, tcp_listeners, [{"127.0.0.1", ${port}}]).`,
  );
  await broker.enablePlugins(...plugins, 'rabbitmq_stream');
  const client: Client = await connect({
    hostname: broker.host,
    port,
    username: 'guest',
    password: 'guest',
    vhost,
    // The broker advertises the name of its machine, on which it does not listen.
    addressResolver: { enabled: true, endpoint: { host: broker.host, port } },
  });
  const partitionsOf = (superStream: string): Promise<string[]> => client.queryPartitions({ superStream });
  return {
    partitionsOf,
    async readSuperStream(superStream, isAll) {
      const partitions: string[][] = [];
      // One by one: the client's own consumer of a super stream drops what arrives while it subscribes.
      for (const [index, stream] of (await partitionsOf(superStream)).entries()) {
        const messages: string[] = [];
        let isOrdered = true;
        const consumer = await client.declareConsumer({ stream, offset: Offset.first() }, ({ offset, content }) => {
          isOrdered &&= offset === BigInt(messages.length);
          messages.push(content.toString());
        });
        await until(() => isAll(messages, index));
        await consumer.close();
        if (!isOrdered) throw new Error(`The messages of ${stream} arrived out of order of their offsets`);
        partitions.push(messages);
      }
      return partitions;
    },
    routesOf: (superStream, routingKey) => client.routeQuery({ superStream, routingKey }),
    async publishKeys(superStream, keys) {
      const publisher = await client.declareSuperStreamPublisher({ superStream }, (content) => content);
      for (const key of keys) await publisher.send(Buffer.from(key), {});
      await publisher.close();
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
};
