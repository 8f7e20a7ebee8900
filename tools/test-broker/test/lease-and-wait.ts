import { leaseBroker } from '../src/leased-broker.js';

// Borrows a broker from the pool that the argument names, prints its port and never ends by itself.
const broker = await leaseBroker(process.argv[2]!);
process.stdout.write(String(broker.port));
setInterval(() => {}, 60_000);
