import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { startNewCluster, type TestCluster } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, it } from 'vitest';
import { FAULTS, type FaultName, runClusterRound } from '../kit/cluster-rounds.js';
import { type HomeNodeRound, runHomeNodeRound } from '../kit/home-node-round.js';

const ROUNDS = Number(process.env['CLUSTER_ROUNDS'] ?? 20);
const SEED = Number(process.env['CLUSTER_SEED'] ?? Date.now() % 1_000_000);
const KILLS_PER_ROUND = 2;
const RECORDS = Number(process.env['CLUSTER_RECORDS'] ?? 100_000);

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startNewCluster({ plugins: ['rabbitmq_consistent_hash_exchange'] });
});
afterAll(async () => {
  await cluster?.close();
});

const print = (text: string): void => void process.stdout.write(text);

it(
  `delivers every record to a queue and to 6 partitions of a cluster, alternately, ${ROUNDS} times, whatever happens to its nodes (seed ${SEED})`,
  async () => {
    const names = Object.keys(FAULTS) as FaultName[];
    for (let round = 0; round < ROUNDS; round++) {
      // All of a round depends on its seed: with CLUSTER_SEED and CLUSTER_ROUNDS=1, it is repeated.
      const seed = SEED + round;
      const random = randomFrom(seed);
      const startedAt = performance.now();
      const faults: FaultName[] = Array.from({ length: KILLS_PER_ROUND }, () => 'killed');
      // One of the others, or another kill, comes at any of the places.
      const any = names[Math.floor(random() * names.length)] as FaultName;
      faults.splice(Math.floor(random() * (KILLS_PER_ROUND + 1)), 0, any);
      const partitions = seed % 2 === 0 ? 1 : 6;
      const queues = partitions === 1 ? 'one queue' : `${partitions} partitions`;
      print(`Round ${round + 1} of ${ROUNDS}, seed ${seed}, ${RECORDS} records, ${queues}: ${faults.join(', ')}`);
      const report = await runClusterRound({ cluster, faults, random, records: RECORDS, partitions: [partitions] });
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      print(`: ${report.reconnects} reconnects, ${report.repeats} repeats, ${seconds} s\n`);
    }
  },
  ROUNDS * 300_000,
);

const home = { queueType: 'classic', names: 2, partitions: 1, hasAlternate: false, records: 20_000 } as const;
it.each<{ title: string } & Omit<HomeNodeRound, 'cluster'>>([
  { ...home, title: 'one of two queues, killed', outage: 'killed' },
  { ...home, title: 'partitions of one of two queues, stopped', outage: 'stopped', partitions: 6 },
  { ...home, title: 'partitions of one of two queues, killed', outage: 'killed', partitions: 6 },
  { ...home, title: 'partitions of the only queue, stopped', outage: 'stopped', names: 1, partitions: 6 },
  {
    ...home,
    title: 'the only queue, with an alternate exchange, stopped',
    outage: 'stopped',
    names: 1,
    hasAlternate: true,
  },
  { ...home, title: 'the majority of one of two quorum queues, killed', outage: 'killed', queueType: 'quorum' },
])(
  'delivers every record to each queue while the only copy is on a node that is down: $title',
  async (round) => {
    await runHomeNodeRound({ cluster, ...round });
  },
  180_000,
);
