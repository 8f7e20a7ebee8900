// Compares the publisher with a bare loop on amqplib, alternating on the same broker. Run it after a build:
// `node bench/bench.mjs [--rounds N] [--rows rate,far,cpu,memory,back] [--bytes 300,1000,4500] [--json FILE]`.
// The broker takes most of the machine, so only the ratios within one run are meaningful.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startOwnBroker, startProxy } from '@discogs-extractor/test-broker';
import { createPublisher } from '../dist/index.js';
import { compareWithBareLoop, createReport, measure, median, show, withTopology } from './kit.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    rows: { type: 'string', default: 'rate,far,cpu,memory,back' },
    bytes: { type: 'string', default: '300,1000,4500' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const sizes = values.bytes.split(',').map(Number);
const wanted = values.rows.split(',');
const { row, end } = createReport(rounds);
const broker = await startOwnBroker();

const ours = (settings) => measure(broker, { ...settings, client: 'publisher' });
const oneAtATime = async (settings) => (await measure(broker, { ...settings, client: 'bare', window: 1 })).rate;

const rate = async () => {
  for (const bytes of sizes) {
    // A warm-up lets the engine compile the hot paths: a real run has millions of messages.
    const settings = { bytes, count: 30_000, warmUp: 10_000 };
    await measure(broker, { ...settings, client: 'bare', window: 2_000 }); // the broker warms up
    const single = [];
    const { ratio, cpuRatio, mine, text } = await compareWithBareLoop(broker, settings, rounds, () => ours(settings));
    for (let n = 0; n < rounds; n++) single.push(await oneAtATime({ bytes, count: 1_000, warmUp: 100 }));
    row(`publisher ÷ bare loop, ${bytes} B`, ratio, ['>=', 0.95], text);
    row(`processor time of the client ÷ that of the bare loop, ${bytes} B`, cpuRatio, ['<=', 1], show(cpuRatio, 2));
    const times = mine / median(single);
    row(
      `publisher ÷ one confirm at a time, ${bytes} B`,
      times,
      ['>=', 8],
      `${show(times, 1)} (÷ ${show(median(single))}/s)`,
    );
  }
};

const far = async () => {
  const script = fileURLToPath(new URL('proxy-process.mjs', import.meta.url));
  const proxy = spawn(process.execPath, [script, broker.host, String(broker.port), '5']);
  const port = Number(await new Promise((resolve) => proxy.stdout.once('data', (line) => resolve(String(line)))));
  const path = { bytes: 1_000, url: broker.urlFor({ port }) };
  const [slow, fast] = [[], []];
  for (let n = 0; n < rounds; n++) {
    slow.push(await oneAtATime({ ...path, count: 100 }));
    fast.push((await ours({ ...path, count: 20_000, warmUp: 2_000 })).rate);
  }
  proxy.stdin.end();
  const times = median(fast) / median(slow);
  row(
    'publisher ÷ one confirm at a time, 5 ms each way, 1,000 B',
    times,
    ['>=', 100],
    `${show(times)} (${show(median(fast))}/s ÷ ${show(median(slow))}/s)`,
  );
};

const cpu = async () => {
  const [mine, bare] = [[], []];
  for (let n = 0; n < rounds; n++) {
    const settings = { bytes: 1_000, count: 100_000, warmUp: 20_000, bound: false };
    mine.push((await ours(settings)).cpu);
    bare.push((await measure(broker, { ...settings, client: 'bare', window: 2_000 })).cpu);
  }
  const figure = `${show(median(mine), 1)} µs (bare loop ${show(median(bare), 1)} µs)`;
  row('client CPU per message, 1,000 B, no queues, µs', median(mine), ['<=', 25], figure);
};

const memory = async () => {
  for (const bytes of sizes) {
    const { rss } = await ours({ bytes, count: 40_000 });
    row(`peak memory of the process, ${bytes} B, MB`, rss, ['<=', 200], `${show(rss)} MB`);
  }
};

/** The proxy refuses connections until the broker is back, so that the moment is known. The backoff is short. */
const back = async () => {
  const times = [];
  const proxy = await startProxy(broker);
  for (let n = 0; n < rounds; n++) {
    await withTopology(broker, async (exchange, [queue]) => {
      const publisher = await createPublisher({
        url: broker.urlFor({ port: proxy.port }),
        exchange,
        queues: [{ name: queue, routingKeys: ['k'] }],
        backoff: { maxMs: 200 },
      });
      let stop = false;
      const publishing = (async () => {
        while (!stop) {
          const full = publisher.publish({ routingKey: 'k', body: Buffer.alloc(1_000) });
          if (full) await full;
          else await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      proxy.setRefusing(true);
      await broker.restart();
      proxy.setRefusing(false);
      const started = performance.now();
      while (publisher.stats.republished === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      times.push(performance.now() - started);
      stop = true;
      await publishing;
      await publisher.flush();
      await publisher.close();
    });
  }
  await proxy.close();
  const max = Math.max(...times);
  row('broker back to first re-published message, ms', max, ['<=', 2_000], `${show(max)} ms at most of ${rounds}`);
};

const rows = { rate, far, cpu, memory, back };
try {
  for (const name of wanted) {
    if (!rows[name]) throw new Error(`--rows must be some of ${Object.keys(rows).join(', ')}, got ${name}`);
    await rows[name]();
  }
} finally {
  await broker.close();
}
await end(values.json);
