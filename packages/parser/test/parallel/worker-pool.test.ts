import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createWorkerPool, encodeRecords, type ReadOptions, type WorkerPool } from '../../src/index.js';
import { chunksOf } from '../support/chunks.js';
import { artistsXml } from '../support/dumps.js';
import { outcomeOf } from '../support/outcome.js';

const taskNumbers = (): string[] => readdirSync('/proc/self/task');

/** Dumps of different types and with different options, which share threads. */
const releases = Buffer.from(
  `<releases>\n${Array.from({ length: 20_000 }, (_, n) => `<release id="${n + 1}"><title>R ${n} &amp; co</title></release>`).join('\n')}\n</releases>`,
);
const labels = Buffer.from(
  `<labels>\n${Array.from({ length: 20_000 }, (_, n) => `<label><id>${n + 1}</id><a><b><c>${n}</c></b></a></label>`).join('\n')}\n</labels>`,
);
const READS: readonly (readonly [Buffer, ReadOptions])[] = [
  [gzipSync(artistsXml(30_000)), {}],
  [releases, {}],
  [labels, { maxDepth: 3, maxMalformed: Number.POSITIVE_INFINITY, limit: 5 }],
  [labels, { skip: 19_000 }],
  [artistsXml(2000), { engine: 'strict' }],
  [releases, { reading: 'platform', skip: 19_000 }],
];

test('reads that share a pool yield what they yield alone, in parallel and one after the other', async () => {
  await using pool = createWorkerPool({ threads: 2 });
  const read = ([input, options]: (typeof READS)[number], workers: number | WorkerPool) =>
    outcomeOf(chunksOf(input, 100_000), { ...options, workers });
  const alone = await Promise.all(READS.map((each) => read(each, 0)));
  expect(alone[0]!.records).toHaveLength(30_000);
  expect(alone[2]!.malformed).toHaveLength(20_000);
  expect(await Promise.all(READS.map((each) => read(each, pool)))).toEqual(alone);
  for (const [index, each] of READS.entries()) expect(await read(each, pool)).toEqual(alone[index]);
});

test('a pool stays usable after a read that ended early or was aborted', async () => {
  await using pool = createWorkerPool({ threads: 1 });
  pool.start();
  const before = taskNumbers().length;
  for (let times = 0; times < 3; times++) {
    for await (const _ of encodeRecords(chunksOf(releases, 100_000), { workers: pool })) break;
    const controller = new AbortController();
    const aborted = (async () => {
      for await (const _ of encodeRecords(chunksOf(releases, 100_000), { workers: pool, signal: controller.signal })) {
        controller.abort(new Error('mine'));
      }
    })();
    await expect(aborted).rejects.toThrow('mine');
  }
  const outcome = await outcomeOf(chunksOf(releases, 100_000), { workers: pool });
  expect(outcome.records).toHaveLength(20_000);
  expect(taskNumbers().length).toBe(before);
});

test('closing a pool fails reads that use it, current and later ones; closing it twice is allowed', async () => {
  const pool = createWorkerPool({ threads: 1 });
  const read = async (): Promise<void> => {
    for await (const _ of encodeRecords(chunksOf(releases, 100_000), { workers: pool })) await pool.close();
  };
  await expect(read()).rejects.toMatchObject({ code: 'WORKER_FAILED' });
  await expect(read()).rejects.toMatchObject({ code: 'WORKER_FAILED' });
  await pool.close();
});

test('a pool that no read uses starts its threads only if it is told to', async () => {
  const before = taskNumbers().length;
  const pool = createWorkerPool({ threads: 2 });
  expect(taskNumbers().length).toBe(before);
  pool.start();
  pool.start();
  expect(taskNumbers().length).toBe(before + 2);
  expect((await outcomeOf(chunksOf(artistsXml(10), 100), { workers: pool })).records).toHaveLength(10);
  expect(taskNumbers().length).toBe(before + 2);
  await pool.close();
  pool.start();
  expect(taskNumbers().length).toBe(before);
});

test.runIf(process.platform === 'linux')('only the threads of a pool get its niceness', async () => {
  const niceOf = (task: string): number => {
    const stat = readFileSync(`/proc/self/task/${task}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  };
  const others = new Set(taskNumbers());
  const usual = niceOf(String(process.pid));
  await using pool = createWorkerPool({ threads: 2, nice: 19 });
  await outcomeOf(chunksOf(releases, 100_000), { workers: pool });
  const niced = taskNumbers().filter((task) => !others.has(task) && niceOf(task) === 19);
  expect(niced).toHaveLength(2);
  expect(niceOf(String(process.pid))).toBe(usual);
});

test.each([
  {},
  { threads: 0 },
  { threads: 1.5 },
  { threads: 1000 },
  { threads: 1, nice: -1 },
  { threads: 1, nice: 20 },
  { threads: 1, prio: 1 },
])('options %j are refused', (options) => {
  expect(() => createWorkerPool(options as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
});

test('an object that only looks like a pool is refused', () => {
  const workers = { threads: 2, start: () => {}, close: async () => {}, [Symbol.asyncDispose]: async () => {} };
  expect(() => encodeRecords('x', { workers })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
});
