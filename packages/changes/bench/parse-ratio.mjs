// Measures what a pass over an unchanged dump costs: the time to parse it and decide about each record, divided by the
// time to parse it alone. The store has another hash for 3 % of the records.
//
//   node bench/parse-ratio.mjs DUMP [ROUNDS]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRecords } from '@discogs-extractor/parser';
import { openChangeStore } from '../dist/index.js';

const [dump, rounds = '3'] = process.argv.slice(2);
if (dump === undefined) {
  console.error('Usage: node bench/parse-ratio.mjs DUMP [ROUNDS]');
  process.exit(2);
}
const WORKERS = 2;
const COMMIT_RECORDS = 5000;

/** Returns the seconds since its creation: of the clock, and of the processors. */
const startClock = () => {
  const start = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - start) / 1000, processorSeconds: (user + system) / 1e6 };
  };
};

const parse = async () => {
  const clock = startClock();
  const blocks = encodeRecords(dump, { workers: WORKERS });
  for await (const block of blocks) block.release();
  return { ...clock(), records: blocks.stats.records };
};

/** The block as it was a month before. @param {import('@discogs-extractor/parser').EncodedBlock} block */
const earlier = (block) => ({
  ...{ count: block.count, firstRecord: block.firstRecord, lastRecord: block.lastRecord },
  number: (/** @type {number} */ index) => block.number(index),
  id: (/** @type {number} */ index) => block.id(index),
  sha256: (/** @type {number} */ index) => (block.number(index) % 33 === 0 ? '0'.repeat(64) : block.sha256(index)),
});

/** @param {import('../dist/index.js').ChangeStore} store @param {string} source @param {boolean} isPrevious */
const passOver = async (store, source, isPrevious) => {
  const clock = startClock();
  const pass = await store.beginPass({ version: source, source });
  let committed = 0;
  for await (const block of encodeRecords(dump, { workers: WORKERS })) {
    const { lastRecord } = block;
    // The parser's own block is read fastest.
    await pass.decide(isPrevious ? earlier(block) : block);
    pass.confirm(lastRecord);
    block.release();
    if (lastRecord - committed < COMMIT_RECORDS) continue;
    await pass.commit();
    committed = lastRecord;
  }
  await pass.endRecords();
  const counts = await pass.end();
  return { ...clock(), ...counts };
};

const directory = await mkdtemp(join(tmpdir(), 'changes-ratio-'));
try {
  const store = await openChangeStore({ directory, sink: 'null', contract: 'topic', dataType: 'any' });
  for (let round = 1; round <= Number(rounds); round++) {
    const first = await passOver(store, `previous ${round}`, true);
    const second = await passOver(store, `next ${round}`, false);
    const alone = await parse();
    console.log(
      `${alone.records} records: parse ${alone.seconds.toFixed(2)} s, with the store ${second.seconds.toFixed(2)} s ` +
        `(${second.published} changed), ratio ${(second.seconds / alone.seconds).toFixed(2)}, ` +
        `of processor time ${(second.processorSeconds / alone.processorSeconds).toFixed(2)}; ` +
        `the pass before ${first.seconds.toFixed(2)} s (${first.published} sent)`,
    );
  }
  await store.close();
} finally {
  await rm(directory, { recursive: true, force: true });
}
