import { test } from 'vitest';
import { checkRandomSteps } from './check-random-steps.js';

const RUNS = 100;
const seed = Number(process.env['FAST_CHECK_SEED'] ?? Date.now() % 2 ** 31);

test(`the invariants of a marker hold after any steps (${RUNS} runs, FAST_CHECK_SEED=${seed})`, () => {
  checkRandomSteps(RUNS, seed);
});
