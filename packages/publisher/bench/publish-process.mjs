// Publishes as asked and prints what it cost as one line of JSON. A process of its own, on the built package, so that
// CPU time and memory are the publisher's alone.
import { createPublisher } from '../dist/index.js';

const { url, exchange, queues, count, bytes, mandatory, warmUp, options } = JSON.parse(process.argv[2]);
const body = Buffer.alloc(bytes, 'x');
const publisher = await createPublisher({
  url,
  exchange,
  queues,
  properties: { contentType: 'application/json', contentEncoding: 'application/json', mandatory },
  ...options,
});

const publish = async (messages) => {
  for (let n = 1; n <= messages; n++) {
    const wait = publisher.publish({ routingKey: 'k', body, messageId: `20260101:releases:${n}:0123456789abcdef` });
    if (wait) await wait;
  }
  await publisher.flush();
};
await publish(warmUp);
const cpu = process.cpuUsage();
const started = performance.now();
await publish(count);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpu);
await publisher.close();
process.stdout.write(
  `${JSON.stringify({ rate: count / seconds, cpu: (user + system) / count, rss: process.resourceUsage().maxRSS / 1024 })}\n`,
);
