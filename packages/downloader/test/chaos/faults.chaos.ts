import { it } from 'vitest';
import { downloadThroughFaults } from '../support/faults.js';

const FAULTS = Number(process.env['CHAOS_FAULTS'] ?? 1000);
const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);

it(
  `leaves no wrong byte under a final name through ${FAULTS} faults (seed ${SEED})`,
  () => downloadThroughFaults(FAULTS, SEED),
  FAULTS * 1000,
);
