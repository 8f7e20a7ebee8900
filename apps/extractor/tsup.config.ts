import { defineConfig } from 'tsup';
import { INTERNAL, preset, withZod } from '../../tsup.preset.js';

export default defineConfig(
  preset({
    ...withZod,
    entry: ['src/index.ts', 'src/cli.ts'],
    dts: { entry: 'src/index.ts', resolve: [INTERNAL] },
    splitting: true,
  }),
);
