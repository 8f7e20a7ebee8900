import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { checkMonths } from '../kit/oracle.js';

const RUNS = Number(process.env['CHAOS_RUNS'] ?? 100);
const seed = Number(process.env['MONTHS_SEED'] ?? Date.now() % 2 ** 31);

for (let run = 0; run < RUNS; run++) {
  test(`months of crashes, MONTHS_SEED=${seed + run}`, { timeout: 120_000 }, async () => {
    await checkMonths(await mkdtemp(join(tmpdir(), 'changes-months-')), seed + run, 10);
  });
}
