// Shared by the benchmarks that use a broker: measurements in a process of their own, medians, and the final table.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deleteExchange, deleteQueue, uniqueTopology } from '@discogs-extractor/test-broker';

const run = promisify(execFile);
const PUBLISH = fileURLToPath(new URL('publish-process.mjs', import.meta.url));

/** Fixed windows for the bare loop; the comparison takes the one that it is fastest with. */
export const WINDOWS = [1_000, 2_000, 5_000];

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
export const show = (number, digits = 0) => Number(number.toFixed(digits)).toLocaleString('en');

/** Runs `work` with names for an exchange and for queues (two by default), and deletes them afterwards. */
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

/** Runs one publishing process, see `publish-process.mjs`. `bound: false` leaves the exchange without queues. */
export const measure = (broker, { bound = true, ...settings }) =>
  withTopology(broker, async (exchange, names) => {
    const queues = bound ? names.map((name) => ({ name, routingKeys: ['k'] })) : [];
    const task = { url: broker.url, exchange, queues, mandatory: bound, warmUp: 0, ...settings };
    const { stdout } = await run(process.execPath, [PUBLISH, JSON.stringify(task)], { timeout: 300_000 });
    return JSON.parse(stdout);
  });

/**
 * Runs `ours`, which returns a `rate` and possibly the `cpu` time per message, in turns with the bare loop, once per
 * window, so that other load of the machine affects both. Returns the ratios for the window that the bare loop is
 * fastest with.
 */
export const compareWithBareLoop = async (broker, settings, rounds, ours) => {
  const pairs = new Map(WINDOWS.map((window) => [window, []]));
  for (let round = 0; round < rounds; round++) {
    for (const window of WINDOWS) {
      const bare = () => measure(broker, { ...settings, client: 'bare', window });
      // Neither always runs first.
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

/** Collects rows and prints each immediately; `end` prints them all as a table, and writes them to `json` if given. */
export const createReport = (rounds) => {
  const rows = [];
  return {
    /** Records a value and its target, such as `['>=', 0.95]`. */
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
