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
