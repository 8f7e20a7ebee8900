import { defineConfig } from 'vitest/config';
import { alias, source } from './vitest.config.js';

const project = (name: string, root: string) => ({
  resolve: { alias },
  test: { name, root: source(root), include: ['test/chaos/**/*.chaos.ts'], hookTimeout: 180_000 },
});

/** Injuries and kills again and again; too long for every run of the tests. `CHAOS_RUNS`, `KILLS` and `SOAK_MINUTES` say how often and how long. */
export default defineConfig({
  test: {
    maxWorkers: 1,
    reporters: ['verbose'],
    projects: [project('publisher', './packages/publisher'), project('extractor', './apps/extractor')],
  },
});
