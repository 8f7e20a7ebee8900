import { setFlagsFromString } from 'node:v8';

/** How much the heap may grow between two full collections, in percent of what the last one left. */
const HEAP_GROWTH_PERCENT = 400;

/**
 * Lets V8 collect the whole heap less often. It sets its limit by what is alive of the JavaScript heap, which is little here (some 17 MB), but
 * counts with it the blocks and bodies under way, which come and go by 20 MB as a broker confirms them. So it collected everything one to
 * three times a second, for a few megabytes each time, and on a busy machine the main thread then waits for helper threads that get no core:
 * up to 70 ms. V8's bounds for the heap as a whole stay what they are. What it costs is some 10 MB of memory.
 */
export const giveHeapRoom = (): void => setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
