// Publishes messages and prints rate, processor time and memory as one line of JSON: `node publish-process.mjs TASK`.
// It is a process of its own, so that processor time and memory are the client's alone.
//
// Clients: `publisher`, the built package; `bare`, a loop on amqplib with a confirm channel, a fixed window and a
// counter, but no reconnect, watermark, topology or limit of bytes. With `window` 1 it waits for each confirm. Only the
// bare loop takes `exchangeType`, `queueArguments` and `keys`.
import { connect } from 'amqplib';
import { createPublisher } from '../dist/index.js';

const { client, url, exchange, queues, count, bytes, mandatory, warmUp, window, ...topology } = JSON.parse(
  process.argv[2],
);
/** The routing keys of the messages, in turns. */
const keys = topology.keys ?? ['k'];
const { exchangeType = 'topic', queueArguments = {} } = topology;
const body = Buffer.alloc(bytes, 'x');
const properties = {
  contentType: 'application/json',
  contentEncoding: 'application/json',
  deliveryMode: 2,
  mandatory,
};

/** Both clients have the same interface: `publish` returns a promise if the caller has to wait. */
const clients = {
  publisher: async () => {
    const publisher = await createPublisher({ url, exchange, queues, properties });
    return {
      publish: (messageId) => publisher.publish({ routingKey: 'k', body, messageId }),
      settle: () => publisher.flush(),
      close: () => publisher.close(),
    };
  },
  bare: async () => {
    const connection = await connect(url, { noDelay: true });
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange(exchange, exchangeType, { durable: true });
    for (const { name, routingKeys } of queues) {
      await channel.assertQueue(name, { durable: true, arguments: queueArguments });
      for (const key of routingKeys) await channel.bindQueue(name, exchange, key);
    }
    let inFlight = 0;
    let published = 0;
    let wake;
    const settled = (error) => {
      if (error) throw error;
      inFlight--;
      if (wake && inFlight < window) {
        wake();
        wake = undefined;
      }
    };
    return {
      publish: (messageId) => {
        inFlight++;
        channel.publish(exchange, keys[published++ % keys.length], body, { ...properties, messageId }, settled);
        if (inFlight < window) return undefined;
        return new Promise((resolve) => {
          wake = resolve;
        });
      },
      settle: () => channel.waitForConfirms(),
      close: () => connection.close(),
    };
  },
};

const { publish, settle, close } = await clients[client]();
const publishAll = async (messages) => {
  for (let n = 1; n <= messages; n++) {
    const full = publish(`20260101:releases:${n}:0123456789abcdef`);
    if (full) await full;
  }
  await settle();
};
await publishAll(warmUp);
const cpu = process.cpuUsage();
const started = performance.now();
await publishAll(count);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpu);
await close();
process.stdout.write(
  `${JSON.stringify({ rate: count / seconds, cpu: (user + system) / count, rss: process.resourceUsage().maxRSS / 1024 })}\n`,
);
