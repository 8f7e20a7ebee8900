// Publishes the lines of any NDJSON file to RabbitMQ, each confirmed by the broker, with the publisher.
//
//   AMQP_CONNECTION=amqp://guest:guest@localhost:5672/ node publish-ndjson.js events.ndjson events
//
// The second argument names a topic exchange, and a queue bound to it that takes everything.
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { createPublisher } from '@discogs-extractor/publisher';

const [path, exchange] = process.argv.slice(2);
const url = process.env['AMQP_CONNECTION'];
if (path === undefined || exchange === undefined || url === undefined) {
  console.error('usage: AMQP_CONNECTION=amqp://… node publish-ndjson.js FILE EXCHANGE');
  process.exit(2);
}

// Ctrl-C: nothing new is sent, what was sent is waited for.
let stopped = false;
process.once('SIGINT', () => {
  stopped = true;
});

const publisher = await createPublisher({
  url,
  exchange,
  queues: [{ name: exchange, routingKeys: ['#'] }],
  properties: { contentType: 'application/json' },
  onEvent: (event) => {
    if (event.type === 'lost') console.error(`${event.error.message}; connecting again`);
  },
});

const file = await open(path);
let lines = 0;
try {
  for await (const line of file.readLines()) {
    if (stopped) break;
    lines++;
    if (line === '') continue;
    // The same id for the same line each time, so that consumers can tell what they know already.
    const wait = publisher.publish({
      routingKey: exchange,
      body: Buffer.from(line),
      messageId: `${basename(path)}:${lines}`,
    });
    if (wait) await wait;
  }
  await publisher.flush();
} finally {
  await file.close();
  const { unsettled } = await publisher.close();
  console.log(`${publisher.confirmed} messages of ${lines} lines are confirmed, ${unsettled.length} are not`);
}
