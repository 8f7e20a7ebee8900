import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClusterNode,
  countMessages,
  deleteQueue,
  drainQueue,
  type TestCluster,
  uniqueTopology,
  until,
} from '@discogs-extractor/test-broker';
import { expect } from 'vitest';
import { type CliResult, runCli, startCli } from './cli.js';
import { smallDump, writeDump } from './dumps.js';

/** What can happen to one node of a cluster while records are delivered, and how it ends. */
export const FAULTS = {
  killed: {
    begin: (_: TestCluster, node: ClusterNode) => node.kill9(),
    end: (_: TestCluster, node: ClusterNode) => node.start(),
  },
  drained: {
    begin: (_: TestCluster, node: ClusterNode) => node.drain(),
    end: (_: TestCluster, node: ClusterNode) => node.revive(),
  },
  isolated: {
    begin: (cluster: TestCluster, node: ClusterNode) => cluster.isolate(node),
    end: (cluster: TestCluster) => cluster.heal(),
  },
} as const;
export type FaultName = keyof typeof FAULTS;

const VERSION = '20260101';
const QUEUE_SIZE = 500;

export interface ClusterRound {
  readonly cluster: TestCluster;
  readonly fault: FaultName;
  readonly random: () => number;
  readonly records: number;
}

/** A result of a round, for its report. */
export interface RoundReport {
  readonly repeats: number;
  readonly reconnects: number;
}

/** The node with the connections of the extractor. */
const connectedNode = async (cluster: TestCluster): Promise<ClusterNode> => {
  const counts = await Promise.all(
    cluster.nodes.map((node) =>
      node.evaluate('length([C || C <- rabbit_networking:connections(), node(C) =:= node()]).'),
    ),
  );
  const most = Math.max(...counts.map(Number));
  return cluster.nodes[counts.findIndex((count) => Number(count) === most)] as ClusterNode;
};

const readyIn = (url: string, queue: string): Promise<number> => countMessages(url, queue).catch(() => 0);

/**
 * Delivers a file to a quorum queue while a node is killed, drained or cut off at a random moment: the one that the
 * extractor is connected to. Expects that nothing is lost, that the order is kept apart from spans that were sent again,
 * that these are no longer than the window, and that the next run has nothing to do, whichever nodes it is given.
 */
export const runClusterRound = async ({ cluster, fault, random, records }: ClusterRound): Promise<RoundReport> => {
  const folder = await mkdtemp(join(tmpdir(), 'cluster-'));
  const queue = uniqueTopology('cluster').queue('artists');
  const env = (urls: readonly string[]): Record<string, string> => ({
    DISCOGS_ROOT: join(folder, 'data'),
    AMQP_CONNECTION: urls.join(),
    AMQP_QUEUE_TYPE: 'quorum',
    AMQP_EXCHANGE: queue,
    AMQP_QUEUES: queue.replace('artists', '{type}'),
    QUEUE_SIZE: String(QUEUE_SIZE),
  });
  const args = ['run', '--once', '--types', 'artists', '--source', join(folder, 'dumps')];
  try {
    await writeDump(join(folder, 'dumps'), VERSION, { ...smallDump(1), artists: smallDump(records).artists });
    const cli = startCli(args, { env: env(cluster.urls) });
    const at = Math.ceil(records * (0.05 + 0.4 * random()));
    const anyUrl = cluster.urls[0] as string;
    await until(
      () => readyIn(anyUrl, queue),
      (count) => count >= at,
    );
    const node = await connectedNode(cluster);
    const { begin, end } = FAULTS[fault];
    await begin(cluster, node);
    await cli.says('reconnected to the broker');
    await sleep(random() * 500);
    await end(cluster, node);
    const result = await cli.ended;
    expect(result.status, result.stdout).toBe(0);
    // The nodes have no name in common: the list of the first run does.
    const others = cluster.nodes.filter((other) => other !== node).map(({ url }) => url);
    const again: CliResult = await runCli(args, { env: env(others) });
    expect(again, again.stdout).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing to do') });

    const reconnects = result.stdout.split('reconnected to the broker').length - 1;
    const nacked = [...result.stdout.matchAll(/"refused":(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
    const numbers = (await drainQueue(anyUrl, queue)).map(({ body }) => {
      const { type, id } = JSON.parse(body.toString()) as { type: string; id?: string };
      return type === 'data' ? Number(id) : records + 1;
    });
    expect([...new Set(numbers)].sort((a, b) => a - b)).toEqual(Array.from({ length: records + 1 }, (_, n) => n + 1));
    let highest = 0;
    for (const number of numbers) {
      // A message that was nacked comes after others of its window; every other step is to the next number, or back.
      if (nacked === 0) expect(number).toBeLessThanOrEqual(highest + 1);
      expect(number).toBeGreaterThan(highest - QUEUE_SIZE);
      highest = Math.max(highest, number);
    }
    const repeats = numbers.length - records - 1;
    expect(repeats).toBeLessThanOrEqual(reconnects * QUEUE_SIZE + nacked);
    return { repeats, reconnects };
  } finally {
    await deleteQueue(cluster.urls[0] as string, queue).catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
};
