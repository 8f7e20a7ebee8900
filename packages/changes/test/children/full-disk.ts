import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ChangesError } from '../../src/index.js';
import { deliverMonth, openKillStore } from '../kit/deliver-month.js';

/** Delivers to a store on a small disk that becomes full meanwhile, and prints the outcome. Usage: full-disk.ts DIRECTORY */

const SEED = 1;
const [directory = ''] = process.argv.slice(2);
const filler = join(directory, 'filler');

const fill = (): void => {
  const file = openSync(filler, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch {
    // The disk is full now.
  } finally {
    closeSync(file);
  }
};

const codeOf = async (action: Promise<unknown>): Promise<string> =>
  action.then(
    () => 'done',
    (error: unknown) => (error instanceof ChangesError ? `${error.code} ${error.facts.errno}` : String(error)),
  );

const store = await openKillStore(directory);
await deliverMonth(store, SEED, 0, () => {});
const { ids } = store;
fill();
const full = await codeOf(deliverMonth(store, SEED, 1, () => {}));
const afterwards = await codeOf(deliverMonth(store, SEED, 1, () => {}));
await store.close().catch(() => {});
const unopened = await codeOf(openKillStore(join(directory, 'other')));
rmSync(filler);
await using again = await openKillStore(directory);
const counts = await deliverMonth(again, SEED, 1, () => {});
process.stdout.write(
  JSON.stringify({ ids: ids > 2000, full, afterwards, unopened, unchanged: counts.unchanged > 1000 }),
);
