// Measures the store: time and memory per million records of a first and a second month, and bytes on disk.
//
//   node bench/bench.mjs [--records 1000000] [--order ids|random] [--json FILE]
//
// The second month has 3 % changed records, and 0.5 % of the ids are gone. A block has 1000 records, whose ids and hashes
// are read as those of the parser's blocks. Memory is what the process has above the same loop without a store.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openChangeStore } from '../dist/index.js';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    order: { type: 'string', default: 'ids' },
    json: { type: 'string' },
  },
});
const RECORDS = Number(values.records);
const BLOCK_RECORDS = 1000;
/** As often as the state marker is saved. */
const COMMIT_RECORDS = 5000;
const CHANGED = 0.03;
const GONE = 0.005;
/** Every other id is in a dump, as in those of Discogs. */
const idOf = (/** @type {number} */ place) => place * 2 + (place % 3 === 0 ? 1 : 0);

/** Memory of this process without files: the page cache and code are not counted. In bytes. */
const anonymousMemory = () => {
  const found = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(found?.[1] ?? 0) * 1024;
};

// Places in the dump to places of ids: a bijection that needs no memory.
const STEP = 2_654_435_761 % RECORDS || 1;
const placeOf = (/** @type {number} */ at) =>
  values.order === 'ids' ? at : Number((BigInt(at) * BigInt(STEP)) % BigInt(RECORDS));

/** 32 bytes that depend on the id and the month in which the record changed last, without the cost of a hash. */
const writeHash = (
  /** @type {Uint8Array} */ into,
  /** @type {number} */ at,
  /** @type {number} */ place,
  /** @type {number} */ month,
) => {
  const isChanged = month === 2 && (place * 7919) % 1000 < CHANGED * 1000;
  const from = ((place * 31 + (isChanged ? 1 : 0)) % SOURCES) * 32;
  into.set(HASHES.subarray(from, from + 32), at * 32);
};
const SOURCES = 65_521;
const HASHES = Buffer.concat(
  Array.from({ length: SOURCES }, (_, at) => createHash('sha256').update(String(at)).digest()),
);

/** @param {number} month @param {import('../dist/index.js').ChangeStore} store */
const passOver = async (month, store) => {
  const began = process.cpuUsage();
  const start = performance.now();
  const pass = await store.beginPass({ version: `2026010${month}`, source: String(month) });
  let sent = 0;
  let memory = 0;
  let committed = 0;
  for (const block of blocksOf(month)) {
    const { sendCount } = await pass.decide(block);
    sent += sendCount;
    pass.confirm(block.lastRecord);
    if (block.lastRecord - committed < COMMIT_RECORDS) continue;
    await pass.commit();
    committed = block.lastRecord;
    memory = Math.max(memory, anonymousMemory());
  }
  await pass.endRecords({ maxDeletedPercent: 100 });
  for await (const batch of pass.deletions()) {
    const last = batch.at(-1);
    if (last !== undefined) pass.confirmDeletions(last.number);
  }
  const counts = await pass.end();
  const { user, system } = process.cpuUsage(began);
  const perMillion = 1e6 / RECORDS;
  return {
    month,
    sent,
    ...counts,
    secondsPerMillion: ((performance.now() - start) / 1000) * perMillion,
    processorSecondsPerMillion: ((user + system) / 1e6) * perMillion,
    memory,
  };
};

/** The blocks of a month, in memory that the next block uses again. @param {number} month */
function* blocksOf(month) {
  const ids = new Float64Array(BLOCK_RECORDS);
  const hashes = new Uint8Array(BLOCK_RECORDS * 32);
  for (let first = 1, at = 0; at < RECORDS; ) {
    let count = 0;
    for (; count < BLOCK_RECORDS && at < RECORDS; at++) {
      const place = placeOf(at);
      if (month === 2 && (place * 104_729) % 1000 < GONE * 1000) continue;
      ids[count] = idOf(place);
      writeHash(hashes, count, place, month);
      count++;
    }
    if (count === 0) return;
    yield {
      firstRecord: first,
      lastRecord: first + count - 1,
      count,
      number: (/** @type {number} */ index) => first + index,
      id: (/** @type {number} */ index) => String(ids[index]),
      sha256: (/** @type {number} */ index) =>
        Buffer.from(hashes.subarray(index * 32, index * 32 + 32)).toString('hex'),
      readNumericIds: (/** @type {Float64Array} */ into) => into.set(ids.subarray(0, count)),
      readHashes: (/** @type {Uint8Array} */ into) => into.set(hashes.subarray(0, count * 32)),
    };
    first += count;
  }
}

/** What the blocks cost without a store. */
const measureLoop = () => {
  const began = process.cpuUsage();
  let memory = 0;
  for (const { lastRecord } of blocksOf(1)) if (lastRecord % 5000 === 0) memory = Math.max(memory, anonymousMemory());
  const { user, system } = process.cpuUsage(began);
  return { memory, processorSecondsPerMillion: ((user + system) / 1e6) * (1e6 / RECORDS) };
};

const directory = await mkdtemp(join(tmpdir(), 'changes-bench-'));
try {
  const loop = measureLoop();
  /** @type {Awaited<ReturnType<typeof passOver>>[]} */
  const months = [];
  let bytes = 0;
  for (const month of [1, 2]) {
    const store = await openChangeStore({ directory, sink: 'null', contract: 'topic', dataType: 'releases' });
    months.push(await passOver(month, store));
    // While the store is open, so with its write-ahead log.
    const sizes = await Promise.all(
      (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size),
    );
    bytes = Math.max(
      bytes,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    await store.close();
  }
  const result = {
    records: RECORDS,
    order: values.order,
    loopProcessorSecondsPerMillion: loop.processorSecondsPerMillion,
    months: months.map(({ memory, ...month }) => ({ ...month, megabytesAbove: (memory - loop.memory) / 1e6 })),
    bytesPerRecord: bytes / RECORDS,
  };
  console.log(JSON.stringify(result, undefined, 2));
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(result));
} finally {
  await rm(directory, { recursive: true, force: true });
}
