import { startTethered } from '../src/tethered-process.js';

// Starts the command of the arguments as a broker is started, and never ends by itself.
const [logFile, command, ...args] = process.argv.slice(2) as [string, string, ...string[]];
await startTethered(command, args, process.env, logFile);
setInterval(() => {}, 60_000);
