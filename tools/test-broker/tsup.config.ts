import { defineConfig } from 'tsup';
import { preset } from '../../tsup.preset.js';

// The workspace reads the types from the sources.
export default defineConfig(preset());
