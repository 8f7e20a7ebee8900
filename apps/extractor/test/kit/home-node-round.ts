import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partitionQueueNames } from '@discogs-extractor/internal/partition-queues';
import {
  type ClusterNode,
  deleteExchange,
  deleteQueue,
  type TestCluster,
  uniqueTopology,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { expect } from 'vitest';
import { startCli } from './cli.js';
import { countIn, distinct, numbersIn } from './cluster-rounds.js';
import { smallDump, writeDump } from './dumps.js';

/** How a node ends and begins again. A killed one has the broker refuse what is in flight; a stopped one does not. */
const OUTAGES = {
  killed: { begin: (node: ClusterNode) => node.kill9(), end: (node: ClusterNode) => node.start() },
  stopped: { begin: (node: ClusterNode) => node.stopApp(), end: (node: ClusterNode) => node.startApp() },
} as const;

/** What is on which node. */
export interface HomeNodeRound {
  readonly cluster: TestCluster;
  readonly outage: keyof typeof OUTAGES;
  /** The type of queues with a single copy. */
  readonly queueType: 'classic' | 'quorum';
  /**
   * Names of queues: of the first, one queue (or partition in three) is on the node that goes down, of others none.
   */
  readonly names: 1 | 2;
  readonly partitions: number;
  /** Another queue takes what no queue takes. */
  readonly hasAlternate: boolean;
  readonly records: number;
}

/** Lets the messages of an exchange that no queue takes go to another exchange, and that to a queue. */
const addAlternate = async (node: ClusterNode, exchange: string, alternate: string): Promise<void> => {
  await withConnection(node.url, async (connection) => {
    const channel = await connection.createChannel();
    await channel.assertExchange(alternate, 'fanout');
    await channel.assertQueue(alternate);
    await channel.bindQueue(alternate, alternate, '');
  });
  const definition = JSON.stringify({ 'alternate-exchange': alternate });
  await node.ctl('set_policy', '--apply-to', 'exchanges', alternate, `^${exchange}$`, definition);
};

/**
 * Delivers a file over one node while another one, with the only copy of a queue, goes down and comes back. Expects that
 * each queue has every record in the end, whatever the broker confirmed meanwhile, and `file_complete` after them.
 */
export const runHomeNodeRound = async (round: HomeNodeRound): Promise<void> => {
  const { cluster, outage, queueType, partitions, hasAlternate, records } = round;
  const [home, other, third] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
  const folder = await mkdtemp(join(tmpdir(), 'home-node-'));
  const { exchange, queue } = uniqueTopology('home');
  const names = ['a', 'b'].slice(0, round.names);
  const queuesOf = (name: string): string[] => partitionQueueNames(queue(`${name}-artists`), partitions);
  const queues = names.flatMap(queuesOf);
  const copies = queueType === 'quorum' ? { 'x-quorum-initial-group-size': 1 } : {};
  const declareOn = (node: ClusterNode, name: string): Promise<void> =>
    withConnection(node.url, async (connection) => {
      const channel = await connection.createChannel();
      await channel.assertQueue(name, { arguments: { 'x-queue-type': queueType, ...copies } });
    });
  let cli: ReturnType<typeof startCli> | undefined;
  try {
    await writeDump(join(folder, 'dumps'), '20260101', { ...smallDump(1), artists: smallDump(records).artists });
    // A queue is on the node that it is declared through.
    for (const [index, name] of queuesOf('a').entries()) {
      await declareOn([home, other, third][index % 3] as ClusterNode, name);
    }
    if (hasAlternate) await addAlternate(other, exchange, `${exchange}-alternate`);
    cli = startCli(['run', '--once', '--types', 'artists', '--source', join(folder, 'dumps')], {
      env: {
        DISCOGS_ROOT: join(folder, 'data'),
        AMQP_CONNECTION: other.url,
        AMQP_EXCHANGE: exchange,
        AMQP_QUEUES: names.map((name) => queue(`${name}-{type}`)).join(),
        AMQP_QUEUE_TYPE: queueType,
        AMQP_QUEUE_ARGUMENTS: JSON.stringify(copies),
        AMQP_PARTITIONS: String(partitions),
        QUEUE_SIZE: '2000',
      },
    });
    const { output, ended, process } = cli;
    await until(async () => (await countIn(other, queues)) >= (records * names.length) / 5);
    await OUTAGES[outage].begin(home);
    // What a quorum queue without a majority has taken is not confirmed.
    if (queueType === 'classic') await until(() => output().includes('down or inaccessible'));
    expect(process.exitCode).toBe(null);
    await OUTAGES[outage].end(home);
    const { status, stdout } = await ended;
    expect(status, stdout).toBe(0);
    const end = records + 1;
    const all = Array.from({ length: records }, (_, n) => n + 1);
    for (const name of names) {
      const contents = await Promise.all(queuesOf(name).map((each) => numbersIn(other.url, each, end)));
      expect(contents.map((numbers) => numbers.at(-1))).toEqual(contents.map(() => end));
      expect(distinct(contents.flat())).toEqual([...all, end]);
    }
  } finally {
    cli?.process.kill('SIGKILL');
    for (const each of [...queues, `${exchange}-alternate`]) await deleteQueue(other.url, each).catch(() => {});
    for (const each of [exchange, `${exchange}-alternate`]) await deleteExchange(other.url, each).catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
};
