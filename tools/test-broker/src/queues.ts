import { randomBytes } from 'node:crypto';
import { type ChannelModel, connect, type MessageProperties } from 'amqplib';

/** A message as a consumer receives it. */
export interface DrainedMessage {
  readonly body: Buffer;
  readonly properties: MessageProperties;
  readonly exchange: string;
  readonly routingKey: string;
}

/** Opens a connection, passes it to `work` and closes it afterwards. */
export const withConnection = async <T>(url: string, work: (connection: ChannelModel) => Promise<T>): Promise<T> => {
  const connection = await connect(url);
  connection.on('error', () => {});
  try {
    return await work(connection);
  } finally {
    await connection.close().catch(() => {});
  }
};

/** Removes and returns all messages of a classic or quorum queue, in order. */
export const drainQueue = (url: string, queue: string): Promise<DrainedMessage[]> =>
  withConnection(url, async (connection) => {
    const channel = await connection.createChannel();
    const { messageCount } = await channel.checkQueue(queue);
    const messages: DrainedMessage[] = [];
    if (messageCount === 0) return messages;
    await channel.prefetch(2_000);
    await new Promise<void>((resolve, reject) => {
      channel.once('close', () => reject(new Error(`The channel closed while ${queue} was being drained`)));
      channel
        .consume(queue, (message) => {
          if (!message) return reject(new Error(`${queue} was deleted while it was being drained`));
          const { exchange, routingKey } = message.fields;
          messages.push({ body: message.content, properties: message.properties, exchange, routingKey });
          if (messages.length % 1_000 === 0 || messages.length >= messageCount) channel.ack(message, true);
          if (messages.length === messageCount) resolve();
        })
        .catch(reject);
    });
    await channel.close();
    return messages;
  });

/** Returns the number of messages that are ready in a queue. */
export const countMessages = (url: string, queue: string): Promise<number> =>
  withConnection(url, async (connection) => (await (await connection.createChannel()).checkQueue(queue)).messageCount);

export const deleteQueue = (url: string, queue: string): Promise<void> =>
  withConnection(url, async (connection) => {
    await (await connection.createChannel()).deleteQueue(queue);
  });

export const deleteExchange = (url: string, exchange: string): Promise<void> =>
  withConnection(url, async (connection) => {
    await (await connection.createChannel()).deleteExchange(exchange);
  });

export const purgeQueue = (url: string, queue: string): Promise<void> =>
  withConnection(url, async (connection) => {
    await (await connection.createChannel()).purgeQueue(queue);
  });

export const unbindQueue = (url: string, queue: string, exchange: string, routingKey: string): Promise<void> =>
  withConnection(url, async (connection) => {
    await (await connection.createChannel()).unbindQueue(queue, exchange, routingKey);
  });

export const bindQueue = (url: string, queue: string, exchange: string, routingKey: string): Promise<void> =>
  withConnection(url, async (connection) => {
    await (await connection.createChannel()).bindQueue(queue, exchange, routingKey);
  });

/** Names that no other test uses, which lets tests share a broker. */
export interface UniqueTopology {
  readonly exchange: string;
  readonly queue: (name: string) => string;
}

export const uniqueTopology = (prefix = 'test'): UniqueTopology => {
  const tag = `${prefix}-${randomBytes(6).toString('hex')}`;
  return { exchange: `${tag}-exchange`, queue: (name) => `${tag}-${name}` };
};
