import { defineConfig } from 'tsup';
import { preset, withZod } from '../../tsup.preset.js';

// Both entries share their code, so that an error of one is an instance of the other's class.
export default defineConfig(preset({ ...withZod, entry: ['src/index.ts', 'src/contract.ts'], splitting: true }));
