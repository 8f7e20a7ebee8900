// Part `cluster` of bench.mjs: a RabbitMQ cluster of three nodes on this machine.
import { join } from 'node:path';
import { createPublisher } from '@discogs-extractor/publisher';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { startNewCluster, until } from '@discogs-extractor/test-broker';
import {
  compareWithBareLoop,
  fastestWindow,
  measure,
  median,
  ratioOf,
  show,
  takeTurns,
  withTopology,
} from '../../../packages/publisher/bench/kit.mjs';

const PARTITIONS = 6;
/** A run that delivers these takes as long as any run takes to start and to end. */
const FEW_RECORDS = 10;
/** What the bare loop publishes to find its best window. */
const TRIAL_MESSAGES = 8_000;
const MAX_BARE_MESSAGES = 30_000;
const QUORUM = { 'x-queue-type': 'quorum' };
const BODY = Buffer.alloc(1_200, 'x');
const LIMIT_MESSAGES = 100_000;

/** The longest time without a confirm, in seconds, after the node that the publisher is connected to is killed. */
const pauseAfterKill = (cluster) =>
  withTopology(
    cluster.nodes[0],
    async (exchange, [name]) => {
      const options = { exchange, queues: [{ name, routingKeys: ['k'], queueType: 'quorum' }] };
      let confirmedAt = performance.now();
      let pause = 0;
      const onConfirmed = () => {
        pause = Math.max(pause, performance.now() - confirmedAt);
        confirmedAt = performance.now();
      };
      const publisher = await createPublisher({ url: cluster.urls, ...options, onConfirmed });
      let isDone = false;
      const publishing = (async () => {
        while (!isDone) await publisher.publish({ routingKey: 'k', body: BODY });
      })();
      await until(() => publisher.confirmed >= 2_000);
      pause = 0;
      const port = new URL(publisher.broker.display).port;
      const node = cluster.nodes.find((it) => String(it.port) === port);
      await node.kill9();
      await until(() => publisher.stats.reconnects > 0);
      const { confirmed } = publisher;
      await until(() => publisher.confirmed > confirmed);
      isDone = true;
      await publishing;
      await publisher.close();
      await node.start();
      return pause / 1_000;
    },
    ['q'],
  );

/** What one connection takes, to an exchange without queues, and what it costs client and broker. */
const connectionLimit = async (node) => {
  const runtime = async () => Number(await node.evaluate('element(1, erlang:statistics(runtime)).'));
  const before = await runtime();
  const settings = { client: 'publisher', bound: false, bytes: BODY.length, count: LIMIT_MESSAGES, warmUp: 0 };
  const { rate, cpu } = await measure(node, settings);
  const brokerMicroseconds = (1_000 * ((await runtime()) - before)) / LIMIT_MESSAGES;
  return { rate, cpu, brokerMicroseconds };
};

/** The rate of a run without the time that it takes to start and to end. */
const rateWithoutStart = ({ seconds, rate }, start) => (rate * seconds) / (seconds - start);

/**
 * @param deliver - delivers a dump with the command line; returns its rate, and the seconds that it took
 * @param settings - returns those of the bare loop: bodies of the size of the dump's, as many of them
 * @param flowLimit - `quorum_commands_soft_limit` of the nodes. @default that of RabbitMQ, 32
 */
export const clusterRows = async (row, { flowLimit, ...options }) => {
  const cluster = await startNewCluster({ plugins: ['rabbitmq_consistent_hash_exchange'] });
  try {
    for (const node of flowLimit === undefined ? [] : cluster.nodes) {
      await node.evaluate(`application:set_env(rabbit, quorum_commands_soft_limit, ${flowLimit}).`);
    }
    await rowsOf(cluster, row, options);
  } finally {
    await cluster.close();
  }
};

const rowsOf = async (cluster, row, { rounds, rows, ...delivery }) => {
  const wants = (name) => rows === undefined || rows === name;
  const [node] = cluster.nodes;
  if (wants('quorum') || wants('partitions')) await deliveryRows(node, row, { rounds, wants, ...delivery });
  if (wants('kill')) {
    const pauses = [];
    for (let round = 0; round < rounds; round++) pauses.push(await pauseAfterKill(cluster));
    const text = `${show(median(pauses), 2)} s (${show(Math.min(...pauses), 2)} to ${show(Math.max(...pauses), 2)})`;
    row('a node is killed: time without a confirm, in seconds', Math.max(...pauses), ['<=', 5], text);
  }
  if (wants('limit')) {
    const limits = [];
    for (let round = 0; round < rounds; round++) limits.push(await connectionLimit(node));
    const [rate, cpu, broker] = ['rate', 'cpu', 'brokerMicroseconds'].map((name) =>
      median(limits.map((it) => it[name])),
    );
    console.log(
      `one connection, ${show(BODY.length)} B, no queue: ${show(rate)} messages/s; processor time for each: ` +
        `client ${show(cpu, 1)} µs, broker ${show(broker, 1)} µs`,
    );
  }
};

/** What more queues cost alone: the bare loop, which chooses among queues with leaders on all nodes by routing keys. */
const bareLoopToPartitions = async (node, bare, rounds) => {
  const one = { ...bare, client: 'bare', window: 5_000, spread: 1 };
  const six = { ...one, spread: PARTITIONS, queueArguments: { ...QUORUM, 'x-queue-leader-locator': 'balanced' } };
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    pairs.push(
      await takeTurns(
        round,
        () => measure(node, one),
        () => measure(node, six),
      ),
    );
  }
  console.log(`bare loop, ${PARTITIONS} queues ÷ 1 queue: ${ratioOf(pairs).text})`);
};

const deliveryRows = async (node, row, { rounds, wants, deliver, settings, records, folder }) => {
  const bare = { ...(await settings()), queueArguments: QUORUM, warmUp: 1_000 };
  const few = { folder: join(folder, 'few'), records: FEW_RECORDS };
  await generateDump({ directory: few.folder, seed: 'bench', types: ['releases'], records: FEW_RECORDS });
  const what = `${show(records)} releases, ${show(bare.bytes)} B each`;
  const quorum = { env: { AMQP_QUEUE_TYPE: 'quorum' } };

  if (wants('quorum')) {
    const window = await fastestWindow(node, { ...bare, count: TRIAL_MESSAGES });
    const start = (await deliver(node, { ...quorum, dump: few })).seconds;
    const ours = () => deliver(node, quorum);
    const { ratio, text, pairs } = await compareWithBareLoop(node, bare, rounds, ours, [window]);
    const without = pairs.map(({ mine, theirs }) => rateWithoutStart(mine, start) / theirs.rate);
    const note = `a run of ${FEW_RECORDS} releases takes ${show(start, 1)} s, without which it is ${show(median(without), 2)}`;
    row(`run --once ÷ bare loop, quorum queues on three nodes, ${what}`, ratio, ['>=', 0.9], `${text}; ${note}`);
  }
  if (wants('partitions')) {
    const one = { ...quorum, endings: ['a-releases'] };
    const six = { ...one, partitions: PARTITIONS };
    const [startOfOne, startOfSix] = [
      (await deliver(node, { ...one, dump: few })).seconds,
      (await deliver(node, { ...six, dump: few })).seconds,
    ];
    const pairs = [];
    for (let round = 0; round < rounds; round++) {
      const [theirs, mine] = [() => deliver(node, one), () => deliver(node, six)];
      pairs.push(await takeTurns(round, theirs, mine));
    }
    const { ratio, text } = ratioOf(pairs);
    const without = pairs.map(
      ({ mine, theirs }) => rateWithoutStart(mine, startOfSix) / rateWithoutStart(theirs, startOfOne),
    );
    const rates = ['mine', 'theirs'].map((name) => `${show(median(pairs.map((pair) => pair[name].rate)))}/s`);
    const note =
      `runs of ${FEW_RECORDS} releases take ${show(startOfSix, 1)} s and ${show(startOfOne, 1)} s, ` +
      `without which it is ${show(median(without), 2)}`;
    const figure = `${text}; medians ${rates.join(', ')}); ${note}`;
    row(`${PARTITIONS} partitions ÷ 1 queue, quorum queues on three nodes, ${what}`, ratio, ['>=', 0.9], figure);
    await bareLoopToPartitions(node, { ...bare, count: Math.min(bare.count, MAX_BARE_MESSAGES) }, rounds);
  }
};
