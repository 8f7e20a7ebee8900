import { startOwnBroker } from '../src/index.js';

// A process that owns a broker and never ends by itself.
const broker = await startOwnBroker();
process.stdout.write(String(broker.port));
setInterval(() => {}, 60_000);
