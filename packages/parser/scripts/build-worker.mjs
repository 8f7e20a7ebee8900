/**
 * Bundles what worker threads run and writes it, as a string, to `src/workers/worker-source.generated.ts`: a worker that
 * is started from a string needs no file that a bundler would have to find. Runs after `build-kernel.mjs`.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const entry = fileURLToPath(new URL('../src/workers/worker-main.ts', import.meta.url));
const target = fileURLToPath(new URL('../src/workers/worker-source.generated.ts', import.meta.url));

const folder = await mkdtemp(join(tmpdir(), 'worker-'));
try {
  await build({
    config: false,
    entry: { worker: entry },
    outDir: folder,
    // Workers that are started from a string run as CommonJS.
    format: ['cjs'],
    outExtension: () => ({ js: '.cjs' }),
    platform: 'node',
    target: 'node20',
    noExternal: [/.*/],
    minify: true,
    treeshake: true,
    splitting: false,
    silent: true,
  });
  const source = await readFile(join(folder, 'worker.cjs'), 'utf8');
  await writeFile(
    target,
    `// Written by scripts/build-worker.mjs from worker-main.ts. Not to be edited.\n\n/** What a worker thread runs. */\nexport const WORKER_SOURCE =\n  ${JSON.stringify(source)};\n`,
  );
  process.stdout.write(`worker: ${source.length} bytes\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
