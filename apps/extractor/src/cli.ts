#!/usr/bin/env node
import { listenEarly } from './system/signal-handlers.js';

// Loading the program takes a moment, and a stop counts in it as well. The other commands end by a signal as any filter does.
if (['run', 'download'].includes(process.argv[2] ?? '')) listenEarly();
await import('./program.js');
