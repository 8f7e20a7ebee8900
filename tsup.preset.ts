import type { Options } from 'tsup';

export const INTERNAL = /^@discogs-extractor\/internal\//;

/**
 * The build of all packages: ESM only, since Node 20.19 and newer can `require()` it, with declarations and source maps.
 */
export const preset = (overrides: Options = {}): Options => ({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  clean: true,
  // The private package has no place of its own once a library is published.
  noExternal: [INTERNAL],
  dts: { resolve: [INTERNAL] },
  sourcemap: true,
  treeshake: true,
  splitting: false,
  ...overrides,
});
