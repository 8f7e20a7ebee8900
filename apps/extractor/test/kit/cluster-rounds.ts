import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionQueueNames } from '@discogs-extractor/internal/partition-queues';
import {
  type ClusterNode,
  countMessages,
  deleteExchange,
  deleteQueue,
  drainQueue,
  type TestCluster,
  uniqueTopology,
  until,
} from '@discogs-extractor/test-broker';
import { expect } from 'vitest';
import { type RunningCli, startCli } from './cli.js';
import { smallDump, writeDump } from './dumps.js';

interface Fault {
  /** Calls `resume` when the runs, which stand still, are to continue. */
  readonly begin: (options: {
    readonly cluster: TestCluster;
    readonly node: ClusterNode;
    readonly resume: () => Promise<void>;
  }) => Promise<void>;
  readonly end: (cluster: TestCluster, node: ClusterNode) => Promise<void>;
}

/** What can happen to one node of a cluster while records are delivered, and how it ends. */
export const FAULTS = {
  killed: {
    begin: async ({ node, resume }) => {
      await resume();
      await node.kill9();
    },
    end: (_, node) => node.start(),
  },
  drained: {
    begin: async ({ node, resume }) => {
      // In the seconds that the program takes to start, a short run would come to its end.
      await Promise.all([node.drain(), until(() => node.isInMaintenance()).then(resume)]);
    },
    end: (_, node) => node.revive(),
  },
  isolated: {
    begin: async ({ cluster, node, resume }) => {
      await resume();
      await cluster.isolate(node);
    },
    end: (cluster) => cluster.heal(),
  },
} as const satisfies Readonly<Record<string, Fault>>;
export type FaultName = keyof typeof FAULTS;

const VERSION = '20260101';
const QUEUE_SIZE = 500;

export interface ClusterRound {
  readonly cluster: TestCluster;
  /** What happens, one after the other, to a node each. */
  readonly faults: readonly FaultName[];
  readonly random: () => number;
  readonly records: number;
  /** For each run that delivers the records meanwhile, the number of partitions. */
  readonly partitions: readonly number[];
}

/** What a round did, for its report. */
export interface RoundReport {
  /** Messages that were sent again, of all runs. */
  readonly repeats: number;
  readonly reconnects: number;
}

/** A run that delivers a file to quorum queues. */
interface Delivery {
  readonly queues: readonly string[];
  /** Starts it with these addresses of the cluster. */
  readonly start: (urls: readonly string[]) => RunningCli;
  readonly remove: () => Promise<void>;
}

const deliveryOf = (cluster: TestCluster, folder: string, partitions: number): Delivery => {
  const { exchange, queue } = uniqueTopology('cluster');
  const name = queue('artists');
  const queues = partitionQueueNames(name, partitions);
  const settings = {
    DISCOGS_ROOT: join(folder, exchange),
    AMQP_QUEUE_TYPE: 'quorum',
    AMQP_EXCHANGE: exchange,
    AMQP_QUEUES: queue('{type}'),
    AMQP_PARTITIONS: String(partitions),
    QUEUE_SIZE: String(QUEUE_SIZE),
  };
  const args = ['run', '--once', '--types', 'artists', '--source', join(folder, 'dumps')];
  return {
    queues,
    start: (urls) => startCli(args, { env: { ...settings, AMQP_CONNECTION: urls.join() } }),
    remove: async () => {
      const url = cluster.urls[0] as string;
      for (const each of queues) await deleteQueue(url, each);
      for (const each of [exchange, name]) await deleteExchange(url, each);
    },
  };
};

/** The number of messages in queues, of which some may not exist yet. It needs no connection that a client would have. */
export const countIn = async (node: ClusterNode, queues: readonly string[]): Promise<number> => {
  const names = queues.map((queue) => `<<${JSON.stringify(queue)}>>`);
  return Number(
    await node.evaluate(`
      Count = fun(Name) ->
        {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, Name)),
        {ok, Messages, _} = rabbit_amqqueue:stat(Queue),
        Messages
      end,
      lists:sum([try Count(Name) catch _:_ -> 0 end || Name <- [${names.join()}]]).`),
  );
};

/** The node with the most connections, which only runs have. */
const connectedNode = async (cluster: TestCluster): Promise<ClusterNode> => {
  const counts = await Promise.all(
    cluster.nodes.map((node) => node.evaluate('length(rabbit_networking:connections_local()).')),
  );
  const most = Math.max(...counts.map(Number));
  expect(most).toBeGreaterThan(0);
  return cluster.nodes[counts.findIndex((count) => Number(count) === most)] as ClusterNode;
};

const reconnectsIn = (output: string): number => output.split('reconnected to the broker').length - 1;

/** The numbers of the records in a queue, in its order; `end` stands for `file_complete`. */
export const numbersIn = async (url: string, queue: string, end: number): Promise<number[]> => {
  // A node that has just started does not know the leader of a quorum queue, and reports that the queue is empty.
  await until(async () => (await countMessages(url, queue)) > 0);
  return (await drainQueue(url, queue)).map(({ body }) => {
    const { type, id } = JSON.parse(body.toString()) as { type: string; id?: string };
    return type === 'data' ? Number(id) : end;
  });
};

export const distinct = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);

/** The numbers that are out of order, in spite of spans of a window that were sent again. */
const misplacedOf = (numbers: readonly number[], wereSomeNacked: boolean): number[] => {
  const ranks = new Map(distinct(numbers).map((number, rank) => [number, rank]));
  let highest = 0;
  let highestRank = -1;
  return numbers.filter((number) => {
    const rank = ranks.get(number) as number;
    // A message that was nacked comes after others of its window; every other step is to the next number, or back.
    const isMisplaced = number <= highest - QUEUE_SIZE || (rank > highestRank + 1 && !wereSomeNacked);
    highest = Math.max(highest, number);
    highestRank = Math.max(highestRank, rank);
    return isMisplaced;
  });
};

/** Expects that queues have everything, in order, with few repeats; returns how many. */
const expectDelivered = async (url: string, { queues }: Delivery, records: number, output: string): Promise<number> => {
  const nacked = [...output.matchAll(/"refused":(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
  const end = records + 1;
  const contents: number[][] = [];
  for (const queue of queues) contents.push(await numbersIn(url, queue, end));
  for (const [index, numbers] of contents.entries()) {
    expect(numbers.at(-1), queues[index]).toBe(end);
    expect(misplacedOf(numbers, nacked > 0), queues[index]).toEqual([]);
  }
  // Each record is in one of them.
  const found = contents.flatMap(distinct).filter((number) => number !== end);
  expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: records }, (_, n) => n + 1));
  const ends = contents.map((numbers) => numbers.filter((number) => number === end).length);
  // One message for all of them is the end of the file.
  const repeats = contents.flat().filter((number) => number !== end).length - records + Math.max(...ends) - 1;
  expect(repeats).toBeLessThanOrEqual(reconnectsIn(output) * QUEUE_SIZE + nacked);
  return repeats;
};

/**
 * Delivers a file to quorum queues, once for each number of partitions, while nodes are killed, drained or cut off at
 * random moments: mostly one that a run is connected to. Expects that nothing is lost, that the order within a queue is
 * kept apart from spans that were sent again, that these are no longer than the window, and that the next run has nothing
 * to do, whichever nodes it is given.
 */
export const runClusterRound = async (round: ClusterRound): Promise<RoundReport> => {
  const { cluster, faults, random, records, partitions } = round;
  const folder = await mkdtemp(join(tmpdir(), 'cluster-'));
  const deliveries = partitions.map((count) => deliveryOf(cluster, folder, count));
  const running: RunningCli[] = [];
  try {
    await writeDump(join(folder, 'dumps'), VERSION, { ...smallDump(1), artists: smallDump(records).artists });
    running.push(...deliveries.map(({ start }) => start(cluster.urls)));
    const reconnects = (): number => running.reduce((sum, cli) => sum + reconnectsIn(cli.output()), 0);
    const hasEnded = (): boolean => running.some((cli) => cli.process.exitCode !== null);
    const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
    let node = first;
    let ending = Promise.resolve();
    for (const [index, fault] of faults.entries()) {
      const at = Math.ceil((records * (index + 0.05 + 0.4 * random())) / faults.length);
      const observer = node === first ? second : first;
      // A run that is there waits for the others, and for the node to be chosen: none is to end before something happens.
      const stopping = deliveries.map(async ({ queues }, number) => {
        await until(async () => hasEnded() || (await countIn(observer, queues)) >= at);
        running[number]?.process.kill('SIGSTOP');
      });
      await Promise.all([ending, ...stopping]);
      const connected = await connectedNode(cluster);
      const any = cluster.nodes[Math.floor(random() * cluster.nodes.length)] as ClusterNode;
      node = random() < 0.75 ? connected : any;
      const before = reconnects();
      const { begin, end }: Fault = FAULTS[fault];
      const resume = async (): Promise<void> => {
        for (const cli of running) cli.process.kill('SIGCONT');
        await sleep(random() * 100);
      };
      await begin({ cluster, node, resume });
      if (node === connected) {
        await until(() => reconnects() > before || hasEnded());
        expect(reconnects(), fault).toBeGreaterThan(before);
      }
      const faulty = node;
      ending = sleep(random() * 500).then(() => end(cluster, faulty));
    }
    await ending;
    // The nodes have no name in common: the list of the first run does.
    const others = cluster.nodes.filter((other) => other !== node).map(({ url }) => url);
    let repeats = 0;
    for (const [index, delivery] of deliveries.entries()) {
      const result = await (running[index] as RunningCli).ended;
      expect(result.status, result.stdout).toBe(0);
      const again = await delivery.start(others).ended;
      expect(again, again.stdout).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing to do') });
      repeats += await expectDelivered(first.url, delivery, records, result.stdout);
    }
    return { repeats, reconnects: reconnects() };
  } finally {
    for (const { process } of running) process.kill('SIGKILL');
    for (const { remove } of deliveries) await remove().catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
};
