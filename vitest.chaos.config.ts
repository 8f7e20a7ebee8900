import { defineConfig } from 'vitest/config';
import { alias, source } from './vitest.config.js';

const project = (name: string, root: string, more: { testTimeout?: number } = {}) => ({
  resolve: { alias },
  test: { ...more, name, root: source(root), include: ['test/chaos/**/*.chaos.ts'], hookTimeout: 180_000 },
});

/**
 * Repeats faults, kills and random rounds many times, which takes too long for `npm test`. `CHAOS_RUNS`,
 * `CHAOS_FAULTS`, `KILLS`, `SOAK_MINUTES`, `PARSER_RUNS`, `GUNZIP_ROUNDS`, `CLUSTER_ROUNDS` and `CLUSTER_RECORDS` say how
 * often and how long; `CLUSTER_SEED` repeats rounds of a cluster; `PARSER_EXHAUSTIVE=0` tries only a part of the places in
 * a dump, as `npm test` does.
 */
export default defineConfig({
  test: {
    maxWorkers: 1,
    reporters: ['verbose'],
    projects: [
      project('parser', './packages/parser', { testTimeout: 7_200_000 }),
      project('state-marker', './packages/state-marker'),
      project('downloader', './packages/downloader'),
      project('changes', './packages/changes'),
      project('publisher', './packages/publisher'),
      project('extractor', './apps/extractor'),
    ],
  },
});
