/**
 * Bundles the program of a worker thread, and the module of the platform's transform, and writes each as a string to a
 * generated source. Runs after `build-wasm.mjs`.
 */
import { fileURLToPath } from 'node:url';
import { bundle, dataUrl, writeSource } from '../../../bundle-source.mjs';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

const script = 'scripts/build-threads.mjs';

const THREAD = 'src/parallel/worker-main.ts';
await writeSource(
  path('src/parallel/worker-source.generated.ts'),
  { script, entry: THREAD, constant: 'WORKER_SOURCE', meaning: 'What such a thread runs.' },
  // Workers that are started from a string run as CommonJS.
  await bundle(path(THREAD), 'cjs'),
);

const NORMALIZE = 'src/platform/normalize.ts';
await writeSource(
  path('src/platform/normalize-module.generated.ts'),
  { script, entry: NORMALIZE, constant: 'NORMALIZE_MODULE', meaning: 'The URL of a module with its exports.' },
  dataUrl(await bundle(path(NORMALIZE), 'esm')),
);
