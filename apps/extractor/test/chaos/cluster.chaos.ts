import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { startNewCluster, type TestCluster } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FAULTS, type FaultName, runClusterRound } from '../kit/cluster-rounds.js';

const ROUNDS = Number(process.env['CLUSTER_ROUNDS'] ?? 20);
const SEED = Number(process.env['CLUSTER_SEED'] ?? Date.now() % 1_000_000);
const RECORDS = Number(process.env['CLUSTER_RECORDS'] ?? 100_000);

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startNewCluster();
});
afterAll(async () => {
  await cluster?.close();
});

it(
  `delivers every record to a quorum queue of a cluster, ${ROUNDS} times, whatever happens to a node (seed ${SEED})`,
  async () => {
    const names = Object.keys(FAULTS) as FaultName[];
    for (let round = 0; round < ROUNDS; round++) {
      const random = randomFrom(SEED + round);
      const fault = names[Math.floor(random() * names.length)] as FaultName;
      const report = await runClusterRound({ cluster, fault, random, records: RECORDS });
      process.stdout.write(`Round ${round + 1}, seed ${SEED + round}: ${fault}, ${JSON.stringify(report)}\n`);
      expect(report.reconnects).toBeGreaterThan(0);
    }
  },
  ROUNDS * 180_000,
);
