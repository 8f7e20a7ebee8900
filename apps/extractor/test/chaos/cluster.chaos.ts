import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { startNewCluster, type TestCluster } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, it } from 'vitest';
import { FAULTS, type FaultName, runClusterRound } from '../kit/cluster-rounds.js';

const ROUNDS = Number(process.env['CLUSTER_ROUNDS'] ?? 20);
const SEED = Number(process.env['CLUSTER_SEED'] ?? Date.now() % 1_000_000);
const FAULTS_PER_ROUND = 3;
const RECORDS = Number(process.env['CLUSTER_RECORDS'] ?? 100_000);

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startNewCluster({ plugins: ['rabbitmq_consistent_hash_exchange'] });
});
afterAll(async () => {
  await cluster?.close();
});

it(
  `delivers every record to a queue and to 6 partitions of a cluster, ${ROUNDS} times, whatever happens to its nodes (seed ${SEED})`,
  async () => {
    const names = Object.keys(FAULTS) as FaultName[];
    for (let round = 0; round < ROUNDS; round++) {
      const random = randomFrom(SEED + round);
      // In each round a node is killed.
      const killedAt = Math.floor(random() * FAULTS_PER_ROUND);
      const faults = Array.from({ length: FAULTS_PER_ROUND }, (_, index): FaultName => {
        const any = names[Math.floor(random() * names.length)] as FaultName;
        return index === killedAt ? 'killed' : any;
      });
      process.stdout.write(`Round ${round + 1}, seed ${SEED + round}: ${faults.join(', ')}`);
      const report = await runClusterRound({ cluster, faults, random, records: RECORDS, partitions: [1, 6] });
      process.stdout.write(`: ${report.reconnects} reconnects, ${report.repeats} repeats\n`);
    }
  },
  ROUNDS * 300_000,
);
