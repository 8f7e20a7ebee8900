#!/usr/bin/env node
import { installStartupHandlers } from './system/signal-handlers.js';

// Loading the program takes a moment, in which `run` and `download` must already handle stop signals. A signal ends the
// other commands, like any filter.
if (['run', 'download'].includes(process.argv[2] ?? '')) installStartupHandlers();
await import('./program.js');
