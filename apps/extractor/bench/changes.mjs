// What `PUBLISH=changed` costs and saves: two months of a dump of releases, of which 3 % changed, with the built command
// line. Each run has a data folder of its own, or a copy of the one that the first month left. On Linux, also the memory
// of the process.
import { spawn } from 'node:child_process';
import { access, cp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { startOwnBroker } from '@discogs-extractor/test-broker';
import { median, show, withTopology } from '../../../packages/publisher/bench/kit.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const VERSIONS = ['20260101', '20260201'];

/** Time between two looks at the memory of a process, in milliseconds. */
const LOOK_MS = 20;

/** Memory of a process without files, in bytes: the page cache and code are not counted. 0 where that is not known. */
const anonymousMemory = async (pid) => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
};

/** Runs the command line. Returns its time in seconds, and the most memory that it had, in bytes. */
const runCli = async (args, env) => {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env.PATH, HEALTH_PORT: 'off', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  let memory = 0;
  const timer = setInterval(async () => {
    memory = Math.max(memory, await anonymousMemory(child.pid));
  }, LOOK_MS);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  const seconds = (performance.now() - startedAt) / 1000;
  clearInterval(timer);
  if (code !== 0) throw new Error(`discogs-extractor ${args.join(' ')} ended with ${code}:\n${errors}`);
  return { seconds, memory };
};

const sizeOf = async (folder) => {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
};

/** Returns the results of both measurements, a pair for each round. They take turns in coming first. */
const compare = async (rounds, measure, base) => {
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [measure, base] : [base, measure];
    const results = new Map();
    for (const one of order) results.set(one, await one(round));
    pairs.push([results.get(measure), results.get(base)]);
  }
  return pairs;
};

const ratioText = (pairs) => {
  const ratios = pairs.map(([one, other]) => one / other);
  const seconds = (side) => show(median(pairs.map((pair) => pair[side])), 2);
  const spread = ratios
    .map((ratio) => ratio.toFixed(2))
    .sort()
    .join(' ');
  return { ratio: median(ratios), text: `${show(median(ratios), 2)} (${seconds(0)} s by ${seconds(1)} s; ${spread})` };
};

/** Returns the paths of the dumps of both months; generates those that are not in the folder. */
const dumpsIn = async (folder, records) => {
  const paths = [];
  for (const [month, version] of VERSIONS.entries()) {
    const directory = join(folder, `${records}`, version);
    const path = join(directory, `discogs_${version}_releases.xml.gz`);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (!isThere) {
      const months = month === 0 ? undefined : { month };
      await generateDump({ directory, version, seed: 'bench', types: ['releases'], records, months });
    }
    paths.push(path);
  }
  return paths;
};

/**
 * Measures, and reports the rows.
 *
 * @param options.folder - temporary
 * @param options.rows - `null` or `amqp`: only those of this sink
 * @param options.dumps - folder that keeps the dumps. @default `folder`
 */
export const changesRows = async (row, { folder, records, rounds, rows, dumps: dumpFolder = folder }) => {
  const dumps = await dumpsIn(dumpFolder, records);
  const size = `${show(records)} releases`;
  const data = join(folder, 'changes-data');
  const kept = join(folder, 'changes-kept');
  /** Without the download, which is a copy here and takes hours over the Internet. */
  const deliver = async (month, publish, env) => {
    const from = ['--source', dirname(dumps[month]), '--types', 'releases'];
    await runCli(['download', ...from], { DISCOGS_ROOT: data });
    return runCli(['run', '--once', ...from, '--publish', publish], { DISCOGS_ROOT: data, ...env });
  };
  const clear = () => rm(data, { recursive: true, force: true });

  const common = { row, deliver, clear, size, rounds };
  if (rows !== 'amqp') await nullRows({ ...common, data, kept, records, dump: dumps[1] });
  if (rows !== 'null') {
    const broker = await startOwnBroker();
    await amqpRows({ ...common, broker }).finally(() => broker.close());
  }
  await clear();
};

const nullRows = async ({ row, deliver, clear, size, rounds, data, kept, records, dump }) => {
  const toNull = { SINK: 'null' };
  await clear();
  await deliver(0, 'changed', toNull);
  await rm(kept, { recursive: true, force: true });
  // Not the dump: writing it to the disk would take its time while the next run is measured.
  const isKept = (path) => !path.endsWith('.xml.gz');
  await cp(data, kept, { recursive: true, filter: isKept });
  const memories = [];
  const second = async () => {
    await clear();
    await cp(kept, data, { recursive: true });
    const { seconds, memory } = await deliver(1, 'changed', toNull);
    memories.push(memory);
    return seconds;
  };
  const parse = async () => (await runCli(['parse', dump], {})).seconds;
  const nullPairs = await compare(rounds, second, parse);
  const { ratio, text } = ratioText(nullPairs);
  row(`second month of ${size}, downloaded, 3 % changed, --sink null ÷ parse`, ratio, ['<=', 1.3], text);
  const perRecord = (await sizeOf(join(data, 'changes'))) / records;
  row(`store of ${size} on disk, bytes per record`, perRecord, ['<=', 64], show(perRecord, 1));
  const others = [];
  for (let round = 0; round < rounds; round++) {
    await clear();
    others.push((await deliver(1, 'all', toNull)).memory);
  }
  const above = (median(memories) - median(others)) / 1e6;
  const memoryText = `${show(above, 0)} (${show(median(memories) / 1e6, 0)} by ${show(median(others) / 1e6, 0)})`;
  row(`memory of a second month of ${size} above PUBLISH=all, MB`, above, ['<=', 50], memoryText);
};

/** Delivers two months each. */
const amqpRows = async ({ row, deliver, clear, size, rounds, broker }) => {
  const toBroker = (publish) => () =>
    withTopology(
      broker,
      async (exchange, queues) => {
        const env = {
          AMQP_CONNECTION: broker.url,
          AMQP_EXCHANGE: exchange,
          AMQP_QUEUES: queues.join().replaceAll('releases', '{type}'),
        };
        await clear();
        const first = await deliver(0, publish, env);
        return { first: first.seconds, second: (await deliver(1, publish, env)).seconds };
      },
      ['a-releases'],
    );
  const pairs = await compare(rounds, toBroker('changed'), toBroker('all'));
  const months = (month) => ratioText(pairs.map(([changed, all]) => [changed[month], all[month]]));
  const firsts = months('first');
  const seconds = months('second');
  const what = `${size} over AMQP, changed ÷ all`;
  row(`second month, ${what}`, seconds.ratio, ['<=', 0.15], seconds.text);
  row(`first month, ${what}`, firsts.ratio, ['<=', 1.1], firsts.text);
};
