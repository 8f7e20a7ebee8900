// How fast `GET /health` responds while the built command line works at full speed. After a build, run
// `node bench/health-latency.mjs`, or get the rows from `bench.mjs`. Requests are sent at fixed times, however late
// earlier responses are, and a latency is measured from the time when its request was due: an event loop that stops for
// a second delays all hundred requests of that second.
//
// The client shares the cores with broker and service, and its own wait for a core counts in the figure. So there are
// two clients: one with normal priority, and one with priority over all, as a client on another machine would have.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { startOwnBroker } from '@discogs-extractor/test-broker';
import { median } from '../../../packages/publisher/bench/kit.mjs';
import { withHighestPriority } from './own-priority.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const VERSION = '20260101';
const SECONDS = 10;
const PER_SECOND = 100;

/** Bytes of generated releases, and how often they are repeated, so that the run lasts longer than the measurement. */
const XML_SIZE = 64 << 20;
const REPEATS = 120;

/** Writes a dump of releases of several gigabytes of XML. It repeats one gzip member, which is compressed once. */
const writeLongDump = async (folder) => {
  const { files } = await generateDump({
    directory: folder,
    version: VERSION,
    seed: 'health',
    types: ['releases'],
    xmlBytes: XML_SIZE,
  });
  const { path } = files.releases;
  const xml = gunzipSync(await readFile(path));
  const [begin, end] = [xml.indexOf('<release '), xml.lastIndexOf('</releases>')];
  const [head, body, tail] = [xml.subarray(0, begin), xml.subarray(begin, end), xml.subarray(end)].map((part) =>
    gzipSync(part, { level: 6 }),
  );
  const hash = createHash('sha256');
  const file = createWriteStream(path);
  for (const part of [head, ...Array.from({ length: REPEATS }, () => body), tail]) {
    hash.update(part);
    if (!file.write(part)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
  await writeFile(
    join(folder, `discogs_${VERSION}_CHECKSUM.txt`),
    `${hash.digest('hex')} *discogs_${VERSION}_releases.xml.gz\n`,
  );
};

const agent = new Agent({ keepAlive: true });

const get = (url, headers = {}) =>
  new Promise((resolve, reject) => {
    request(url, { agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    })
      .on('error', reject)
      .end();
  });

/** Latencies in milliseconds, each from the time when its request was due, and how late the requests were sent. */
const ask = async (url) => {
  const startedAt = performance.now();
  const requests = [];
  const late = [];
  for (let index = 0; index < SECONDS * PER_SECOND; index++) {
    const due = startedAt + (index * 1000) / PER_SECOND;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    late.push(performance.now() - due);
    requests.push(
      get(`${url}/health`).then(({ status, text }) => {
        const latency = performance.now() - due;
        const health = JSON.parse(text);
        if (status !== 200 || !String(health.current_task).startsWith('Processing')) throw new Error(text);
        return { latency, records: health.extraction_progress.total };
      }),
    );
  }
  return { responses: await Promise.all(requests), late };
};

const percentile = (values, share) => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
};

/** Clients: with normal priority, and with priority over everything else. */
const CLIENTS = [async (url) => ({ result: await ask(url) }), (url) => withHighestPriority(() => ask(url))];

/** One run with a sink; returns percentiles of latencies, the work done meanwhile, and delays of the event loop. */
const measure = async (source, env, client) => {
  const data = await mkdtemp(join(tmpdir(), 'health-latency-'));
  const child = spawn(process.execPath, [CLI, 'run', '--once', '--source', source, '--types', 'releases'], {
    env: { PATH: process.env.PATH, DISCOGS_ROOT: data, HEALTH_PORT: '0', HEALTH_HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let log = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
    const said = async (pattern) => {
      for (;;) {
        const found = pattern.exec(log);
        if (found) return found;
        if (child.exitCode !== null) throw new Error(`It ended:\n${log}`);
        await sleep(10);
      }
    };
    const [, url] = await said(/"url":"(http:[^"]*?)\/?"/);
    await said(/Extracting releases/);
    await sleep(500);
    const {
      result: { responses, late },
      how,
    } = await client(url);
    const { text } = await get(`${url}/metrics`);
    const latencies = responses.map(({ latency }) => latency);
    return {
      how,
      p50: median(latencies),
      p99: percentile(latencies, 0.99),
      most: Math.max(...latencies),
      lateP99: percentile(late, 0.99),
      perSecond: (responses.at(-1).records - responses[0].records) / SECONDS,
      loopP99: 1000 * Number(/^nodejs_eventloop_lag_p99_seconds (.*)$/m.exec(text)[1]),
    };
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'close');
    await rm(data, { recursive: true, force: true });
  }
};

/** Adds a row for each sink and client: `row(what, value, [relation, bound], figure)`, medians of `rounds`. */
export const healthRows = async (row, rounds) => {
  const source = await mkdtemp(join(tmpdir(), 'health-latency-dump-'));
  const broker = await startOwnBroker();
  try {
    await mkdir(source, { recursive: true });
    await writeLongDump(source);
    for (const [sink, env] of [
      ['null', { SINK: 'null' }],
      ['amqp', { SINK: 'amqp', AMQP_CONNECTION: broker.url }],
    ]) {
      const runs = CLIENTS.map(() => []);
      // Alternating, so that other load of the machine affects both clients.
      for (let round = 0; round < rounds; round++) {
        for (const [index, client] of CLIENTS.entries()) runs[index].push(await measure(source, env, client));
      }
      for (const [index, of] of runs.entries()) addRow(row, sink, index, of);
    }
  } finally {
    agent.destroy();
    await broker.close();
    await rm(source, { recursive: true, force: true });
  }
};

const addRow = (row, sink, client, runs) => {
  const middle = (name) => median(runs.map((one) => one[name]));
  const ms = (name) => middle(name).toFixed(1);
  const each = runs.map(({ p99 }) => Math.round(p99)).sort((a, b) => a - b);
  const figure =
    `${ms('p99')} ms (runs ${each.join(', ')}; median latency ${ms('p50')}, longest ${ms('most')}; the client's requests left ` +
    `${ms('lateP99')} late at p99; ${Math.round(middle('perSecond')).toLocaleString('en')} records/s meanwhile; event loop delay p99 ${ms('loopP99')} ms)`;
  const { how } = runs[0];
  const asked = client === 0 ? 'client at normal priority' : `client ${how ?? 'that may not raise its priority'}`;
  row(`GET /health, 99th percentile in ms, during run --sink ${sink}, ${asked}`, middle('p99'), ['<=', 50], figure);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await healthRows(
    (what, _value, [relation, bound], figure) => console.log(`${what}: ${figure} (target ${relation} ${bound})`),
    1,
  );
}
