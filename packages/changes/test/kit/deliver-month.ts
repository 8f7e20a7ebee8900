import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { type ChangeStore, openChangeStore, type PassCounts } from '../../src/index.js';
import { blockOf, nextDump, type TestDump } from './dump.js';

const SIZE = 3000;

/** The dump of a month, which only depends on the seed. */
export const dumpOfMonth = (seed: number, month: number): TestDump => {
  const random = randomFrom(seed);
  let dump: TestDump = [];
  for (let at = 0; at <= month; at++) dump = nextDump(dump, random, SIZE);
  return dump;
};

export const openKillStore = (directory: string): Promise<ChangeStore> =>
  openChangeStore({ directory, sink: 'log', contract: 'topic', dataType: 'releases' });

/**
 * Delivers a month. What is sent is confirmed some blocks later, so that a kill leaves some of it unconfirmed.
 *
 * @param send - gets an id with its hash, or without one if it is deleted
 */
export const deliverMonth = async (
  store: ChangeStore,
  seed: number,
  month: number,
  send: (id: string, sha256: string | undefined) => void,
  onCommit: () => void = () => {},
): Promise<PassCounts> => {
  const dump = dumpOfMonth(seed, month);
  const pass = await store.beginPass({ version: String(month), source: `dump ${month}` });
  const random = randomFrom(seed + month);
  let sent = pass.watermark;
  for (let at = pass.watermark; at < dump.length; ) {
    const records = dump.slice(at, at + 1 + Math.floor(random() * 100));
    const decision = await pass.decide(blockOf(records, at + 1));
    for (const [index, { id, sha256 }] of records.entries()) if (decision.send[index] === 1) send(id, sha256);
    pass.confirm(sent);
    at += records.length;
    if (random() < 0.7) sent = at;
    if (random() < 0.5) continue;
    await pass.commit();
    onCommit();
  }
  pass.confirm(dump.length);
  await pass.endRecords({ maxDeletedPercent: 100 });
  for await (const batch of pass.deletions()) {
    for (const { id, number } of batch) {
      send(id, undefined);
      if (number % 3 === 0) pass.confirmDeletions(number - 1);
      if (number % 20 === 0) await pass.commit();
    }
    pass.confirmDeletions(batch.at(-1)?.number ?? 0);
  }
  return pass.end();
};
