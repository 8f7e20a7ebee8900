import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

export const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Tests import the packages' sources instead of `dist`, so that coverage refers to them. Programs that tests run as
 * processes, such as the command line, are tested as built.
 */
export const alias = {
  '@discogs-extractor/parser/shape': source('./packages/parser/src/shape.ts'),
  '@discogs-extractor/parser': source('./packages/parser/src/index.ts'),
  '@discogs-extractor/state-marker/contract': source('./packages/state-marker/src/contract.ts'),
  '@discogs-extractor/state-marker': source('./packages/state-marker/src/index.ts'),
  '@discogs-extractor/publisher': source('./packages/publisher/src/index.ts'),
  '@discogs-extractor/downloader/contract': source('./packages/downloader/src/contract.ts'),
  '@discogs-extractor/downloader': source('./packages/downloader/src/index.ts'),
  '@discogs-extractor/data-quality/drift': source('./packages/data-quality/src/drift.ts'),
  '@discogs-extractor/data-quality': source('./packages/data-quality/src/index.ts'),
  '@discogs-extractor/changes': source('./packages/changes/src/index.ts'),
  '@discogs-extractor/sample-dumps': source('./tools/sample-dumps/src/index.ts'),
  '@discogs-extractor/test-broker': source('./tools/test-broker/src/index.ts'),
  '@discogs-extractor/test-server': source('./tools/test-server/src/index.ts'),
};

/**
 * The files that take longest. They start first, so that no worker is idle at the end while another runs one of them.
 */
const SLOW_FILES = [
  'kill-matrix',
  'dockerfile',
  'page',
  'cluster',
  'fault-injection',
  'workers',
  'run-amqp',
  'conformance',
  'broker-changes',
  'parse',
  'run-ndjson',
  'months',
  'service-dependencies',
  'destination',
  'fanout-amqp',
  'misuse',
  'http',
  'damaged-gzip',
  'transform',
  'broker',
  'examples',
];

/**
 * Starts slow files first, then the others project by project, since a worker can be used again for the next file of
 * the same project. Starts those of packaging last, since their packages are installed in the background.
 */
class SlowFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const names = this.ctx.projects.map(({ name }) => name);
    const rank = ({ moduleId, project }: TestSpecification): number => {
      if (project.name === 'packaging') return SLOW_FILES.length + names.length;
      const at = SLOW_FILES.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at === -1 ? SLOW_FILES.length + names.indexOf(project.name) : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

interface ProjectOptions {
  globalSetup?: string | string[];
  /** Whether each test file has a process of its own, and so its own instance of every module. @default true */
  isolate?: boolean;
}

const project = (name: string, root: string, more: ProjectOptions = {}) => ({
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
    // The tests wait for brokers, processes and disks a fifth of the time: one file more than two cores uses that.
    maxWorkers: 3,
    sequence: { sequencer: SlowFilesFirst },
    projects: [
      // Their tests leave no state behind, so their files share a process: to start one and load the modules takes half a
      // second of processor time.
      project('internal', './packages/internal', { isolate: false }),
      project('parser', './packages/parser', { isolate: false }),
      project('state-marker', './packages/state-marker'),
      // Its test files share a broker, or borrow one from a pool if they stop, block or reconfigure it.
      project('publisher', './packages/publisher', {
        isolate: false,
        globalSetup: source('./tools/test-broker/src/vitest-global-setup.ts'),
      }),
      project('downloader', './packages/downloader', { isolate: false }),
      project('data-quality', './packages/data-quality', { isolate: false }),
      project('changes', './packages/changes', { isolate: false }),
      project('extractor', './apps/extractor', {
        isolate: false,
        globalSetup: source('./tools/test-broker/src/vitest-global-setup.ts'),
      }),
      project('sample-dumps', './tools/sample-dumps', { isolate: false }),
      project('test-broker', './tools/test-broker'),
      project('peers', './tools/peers', { isolate: false }),
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
