// A proxy that delays, in a process of its own so that it takes no processor time from the publisher's.
import { startProxy } from '@discogs-extractor/test-broker';

const [host, port, delay] = process.argv.slice(2);
const proxy = await startProxy({ host, port: Number(port) });
proxy.setDelay(Number(delay));
process.stdout.write(`${proxy.port}\n`);
process.stdin.resume();
process.stdin.once('end', () => process.exit());
