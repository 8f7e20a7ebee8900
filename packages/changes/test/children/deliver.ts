import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deliverMonth, openKillStore } from '../kit/deliver-month.js';

/** Delivers month after month to a log until it is killed. Usage: deliver.ts DIRECTORY SEED MONTH */

const [directory = '', seed, first] = process.argv.slice(2);
const log = openSync(join(directory, 'log'), 'a');
await using store = await openKillStore(directory);
for (let month = Number(first); ; month++) {
  await deliverMonth(
    store,
    Number(seed),
    month,
    (id, sha256) => writeSync(log, `${JSON.stringify([id, sha256])}\n`),
    () => writeSync(1, `${month}\n`),
  );
}
