// What benchmarks on a broker share: one measurement as a process on a topology of its own, medians, and the table at the end.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deleteExchange, deleteQueue, uniqueTopology } from '@discogs-extractor/test-broker';

const run = promisify(execFile);
const PUBLISH = fileURLToPath(new URL('publish-process.mjs', import.meta.url));

/** Fixed windows of which the bare loop gets the best. */
export const WINDOWS = [1_000, 2_000, 5_000];

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
export const show = (number, digits = 0) => Number(number.toFixed(digits)).toLocaleString('en');

/** Runs `work` with the names of an exchange and of queues, two unless told otherwise, that are gone afterwards. */
export const withTopology = async (broker, work, endings = ['a', 'b']) => {
  const { exchange, queue } = uniqueTopology('bench');
  const names = endings.map(queue);
  try {
    return await work(exchange, names);
  } finally {
    for (const name of names) await deleteQueue(broker.url, name);
    await deleteExchange(broker.url, exchange);
  }
};

/** One process that publishes; see `publish-process.mjs`. `bound: false` leaves the exchange without queues. */
export const measure = (broker, { bound = true, ...settings }) =>
  withTopology(broker, async (exchange, names) => {
    const queues = bound ? names.map((name) => ({ name, routingKeys: ['k'] })) : [];
    const task = { url: broker.url, exchange, queues, mandatory: bound, warmUp: 0, ...settings };
    const { stdout } = await run(process.execPath, [PUBLISH, JSON.stringify(task)], { timeout: 300_000 });
    return JSON.parse(stdout);
  });

/**
 * Runs `ours`, which answers a `rate` and perhaps the `cpu` time of a message, beside the bare loop with each window, in turns, since
 * what else the machine does weighs on both; answers the pairs of the window that the bare loop is fastest with.
 */
export const besideBareLoop = async (broker, settings, rounds, ours) => {
  const pairs = new Map(WINDOWS.map((window) => [window, []]));
  for (let round = 0; round < rounds; round++) {
    for (const window of WINDOWS) {
      const bare = () => measure(broker, { ...settings, client: 'bare', window });
      // Neither always comes first.
      const [theirs, mine] = round % 2 === 0 ? [await bare(), await ours()] : [await ours(), await bare()].reverse();
      pairs.get(window).push({ theirs, mine });
    }
  }
  const rateOf = (list) => median(list.map((pair) => pair.theirs.rate));
  const [window, best] = [...pairs].sort(([, a], [, b]) => rateOf(b) - rateOf(a))[0];
  const ratios = best.map((pair) => pair.mine.rate / pair.theirs.rate);
  const mine = median([...pairs.values()].flat().map((pair) => pair.mine.rate));
  return {
    ratio: median(ratios),
    cpuRatio: median(best.map((pair) => pair.mine.cpu / pair.theirs.cpu)),
    mine,
    text:
      `${show(median(ratios), 2)} (of ${rounds} pairs ${show(Math.min(...ratios), 2)} to ${show(Math.max(...ratios), 2)}; ` +
      `medians ${show(mine)}/s, ${show(rateOf(best))}/s with window ${window})`,
  };
};

/** Collects rows, says each at once, and at the end prints them all and writes them to `json` where it is given. */
export const createReport = (rounds) => {
  const rows = [];
  return {
    /** `value` is held to `target`: `['>=', 0.95]`. */
    row: (what, value, [relation, bound], figure = String(value)) => {
      rows.push({
        what,
        value,
        target: `${relation} ${bound}`,
        met: relation === '>=' ? value >= bound : value <= bound,
        figure,
      });
      console.log(`${what}: ${figure} (target ${relation} ${bound})`);
    },
    end: async (json) => {
      const cores = availableParallelism();
      console.log(
        `\nNode ${process.version}, ${cores} cores (${cpus()[0]?.model ?? 'unknown'}), medians of ${rounds} rounds`,
      );
      console.log('\n| what | measured | target | met |\n|---|---|---|---|');
      for (const { what, figure, target, met } of rows) {
        console.log(`| ${what} | ${figure} | ${target} | ${met ? 'yes' : 'no'} |`);
      }
      if (json === undefined) return;
      await writeFile(json, `${JSON.stringify({ node: process.version, cores, rounds, rows }, null, 2)}\n`);
    },
  };
};
