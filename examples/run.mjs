// Runs an example on a generated dump: `node run.mjs count-by-genre`, or `npm run example -- count-by-genre` in the
// repository's root. Arguments after the name are passed to the example instead of the generated dump.
import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { startBroker } from '@discogs-extractor/test-broker';

const here = dirname(fileURLToPath(import.meta.url));
const extractor = join(here, '../apps/extractor/dist/cli.js');
const folder = process.env['EXAMPLES_FOLDER'] ?? join(here, '../.demo/examples');
const dumps = join(folder, 'dumps');
const VERSION = '20260101';

/**
 * Runs Node until it ends. It is killed if this process ends first.
 *
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 * @returns {Promise<number>} the exit status
 */
const runNode = (args, env = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    const kill = () => child.kill();
    process.once('exit', kill);
    child.once('error', reject);
    child.once('close', (status) => {
      process.removeListener('exit', kill);
      resolve(status ?? 1);
    });
  });

process.once('SIGTERM', () => process.exit(143));

/** @param {string} name @param {string[]} args @param {Record<string, string>} [env] */
const runExample = (name, args, env) => runNode([join(here, `${name}.mjs`), ...args], env);

/** @param {string} type */
const dumpPath = (type) => join(dumps, `discogs_${VERSION}_${type}.xml.gz`);

/** How each example runs on the generated dump. @type {Record<string, () => Promise<number>>} */
const EXAMPLES = {
  'count-by-genre': () => runExample('count-by-genre', [dumpPath('releases')]),
  'releases-to-sqlite': () => runExample('releases-to-sqlite', [dumpPath('releases'), join(folder, 'releases.sqlite')]),
  'plain-profiles': () => runExample('plain-profiles', [dumpPath('artists')]),
  'check-releases': () => runExample('check-releases', [dumpPath('releases')]),
  'mirror-newest': () => runExample('mirror-newest', [join(folder, 'mirror'), dumps]),
  'wait-for-version': async () => {
    const data = join(folder, 'data');
    await rm(data, { recursive: true, force: true });
    await mkdir(data, { recursive: true });
    const waiting = runExample('wait-for-version', [data, VERSION]);
    await sleep(1000);
    const settings = { DISCOGS_ROOT: data, LOG_LEVEL: 'WARNING', HEALTH_PORT: 'off', DUMP_VERSION: '', DATA_TYPES: '' };
    const extracted = await runNode([extractor, 'run', '--once', '--source', dumps, '--sink', 'null'], settings);
    return extracted === 0 ? waiting : process.exit(extracted);
  },
  'mirror-changes': async () => {
    const database = join(folder, 'labels.sqlite');
    await rm(database, { force: true });
    await rm(`${database}.changes`, { recursive: true, force: true });
    const months = { month: 1 };
    const next = { directory: dumps, seed: 'examples', records: { labels: 2000 }, version: '20260201', months };
    const { files } = await generateDump(next);
    const first = await runExample('mirror-changes', [dumpPath('labels'), database]);
    return first === 0 ? runExample('mirror-changes', [files.labels?.path ?? '', database]) : first;
  },
  'publish-ndjson': async () => {
    const lines = join(folder, 'artists.ndjson');
    const parsed = await runNode([extractor, 'parse', dumpPath('artists'), '--output', lines]);
    if (parsed !== 0) return parsed;
    const url = process.env['AMQP_CONNECTION'];
    if (url) return runExample('publish-ndjson', [lines, 'example-artists']);
    console.log('AMQP_CONNECTION is not set: starting RabbitMQ for the example');
    const broker = await startBroker();
    try {
      return await runExample('publish-ndjson', [lines, 'example-artists'], { AMQP_CONNECTION: broker.url });
    } finally {
      await broker.close();
    }
  },
};

const [name = '', ...args] = process.argv.slice(2);
const run = EXAMPLES[name];
if (run === undefined) {
  console.error(`Usage: node run.mjs EXAMPLE [ARGUMENTS]; the examples are ${Object.keys(EXAMPLES).join(', ')}`);
  process.exit(2);
}
if (args.length > 0) process.exit(await runExample(name, args));
await rm(dumps, { recursive: true, force: true });
await generateDump({ directory: dumps, seed: 'examples', records: 2000, version: VERSION });
process.exit(await run());
