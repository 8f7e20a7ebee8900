import { describe, it } from 'vitest';
import { startTogether } from '../kit/instances.js';

const TIMES = 50;

describe('two extractors started together in one data folder', () => {
  it(`exactly one works, ${TIMES} times in a row, also after a killed one`, () => startTogether(TIMES), 900_000);
});
