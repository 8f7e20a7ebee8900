import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Tests import the packages' sources, so that coverage speaks of what is written here and not of `dist`.
 * What runs as a process of its own (the command line) is tested as built.
 */
export const alias = {
  '@discogs-extractor/parser/shape': source('./packages/parser/src/shape.ts'),
  '@discogs-extractor/parser': source('./packages/parser/src/index.ts'),
  '@discogs-extractor/state-marker/contract': source('./packages/state-marker/src/contract.ts'),
  '@discogs-extractor/state-marker': source('./packages/state-marker/src/index.ts'),
  '@discogs-extractor/publisher': source('./packages/publisher/src/index.ts'),
  '@discogs-extractor/downloader': source('./packages/downloader/src/index.ts'),
  '@discogs-extractor/sample-dumps': source('./tools/sample-dumps/src/index.ts'),
  '@discogs-extractor/test-broker': source('./tools/test-broker/src/index.ts'),
};

const project = (name: string, root: string, more: { globalSetup?: string | string[] } = {}) => ({
  resolve: { alias },
  test: {
    ...more,
    name,
    root: source(root),
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});

export default defineConfig({
  test: {
    // Two cores and real servers: more files side by side only make time-outs.
    maxWorkers: 2,
    projects: [
      project('internal', './packages/internal'),
      project('parser', './packages/parser'),
      project('state-marker', './packages/state-marker'),
      // Test files that do not injure their broker share one.
      project('publisher', './packages/publisher', {
        globalSetup: source('./tools/test-broker/src/vitest-global-setup.ts'),
      }),
      project('downloader', './packages/downloader'),
      project('extractor', './apps/extractor'),
      project('sample-dumps', './tools/sample-dumps'),
      project('test-broker', './tools/test-broker'),
      project('packaging', './tools/packaging', {
        globalSetup: [
          source('./tools/test-broker/src/vitest-global-setup.ts'),
          source('./tools/packaging/test/global-setup.ts'),
        ],
      }),
      project('examples', './examples', {
        globalSetup: source('./tools/test-broker/src/vitest-global-setup.ts'),
      }),
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'tools/*/src/**/*.ts'],
      exclude: ['**/*.generated.ts', '**/*.d.ts'],
      reporter: ['text', 'html', 'json-summary'],
    },
  },
});
