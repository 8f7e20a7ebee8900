/**
 * Bundles the program of a worker thread and writes it, as a string, to a generated source: a worker that is started
 * from a string needs no file that a bundler would have to find. Runs after `build-wasm.mjs`.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

const bundle = async (entry, target, constant) => {
  const folder = await mkdtemp(join(tmpdir(), 'thread-'));
  try {
    await build({
      config: false,
      entry: { thread: path(entry) },
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
    const source = await readFile(join(folder, 'thread.cjs'), 'utf8');
    await writeFile(
      path(target),
      `// Written by scripts/build-threads.mjs from ${entry}. Not to be edited.\n\n/** What such a thread runs. */\nexport const ${constant} =\n  ${JSON.stringify(source)};\n`,
    );
    process.stdout.write(`${entry}: ${source.length} bytes\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

await bundle('src/parallel/worker-main.ts', 'src/parallel/worker-source.generated.ts', 'WORKER_SOURCE');
