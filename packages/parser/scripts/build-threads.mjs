/**
 * Bundles the program of a worker thread, and the module of the platform's transform, and writes each as a string to a
 * generated source: what is started or imported from a string needs no file that a bundler would have to find. Runs after
 * `build-wasm.mjs`.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

/** @returns the bundle's text */
const bundle = async (entry, format) => {
  const folder = await mkdtemp(join(tmpdir(), 'thread-'));
  try {
    await build({
      config: false,
      entry: { thread: path(entry) },
      outDir: folder,
      format: [format],
      outExtension: () => ({ js: '.js' }),
      platform: 'node',
      target: 'node20',
      noExternal: [/.*/],
      minify: true,
      treeshake: true,
      splitting: false,
      silent: true,
    });
    return await readFile(join(folder, 'thread.js'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const writeSource = async (entry, target, constant, meaning, text) => {
  await writeFile(
    path(target),
    `// Written by scripts/build-threads.mjs from ${entry}. Not to be edited.\n\n/** ${meaning} */\nexport const ${constant} =\n  ${JSON.stringify(text)};\n`,
  );
  process.stdout.write(`${entry}: ${text.length} bytes\n`);
};

const THREAD = 'src/parallel/worker-main.ts';
// Workers that are started from a string run as CommonJS.
const thread = await bundle(THREAD, 'cjs');
await writeSource(
  THREAD,
  'src/parallel/worker-source.generated.ts',
  'WORKER_SOURCE',
  'What such a thread runs.',
  thread,
);

const NORMALIZE = 'src/platform/normalize.ts';
const normalize = await bundle(NORMALIZE, 'esm');
await writeSource(
  NORMALIZE,
  'src/platform/normalize-module.generated.ts',
  'NORMALIZE_MODULE',
  'The URL of a module with its exports.',
  `data:text/javascript;base64,${Buffer.from(normalize).toString('base64')}`,
);
