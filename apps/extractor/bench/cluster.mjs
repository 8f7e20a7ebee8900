// Part `cluster` of bench.mjs: a RabbitMQ cluster of three nodes on this machine.
import { createPublisher } from '@discogs-extractor/publisher';
import { startNewCluster, until } from '@discogs-extractor/test-broker';
import { compareWithBareLoop, measure, median, show, withTopology } from '../../../packages/publisher/bench/kit.mjs';

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

/**
 * @param deliver - delivers the dump with the command line and returns its rate
 * @param settings - those of the bare loop: bodies of the same size, as many of them
 */
export const clusterRows = async (row, options) => {
  const cluster = await startNewCluster({ plugins: ['rabbitmq_consistent_hash_exchange'] });
  await rowsOf(cluster, row, options).finally(() => cluster.close());
};

const rowsOf = async (cluster, row, { rounds, deliver, settings, rows }) => {
  const wants = (name) => rows === undefined || rows === name;
  const [node] = cluster.nodes;
  const quorum = { AMQP_QUEUE_TYPE: 'quorum' };
  if (wants('quorum')) {
    const bare = { ...settings, queueArguments: QUORUM };
    const { ratio, text } = await compareWithBareLoop(node, bare, rounds, () => deliver(node, quorum));
    row('run --once ÷ bare loop, quorum queues on three nodes', ratio, ['>=', 0.9], text);
  }
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
