import { describe, it } from 'vitest';
import { startTogether } from './kit/instances.js';

describe('two extractors started together in one data folder', () => {
  it('exactly one works, three times in a row, also after a killed one', () => startTogether(3), 60_000);
});
