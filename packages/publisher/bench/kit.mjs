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

/**
 * Runs one publishing process, see `publish-process.mjs`. `bound: false` leaves the exchange without queues; `spread`
 * gives each message to one of so many queues, instead of to both of two.
 */
export const measure = (broker, { bound = true, spread, ...settings }) => {
  const keys = spread && Array.from({ length: spread }, (_, index) => `k${index}`);
  return withTopology(
    broker,
    async (exchange, names) => {
      const queues = bound ? names.map((name, index) => ({ name, routingKeys: [keys?.[index] ?? 'k'] })) : [];
      const task = { url: broker.url, exchange, queues, mandatory: bound, warmUp: 0, keys, ...settings };
      const { stdout } = await run(process.execPath, [PUBLISH, JSON.stringify(task)], { timeout: 300_000 });
      return JSON.parse(stdout);
    },
    keys,
  );
};

/** Runs both once, one after the other, in an order that depends on the round: neither always runs first. */
export const takeTurns = async (round, theirs, mine) => {
  if (round % 2 === 0) return { theirs: await theirs(), mine: await mine() };
  const first = await mine();
  return { theirs: await theirs(), mine: first };
};

/** The ratio of the rates of pairs, and its text. */
export const ratioOf = (pairs) => {
  const ratios = pairs.map(({ mine, theirs }) => mine.rate / theirs.rate);
  const range = `${show(Math.min(...ratios), 2)} to ${show(Math.max(...ratios), 2)}`;
  return { ratio: median(ratios), text: `${show(median(ratios), 2)} (of ${pairs.length} pairs ${range}` };
};

/** The window that the bare loop is fastest with, by one run each. */
export const fastestWindow = async (broker, settings) => {
  const rates = new Map();
  for (const window of WINDOWS) {
    rates.set(window, (await measure(broker, { ...settings, client: 'bare', window })).rate);
  }
  return WINDOWS.reduce((best, window) => (rates.get(window) > rates.get(best) ? window : best));
};

/**
 * Runs `ours`, which returns a `rate` and possibly the `cpu` time per message, in turns with the bare loop, once per
 * window, so that other load of the machine affects both. Returns the ratios for the window that the bare loop is
 * fastest with.
 */
export const compareWithBareLoop = async (broker, settings, rounds, ours, windows = WINDOWS) => {
  const pairs = new Map(windows.map((window) => [window, []]));
  for (let round = 0; round < rounds; round++) {
    for (const window of windows) {
      const bare = () => measure(broker, { ...settings, client: 'bare', window });
      pairs.get(window).push(await takeTurns(round, bare, ours));
    }
  }
  const rateOf = (list) => median(list.map((pair) => pair.theirs.rate));
  const [window, best] = [...pairs].sort(([, a], [, b]) => rateOf(b) - rateOf(a))[0];
  const mine = median([...pairs.values()].flat().map((pair) => pair.mine.rate));
  const { ratio, text } = ratioOf(best);
  return {
    ratio,
    cpuRatio: median(best.map((pair) => pair.mine.cpu / pair.theirs.cpu)),
    mine,
    pairs: best,
    text: `${text}; medians ${show(mine)}/s, ${show(rateOf(best))}/s with window ${window})`,
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
