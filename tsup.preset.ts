import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Options } from 'tsup';

export const INTERNAL = /^@discogs-extractor\/internal\//;

/**
 * The build of all packages: ES modules only, since Node 20.19 and newer can `require()` them, with declarations and
 * source maps.
 */
export const preset = (overrides: Options = {}): Options => ({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  clean: true,
  // The private package is not published, so it is bundled.
  noExternal: [INTERNAL],
  dts: { resolve: [INTERNAL] },
  sourcemap: true,
  treeshake: true,
  splitting: false,
  ...overrides,
});

/**
 * Bundles the part of zod that a package uses, with its licence. The whole of zod is a hundred modules, mostly
 * translations, which take as long to load as Node itself. It works only with `import * as z from 'zod'`.
 */
export const withZod: Options = {
  noExternal: [INTERNAL, 'zod'],
  onSuccess: async () => {
    const manifest = createRequire(join(process.cwd(), 'package.json')).resolve('zod/package.json');
    await copyFile(join(dirname(manifest), 'LICENSE'), join('dist', 'LICENSE-zod'));
  },
};
