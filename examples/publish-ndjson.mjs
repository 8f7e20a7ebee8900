// Publishes the lines of any NDJSON file to RabbitMQ with the publisher. The broker confirms each line.
//
//   AMQP_CONNECTION=amqp://guest:guest@localhost:5672/ node publish-ndjson.mjs events.ndjson events
//
// The second argument names a topic exchange, and a queue that is bound to it and receives everything.
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { createPublisher } from '@discogs-extractor/publisher';

const [path, exchange] = process.argv.slice(2);
const url = process.env['AMQP_CONNECTION'];
if (path === undefined || exchange === undefined || url === undefined) {
  console.error('Usage: AMQP_CONNECTION=amqp://… node publish-ndjson.mjs FILE EXCHANGE');
  process.exit(2);
}

// After Ctrl-C nothing more is sent, and the program waits until what was sent is confirmed.
let isStopped = false;
process.once('SIGINT', () => {
  isStopped = true;
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
    if (isStopped) break;
    lines++;
    if (line === '') continue;
    // A line has the same id in each run, so that consumers can recognise duplicates.
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
