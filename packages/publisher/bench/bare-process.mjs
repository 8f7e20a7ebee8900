// The bare loop on amqplib that the publisher is measured against: a confirm channel, a fixed window, a counter. No
// reconnect, no watermark, no topology, no bound of bytes. `window` 1 waits for each confirm.
import { connect } from 'amqplib';

const { url, exchange, queues, count, bytes, mandatory, warmUp, window } = JSON.parse(process.argv[2]);
const body = Buffer.alloc(bytes, 'x');
const connection = await connect(url, { noDelay: true });
const channel = await connection.createConfirmChannel();
await channel.assertExchange(exchange, 'topic', { durable: true });
for (const { name, routingKeys } of queues) {
  await channel.assertQueue(name, { durable: true });
  for (const key of routingKeys) await channel.bindQueue(name, exchange, key);
}

let inFlight = 0;
let wake;
const settled = (error) => {
  if (error) throw error;
  inFlight--;
  if (wake && inFlight < window) {
    wake();
    wake = undefined;
  }
};
const publish = async (messages) => {
  for (let n = 1; n <= messages; n++) {
    inFlight++;
    channel.publish(
      exchange,
      'k',
      body,
      {
        contentType: 'application/json',
        contentEncoding: 'application/json',
        deliveryMode: 2,
        mandatory,
        messageId: `20260101:releases:${n}:0123456789abcdef`,
      },
      settled,
    );
    if (inFlight >= window) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  }
  await channel.waitForConfirms();
};
await publish(warmUp);
const cpu = process.cpuUsage();
const started = performance.now();
await publish(count);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpu);
await connection.close();
process.stdout.write(
  `${JSON.stringify({ rate: count / seconds, cpu: (user + system) / count, rss: process.resourceUsage().maxRSS / 1024 })}\n`,
);
