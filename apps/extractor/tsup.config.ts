import { rm } from 'node:fs/promises';
import { defineConfig } from 'tsup';
import { INTERNAL, preset, withDependencies, withZod } from '../../tsup.preset.js';

export default defineConfig(async () => {
  // Both builds write there, at the same time.
  await rm('dist', { recursive: true, force: true });
  return [
    // A program that imports the service shares the libraries with it, and so the classes of their errors. The licence
    // of zod is among those of the command line.
    preset({ ...withZod, esbuildPlugins: [], clean: false, dts: { entry: 'src/index.ts', resolve: [INTERNAL] } }),
    preset({
      // Native code and WebAssembly in a file cannot be bundled.
      ...withDependencies({ external: ['fs-native-extensions', 'node-sqlite3-wasm'] }),
      clean: false,
      entry: ['src/cli.ts'],
    }),
  ];
});
