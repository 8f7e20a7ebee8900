import { describe, it } from 'vitest';
import { startTogether } from '../kit/instances.js';

const TIMES = 50;

describe('two extractors started together in one data folder', () => {
  it(
    `of which exactly one works, ${TIMES} times; a lock left by a killed one is taken over`,
    () => startTogether(TIMES),
    900_000,
  );
});
