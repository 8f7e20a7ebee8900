/** Bundles the module that applies rules, and writes its URL to a generated source. */
import { fileURLToPath } from 'node:url';
import { bundle, dataUrl, writeSource } from '../../../bundle-source.mjs';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

const entry = 'src/transform/rules-transform.ts';
await writeSource(
  path('src/transform/rules-module.generated.ts'),
  {
    script: 'scripts/build-module.mjs',
    entry,
    constant: 'RULES_MODULE',
    meaning: 'The URL of a module with its exports.',
  },
  dataUrl(await bundle(path(entry), 'esm')),
);
