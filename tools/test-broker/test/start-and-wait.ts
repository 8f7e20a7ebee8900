import { startNewBroker } from '../src/index.js';

// Starts a broker, prints its port and never ends by itself.
const broker = await startNewBroker();
process.stdout.write(String(broker.port));
setInterval(() => {}, 60_000);
