import type { Options } from 'tsup';

/**
 * The one build recipe of all packages: ESM only, since Node 20.19 and newer can `require()` it,
 * with declarations and source maps beside it.
 */
export const preset = (overrides: Options = {}): Options => ({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  clean: true,
  dts: true,
  sourcemap: true,
  treeshake: true,
  splitting: false,
  ...overrides,
});
