import { defineConfig } from 'vitest/config';
import { alias, source } from './vitest.config.js';

const project = (name: string, root: string) => ({
  resolve: { alias },
  test: { name, root: source(root), include: ['test/chaos/**/*.chaos.ts'], hookTimeout: 180_000 },
});

/**
 * Repeats faults and kills many times, which takes too long for `npm test`. `CHAOS_RUNS`, `KILLS` and `SOAK_MINUTES` say
 * how often and how long.
 */
export default defineConfig({
  test: {
    maxWorkers: 1,
    reporters: ['verbose'],
    projects: [
      project('state-marker', './packages/state-marker'),
      project('publisher', './packages/publisher'),
      project('extractor', './apps/extractor'),
    ],
  },
});
