// How fast the built command line delivers releases to a broker under either contract, compared with a plain loop on
// amqplib with bodies of the same mean size, to queues of the same kind; how fast it resumes; and how fast it responds
// to `GET /health` meanwhile. After a build, run
// `node bench/bench.mjs [--rounds N] [--records N] [--size MB] [--part delivery|resume|health|changes|cluster] [--json FILE]`.
// Part `changes` compares two months of --records releases, by default 200,000. With `--rows null` or `--rows amqp`, it
// measures only the rows of that sink; with `--dumps FOLDER`, it keeps the dumps there, and finds them the next time.
// Part `cluster` starts three nodes of RabbitMQ and delivers --records releases, by default 100,000; `--rows quorum`,
// `partitions`, `kill` or `limit` measures only that. Each of the first two takes about two minutes a round. With
// `--flow-limit 512`, the nodes are configured as docs/scaling.md recommends.
// Parser, client and broker share the machine's cores; the plain loop has them without a parser. Only ratios within one
// run are meaningful.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { encodeRecords, PLATFORM_TRANSFORM } from '@discogs-extractor/parser';
import { partitionQueueNames } from '@discogs-extractor/publisher';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { deleteExchange, deleteQueue, startOwnBroker, withConnection } from '@discogs-extractor/test-broker';
import {
  compareWithBareLoop,
  createReport,
  measure,
  show,
  withTopology,
} from '../../../packages/publisher/bench/kit.mjs';
import { changesRows } from './changes.mjs';
import { clusterRows } from './cluster.mjs';
import { healthRows } from './health-latency.mjs';
import { compareResumeWithGunzip } from './resume.mjs';

const run = promisify(execFile);
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    records: { type: 'string' },
    size: { type: 'string', default: '1000' },
    part: { type: 'string' },
    rows: { type: 'string' },
    dumps: { type: 'string' },
    'flow-limit': { type: 'string' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const records = Number(values.records ?? 40_000);
/** In the rows that deliver to a cluster, to start and to end takes no more than some percent of a run then. */
const clusterRecords = Number(values.records ?? 100_000);
/** Two months of fewer releases would mostly show how long a process takes to start. */
const changesRecords = Number(values.records ?? 200_000);

const folder = await mkdtemp(join(tmpdir(), 'extractor-bench-'));

const QUORUM = { 'x-queue-type': 'quorum', 'x-delivery-limit': 20 };

/**
 * The contracts: their settings for an exchange and queues of our own, what the parser is to do, and what the bare loop
 * publishes to.
 */
const CONTRACTS = {
  topic: {
    env: (exchange, queues) => ({ AMQP_EXCHANGE: exchange, AMQP_QUEUES: queues }),
    encoding: {},
    topology: {},
  },
  fanout: {
    env: (exchange, queues) => ({ DISCOGS_EXCHANGE_PREFIX: exchange, AMQP_EXPECT_QUEUES: queues }),
    encoding: { reading: 'platform', transform: PLATFORM_TRANSFORM },
    topology: { exchangeType: 'fanout', queueArguments: QUORUM },
    /** The consumers declare these. */
    declare: (broker, exchange, queues) =>
      withConnection(broker.url, async (connection) => {
        const channel = await connection.createChannel();
        await channel.assertExchange(exchange, 'fanout', { durable: true });
        for (const queue of queues) {
          await channel.assertQueue(queue, { durable: true, arguments: QUORUM });
          await channel.bindQueue(queue, exchange, '');
        }
      }),
  },
};

/** Deletes what a run has declared for the partitions of its queues. */
const deletePartitions = async (broker, queues, partitions) => {
  for (const queue of queues) {
    for (const name of partitionQueueNames(queue, partitions)) await deleteQueue(broker.url, name);
    await deleteExchange(broker.url, queue);
  }
};

/** The dump that the parts deliver. */
const DUMP = { folder, records };
const ENDINGS = ['a-releases', 'b-releases'];

/**
 * Messages per second of one file, and its seconds, from opening its connection to the confirm of `file_complete`, as
 * logged.
 */
const deliver = (broker, contract, { env = {}, dump = DUMP, endings = ENDINGS, partitions = 1 } = {}) =>
  withTopology(
    broker,
    async (exchange, queues) => {
      const data = join(folder, 'data');
      await CONTRACTS[contract].declare?.(broker, `${exchange}-releases`, queues);
      const { stdout } = await run(
        process.execPath,
        [CLI, 'run', '--once', '--source', dump.folder, '--types', 'releases'],
        {
          env: {
            PATH: process.env.PATH,
            DISCOGS_ROOT: data,
            AMQP_CONNECTION: broker.url,
            AMQP_PARTITIONS: String(partitions),
            CONTRACT: contract,
            ...CONTRACTS[contract].env(exchange, queues.join().replaceAll('releases', '{type}')),
            ...env,
          },
          maxBuffer: 64 << 20,
        },
      );
      await rm(data, { recursive: true, force: true });
      if (partitions > 1) await deletePartitions(broker, queues, partitions);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const { seconds, delivered } = lines.find((line) => line.delivered !== undefined);
      if (delivered !== dump.records) {
        throw new Error(`${delivered} of ${dump.records} records were delivered:\n${stdout}`);
      }
      return { rate: delivered / seconds, seconds };
    },
    endings,
  );

const { row, end } = createReport(rounds);

/** What the bare loop publishes: as many bodies as the dump has records, of their mean size. */
const settingsOf = async (contract, count = records) => {
  const { files } = await generateDump({ directory: folder, seed: 'bench', types: ['releases'], records: count });
  const { encoding, topology } = CONTRACTS[contract];
  let bytes = 0;
  for await (const block of encodeRecords(files.releases.path, { dataType: 'releases', ...encoding })) {
    for (const { message } of block) bytes += message.length;
    block.release();
  }
  return { bytes: Math.round(bytes / count), count, warmUp: 10_000, ...topology };
};

const delivery = async (broker) => {
  for (const contract of Object.keys(CONTRACTS)) {
    const settings = await settingsOf(contract);
    const mean = settings.bytes;
    await measure(broker, { ...settings, client: 'bare', window: 2_000 }); // the broker warms up
    const { ratio, text } = await compareWithBareLoop(broker, settings, rounds, () => deliver(broker, contract));
    const what = contract === 'topic' ? 'run --once --sink amqp' : `run --once --contract ${contract}`;
    row(`${what} ÷ bare loop, ${show(records)} releases, ${show(mean)} B each`, ratio, ['>=', 0.8], text);
  }
};

const resume = async () => {
  const xmlBytes = Number(values.size) * 1e6;
  const { files } = await generateDump({
    directory: join(folder, 'large'),
    seed: 'bench',
    types: ['releases'],
    xmlBytes,
  });
  const { ratio, text } = await compareResumeWithGunzip(files.releases, folder, rounds);
  row(`resume at 90 % of ${show(xmlBytes / 1e6)} MB of releases ÷ gunzip of those 90 %`, ratio, ['<=', 1.3], text);
};

const wants = (part) => values.part === undefined || values.part === part;
try {
  if (wants('resume')) await resume();
  if (wants('delivery')) {
    const broker = await startOwnBroker();
    await delivery(broker).finally(() => broker.close());
  }
  if (wants('cluster')) {
    await clusterRows(row, {
      ...{ rounds, rows: values.rows, records: clusterRecords, folder, flowLimit: values['flow-limit'] },
      settings: () => settingsOf('topic', clusterRecords),
      deliver: (broker, options) => deliver(broker, 'topic', { dump: { folder, records: clusterRecords }, ...options }),
    });
  }
  if (wants('changes')) {
    const { rows, dumps } = values;
    await changesRows(row, { folder, records: changesRecords, rounds, rows, dumps });
  }
  if (wants('health')) await healthRows(row, rounds);
} finally {
  await rm(folder, { recursive: true, force: true });
}
await end(values.json);
