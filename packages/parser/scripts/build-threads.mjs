/** Bundles the program of a worker thread and writes it as a string to a generated source. Runs after `build-wasm.mjs`. */
import { fileURLToPath } from 'node:url';
import { bundle, writeSource } from '../../../bundle-source.mjs';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

const THREAD = 'src/parallel/worker-main.ts';
await writeSource(
  path('src/parallel/worker-source.generated.ts'),
  {
    script: 'scripts/build-threads.mjs',
    entry: THREAD,
    constant: 'WORKER_SOURCE',
    meaning: 'What such a thread runs.',
  },
  // Workers that are started from a string run as CommonJS.
  await bundle(path(THREAD), 'cjs'),
);
