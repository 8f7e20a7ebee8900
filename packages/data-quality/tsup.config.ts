import { defineConfig } from 'tsup';
import { library } from '../../tsup.preset.js';

// Both entries share their code, so that an error of one is an instance of the other's class.
export default defineConfig(library({ entry: ['src/index.ts', 'src/drift.ts'], splitting: true }));
