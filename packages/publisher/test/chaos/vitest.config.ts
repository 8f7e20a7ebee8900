import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The injuries again and again; too long for every run of the tests. `CHAOS_RUNS` says how often. */
export default defineConfig({
  resolve: {
    alias: {
      '@discogs-extractor/test-broker': fileURLToPath(
        new URL('../../../../tools/test-broker/src/index.ts', import.meta.url),
      ),
    },
  },
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/chaos/**/*.chaos.ts'],
    hookTimeout: 180_000,
  },
});
