// How fast the publisher is beside a bare loop on amqplib, on the same broker, in turns: `node bench/bench.mjs [rounds] [rows]`
// after a build, rows being some of rate,far,cpu,memory,back. The broker takes most of the machine, so only the ratios of one run mean something.
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deleteExchange, deleteQueue, startOwnBroker, uniqueTopology } from '@discogs-extractor/test-broker';
import { createPublisher } from '../dist/index.js';

const ROUNDS = Number(process.argv[2] ?? 3);
const ROWS = (process.argv[3] ?? 'rate,far,cpu,memory,back').split(',');
const WINDOWS = [1_000, 2_000, 5_000];
const run = promisify(execFile);
const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const round = (number, digits = 0) => Number(number.toFixed(digits)).toLocaleString('en');

const broker = await startOwnBroker();
const rows = [];
const row = (what, figure, target) => {
  rows.push([what, figure, target]);
  console.log(`${what}: ${figure}${target ? ` (target ${target})` : ''}`);
};

/** One process, one fresh topology. */
const measure = async (name, settings) => {
  const { exchange, queue } = uniqueTopology('bench');
  const queues = settings.bound === false ? [] : ['a', 'b'].map((it) => ({ name: queue(it), routingKeys: ['k'] }));
  const task = { url: broker.url, exchange, queues, mandatory: queues.length > 0, warmUp: 0, ...settings };
  const { stdout } = await run(process.execPath, [script(name), JSON.stringify(task)], { timeout: 300_000 });
  for (const { name: each } of queues) await deleteQueue(broker.url, each);
  await deleteExchange(broker.url, exchange);
  return JSON.parse(stdout);
};
const ours = (settings) => measure('publish-process.mjs', settings);
const bare = (window, settings) => measure('bare-process.mjs', { ...settings, window });

try {
  for (const bytes of ROWS.includes('rate') ? [300, 1_000, 4_500] : []) {
    // The engine compiles the hot paths first; a dump has millions of messages.
    const settings = { bytes, count: 30_000, warmUp: 10_000 };
    // Each bare run has one of ours beside it: what else the machine does weighs on both.
    const pairs = new Map(WINDOWS.map((window) => [window, []]));
    const single = [];
    await bare(2_000, settings); // the broker warms up
    for (let n = 0; n < ROUNDS; n++) {
      for (const window of WINDOWS) {
        const theirs = (await bare(window, settings)).rate;
        pairs.get(window).push({ theirs, ours: (await ours(settings)).rate });
      }
      single.push((await bare(1, { bytes, count: 1_000, warmUp: 100 })).rate);
    }
    const all = [...pairs.values()].flat().map((it) => it.ours);
    const [window, best] = [...pairs].sort(
      ([, a], [, b]) => median(b.map((it) => it.theirs)) - median(a.map((it) => it.theirs)),
    )[0];
    const ratios = best.map((it) => it.ours / it.theirs);
    row(
      `publisher ÷ bare loop, ${bytes} B`,
      `${median(ratios).toFixed(2)} (of ${ROUNDS} pairs ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; ` +
        `medians ${round(median(all))}/s, ${round(median(best.map((it) => it.theirs)))}/s with window ${window})`,
      '≥ 0.95',
    );
    row(
      `publisher ÷ one confirm at a time, ${bytes} B`,
      `${(median(all) / median(single)).toFixed(1)} (÷ ${round(median(single))}/s)`,
      '≥ 8',
    );
  }

  if (ROWS.includes('far')) {
    const proxy = spawn(process.execPath, [script('proxy-process.mjs'), broker.host, String(broker.port), '5']);
    const port = Number(await new Promise((resolve) => proxy.stdout.once('data', (line) => resolve(String(line)))));
    const far = { bytes: 1_000, url: broker.urlFor({ port }) };
    const [slow, fast] = [[], []];
    for (let n = 0; n < ROUNDS; n++) {
      slow.push((await bare(1, { ...far, count: 100 })).rate);
      fast.push((await ours({ ...far, count: 20_000, warmUp: 2_000 })).rate);
    }
    proxy.stdin.end();
    row(
      'publisher ÷ one confirm at a time, 5 ms each way, 1,000 B',
      `${(median(fast) / median(slow)).toFixed(0)} (${round(median(fast))}/s ÷ ${round(median(slow))}/s)`,
      '≥ 100',
    );
  }

  if (ROWS.includes('cpu')) {
    const [cpu, bareCpu] = [[], []];
    for (let n = 0; n < ROUNDS; n++) {
      const settings = { bytes: 1_000, count: 100_000, warmUp: 20_000, bound: false };
      cpu.push((await ours(settings)).cpu);
      bareCpu.push((await bare(2_000, settings)).cpu);
    }
    row(
      'client CPU per message, 1,000 B',
      `${median(cpu).toFixed(1)} µs (bare loop ${median(bareCpu).toFixed(1)} µs)`,
      '≤ 25 µs',
    );
  }

  if (ROWS.includes('memory')) {
    const rss = [];
    for (const bytes of [1_000, 4_500]) rss.push((await ours({ bytes, count: 40_000 })).rss);
    row('peak memory, 1,000 B and 4,500 B', rss.map((it) => `${round(it)} MB`).join(', '), '≤ 200 MB');
  }

  if (ROWS.includes('back')) {
    const back = [];
    for (let n = 0; n < ROUNDS; n++) {
      const { exchange, queue } = uniqueTopology('bench');
      const publisher = await createPublisher({
        url: broker.url,
        exchange,
        queues: [{ name: queue('a'), routingKeys: ['k'] }],
        backoff: { initial: 50, max: 50 },
      });
      let stop = false;
      const publishing = (async () => {
        while (!stop) {
          const wait = publisher.publish({ routingKey: 'k', body: Buffer.alloc(1_000) });
          if (wait) await wait;
          else await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      await broker.kill9();
      // Answers as soon as a first connection succeeds; the publisher's may even be earlier.
      await broker.start();
      const started = performance.now();
      const { republished } = publisher.stats;
      while (publisher.stats.republished === republished && republished === 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      back.push(performance.now() - started);
      stop = true;
      await publishing;
      await publisher.flush();
      await publisher.close();
      await deleteQueue(broker.url, queue('a'));
    }
    row('broker back to first re-published message', `${round(Math.max(...back))} ms at most of ${ROUNDS}`, '≤ 2 s');
  }
} finally {
  await broker.close();
}

console.log(`\n| what | measured | target |\n|---|---|---|`);
for (const [what, figure, target] of rows) console.log(`| ${what} | ${figure} | ${target} |`);
