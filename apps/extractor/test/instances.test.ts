import { describe, it } from 'vitest';
import { startTogether } from './kit/instances.js';

describe('two extractors started together in one data folder', () => {
  it(
    'of which exactly one works, three times; a lock left by a killed one is taken over',
    () => startTogether(3),
    60_000,
  );
});
