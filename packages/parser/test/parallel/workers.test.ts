import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeRecords, parseRecords } from '../../src/index.js';
import type { BlockTask } from '../../src/parallel/block-runner.js';
import { BlockThreads } from '../../src/parallel/block-threads.js';
import type { SegmentTask } from '../../src/parallel/inflate-segment.js';
import { loadCases } from '../conformance/load-cases.js';
import { chunksOf } from '../support/chunks.js';
import { artistsXml } from '../support/dumps.js';
import { ENGINES } from '../support/engines.js';
import { isExhaustive } from '../support/exhaustive.js';
import { expectSame } from '../support/expect-same.js';
import { outcomeOf, outcomeOfCut } from '../support/outcome.js';
import { LocalRunner, outcomeOfBlocks, outcomeOfSegments } from '../support/outcome-of-blocks.js';

/** Labels with text that looks like a record boundary: nested labels on lines of their own, in CDATA, in comments. */
const labelsWithFalseBoundaries = (count: number, seed: number): Buffer => {
  const random = randomFrom(seed);
  const parts = ['<labels>\n'];
  for (let id = 1; id <= count; id++) {
    const choice = Math.floor(random() * 40);
    if (choice === 0) parts.push('<!-- </label>\n<label><id>9</id></label>\n -->');
    if (choice === 1) parts.push(`<label><id>${id}</id><a><![CDATA[</label>\n<label>]]></a></label>\n`);
    else if (choice === 2)
      parts.push(`<label><id>${id}</id><sublabels><label>x</label>\n<label id="7">y</label>\n</sublabels></label>\n`);
    else if (choice === 3) parts.push(`<label><id>${id}</id><a b="</label>\n<label>"/>&nbsp;</label>\n`);
    else if (choice === 4) parts.push(`<label><id>${id}</id><a></label>\n`);
    else if (choice === 5) parts.push(`<label><id>${id}</id><!X></label>\n`);
    else
      parts.push(
        `<label><id>${id}</id><profile>${'p'.repeat(Math.floor(random() * 600))} &amp; &#13;</profile></label>\n`,
      );
  }
  parts.push('</labels>');
  return Buffer.from(parts.join(''));
};

const threads = (): number => readdirSync('/proc/self/task').length;

const maxMalformed = Number.POSITIVE_INFINITY;

const SMALL_CASES = loadCases()
  .filter(({ input }) => input.length < 100_000)
  .map((theCase, index) => ({ ...theCase, index }));

/** All of them, or one that is another for the next case. */
const someOf = <T>(all: readonly T[], index: number): readonly T[] => (isExhaustive ? all : [all[index % all.length]!]);

describe.each(ENGINES)('$name', ({ name: engine, regular }) => {
  describe('the output does not depend on the number of threads', () => {
    // The strict engine is slow, and a few blocks are enough for it.
    const scale = engine === 'strict' ? 0.2 : 0.4;
    const some = (count: number): number => Math.round(count * scale);
    const gz = gzipSync(labelsWithFalseBoundaries(some(20_000), 1));

    const selections = [
      {},
      { skip: some(17_000), limit: 5 },
      { skip: some(9000) },
      { limit: some(12_345) },
      { maxMalformed: 300 },
    ];
    // What is counted and left out does not depend on the engine.
    test.each(engine === 'fast' || isExhaustive ? selections : selections.slice(0, 2))('%j', async (options) => {
      const all = { maxMalformed, ...options, engine };
      const alone = await outcomeOf(chunksOf(gz, 50_000), all);
      expect(alone.records.length).toBeGreaterThan(0);
      const isPlain = Object.keys(options).length === 0;
      for (const workers of engine === 'fast' && (isPlain || isExhaustive) ? [1, 2, 3] : [2]) {
        expectSame(await outcomeOf(chunksOf(gz, 50_000), { ...all, workers }), alone);
      }
    });

    test('parseRecords yields the same objects', async () => {
      const read = async (workers: number): Promise<unknown[]> => {
        const records: unknown[] = [];
        for await (const record of parseRecords(chunksOf(gz, 50_000), { workers, engine, maxMalformed }))
          records.push(record);
        return records;
      };
      expectSame(await read(2), await read(0));
    });

    test('a truncated stream yields everything before its end', async () => {
      for (const length of [10, some(30_000), gz.length - 20]) {
        const options = { engine, maxMalformed };
        const alone = await outcomeOf(chunksOf(gz.subarray(0, length), 9999), options);
        expect(alone.error).toBe('TRUNCATED');
        expectSame(await outcomeOf(chunksOf(gz.subarray(0, length), 9999), { ...options, workers: 2 }), alone);
      }
    });
  });

  test.each(SMALL_CASES)('case $name, in small blocks', async ({ index, input, ...theCase }) => {
    const options = { ...theCase.options, engine };
    const whole = outcomeOfCut(input, [], options, regular(options));
    for (const blockBytes of someOf([16, 61, 200], index)) {
      const runner = new LocalRunner(regular(options));
      expectSame(await outcomeOfBlocks(input, blockBytes, options, runner), whole, `blocks of ${blockBytes}`);
    }
  });
});

describe('segments of a gzip stream', () => {
  const fast = ENGINES[1]!;
  let segments = 0;

  test.each(SMALL_CASES)('case $name, in short segments', async ({ index, input, ...theCase }) => {
    const options = { ...theCase.options, engine: fast.name };
    const whole = outcomeOfCut(input, [], options, fast.regular(options));
    const sizesOfInput = [
      [17, 61],
      [1, 16],
      [40, 2000],
    ] as const;
    for (const [chunkBytes, segmentBytes] of someOf(sizesOfInput, index)) {
      const runner = new LocalRunner(fast.regular(options));
      const sizes = { chunkBytes, segmentBytes };
      const outcome = await outcomeOfSegments(input, sizes, options, runner);
      expectSame(outcome, whole, JSON.stringify(sizes));
      segments += runner.segments;
    }
  });

  test('those cases inflated segments', () => {
    expect(segments).toBeGreaterThan(1000);
  });

  test.each([{}, { skip: 700 }, { skip: 701, limit: 5 }, { maxMalformed: 3 }])(
    'false boundaries do not change the output, %j',
    async (options) => {
      const input = labelsWithFalseBoundaries(1500, 2);
      const all = { maxMalformed, ...options, engine: fast.name };
      const alone = await outcomeOf(chunksOf(input, 50_000), all);
      for (const sizes of [
        { chunkBytes: 1000, segmentBytes: 3000 },
        { chunkBytes: 333, segmentBytes: 20_000 },
        { chunkBytes: 100_000, segmentBytes: 70_000 },
      ]) {
        const runner = new LocalRunner(fast.regular());
        expectSame(await outcomeOfSegments(input, sizes, all, runner), alone, JSON.stringify(sizes));
        expect(runner.segments).toBeGreaterThan(0);
      }
    },
  );

  describe('after skipping', () => {
    let gz: Buffer;

    beforeAll(() => {
      // Text that hardly compresses, so that memory of the input is reused while blocks wait for their turn.
      const random = randomFrom(3);
      const noise = (): string =>
        Array.from({ length: 80 }, () => Math.floor(random() * 2 ** 32).toString(36)).join('');
      const parts = Array.from(
        { length: 20_000 },
        (_, n) => `<label><id>${n + 1}</id><profile>${noise()}</profile></label>\n`,
      );
      gz = gzipSync(`<labels>\n${parts.join('')}</labels>`, { level: 1 });
      expect(gz.length).toBeGreaterThan(4_000_000);
    });

    test.each([2500, 9000, 17_000])('a segment in which skipping %i records ends is inflated again', async (skip) => {
      const alone = await outcomeOf(chunksOf(gz, 300_000), { skip });
      expect(alone.records).toHaveLength(20_000 - skip);
      const runner = new LocalRunner(fast.regular());
      const sizes = { segmentBytes: 1_500_000 };
      expectSame(await outcomeOfSegments(chunksOf(gz, 300_000), sizes, { skip }, runner), alone);
    });
  });

  test('boundaries are mostly found right: few segments are inflated twice', async () => {
    const input = artistsXml(20_000);
    const runner = new LocalRunner(fast.regular());
    const outcome = await outcomeOfSegments(input, { chunkBytes: 4000, segmentBytes: 10_000 }, {}, runner);
    expect(outcome.records).toHaveLength(20_000);
    expect(runner.encoded).toBe(0);
    expect(runner.segments).toBeLessThanOrEqual(Math.ceil(input.length / 9500) + 2);
  });

  test('no segment starts until there is input that makes progress', async () => {
    const gz = gzipSync(artistsXml(2000));
    async function* hanging(): AsyncGenerator<Uint8Array> {
      // The bytes before the last one are part of a symbol, or of the checksum.
      yield* chunksOf(gz.subarray(0, gz.length - 1), 5000);
      await new Promise(() => {});
    }
    const runner = new LocalRunner(fast.regular());
    const signal = AbortSignal.timeout(500);
    await expect(outcomeOfSegments(hanging(), { segmentBytes: 20_000 }, { signal }, runner)).rejects.toThrow('timeout');
    expect(runner.segments).toBeGreaterThan(2);
    expect(runner.segments).toBeLessThan(100);
  });

  test('records larger than a thread’s memory for a block are read', async () => {
    const parts = [300, 9_500_000, 20, 17_000_000, 200_000, 300].map(
      (bytes, n) => `<label><id>${n + 1}</id><profile>${'some text '.repeat(bytes / 10)}</profile></label>\n`,
    );
    const gz = gzipSync(`<labels>\n${parts.join('')}</labels>`, { level: 1 });
    // The strict engine takes seconds for them.
    const alone = await outcomeOf(chunksOf(gz, 50_000), { engine: isExhaustive ? 'strict' : 'fast', workers: 0 });
    expect(alone.records).toHaveLength(6);
    const outcome = await outcomeOf(chunksOf(gz, 50_000), { engine: 'fast', workers: 2 });
    expectSame(outcome, alone);
  });

  test('only the workers are started, and a slow stream is delivered as it comes', async () => {
    const records = 120_000;
    const gz = gzipSync(artistsXml(records));
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(gz.subarray(0, gz.length - 1000), 100_000);
      await new Promise(() => {});
    }
    const before = threads();
    let seen = 0;
    for await (const block of encodeRecords(slowly(), { workers: 2 })) {
      expect(threads()).toBeLessThanOrEqual(before + 2);
      seen += block.count;
      // Everything that can be gunzipped so far, except the last part of a deflate block and the last record.
      if (seen > records * 0.99) break;
    }
    expect(seen).toBeGreaterThan(records * 0.99);
  });
});

test('boundaries are mostly found right: few blocks of XML are encoded twice', async () => {
  const input = artistsXml(20_000);
  const runner = new LocalRunner(ENGINES[1]!.regular());
  const outcome = await outcomeOfBlocks(input, 10_000, {}, runner);
  expect(outcome.records).toHaveLength(20_000);
  expect(runner.encoded).toBeLessThanOrEqual(Math.ceil(input.length / 9500) + 2);
});

test.each([0, 2])('memory of released blocks is reused for later ones, with %i workers', async (workers) => {
  const input = artistsXml(100_000);
  const kept = new Set<ArrayBufferLike>();
  const read = async (release: boolean): Promise<string[]> => {
    const lines: string[] = [];
    for await (const block of encodeRecords(chunksOf(input, 300_000), { workers })) {
      lines.push(Buffer.from(block.bytes).toString());
      kept.add(block.bytes.buffer);
      if (release) {
        block.release();
        block.release();
      }
    }
    return lines;
  };
  const released = await read(true);
  expect(released.length).toBeGreaterThan(4);
  expectSame(released, await read(false));
  if (workers === 0) expect(kept.size).toBeLessThan(2 * released.length);
});

test.each([0, 1, 2])('a block whose memory was transferred can be released, with %i workers', async (workers) => {
  let count = 0;
  for await (const block of encodeRecords(chunksOf(artistsXml(100_000), 300_000), { workers })) {
    count += block.count;
    const { buffer } = block.bytes;
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    block.release();
  }
  expect(count).toBe(100_000);
});

describe('threads', () => {
  const input = artistsXml(50_000);

  test.each([
    [
      'the end',
      async () => {
        for await (const _ of encodeRecords(chunksOf(input, 1_000_000), { workers: 2 }));
      },
    ],
    [
      'a break',
      async () => {
        for await (const _ of encodeRecords(chunksOf(input, 1_000_000), { workers: 2 })) break;
      },
    ],
    [
      'limit',
      async () => {
        for await (const _ of encodeRecords(chunksOf(input, 1_000_000), { workers: 2, limit: 5 }));
      },
    ],
    [
      'an error of the dump',
      async () => {
        await outcomeOf(chunksOf(input, 1_000_000), { workers: 2, dataType: 'labels' });
      },
    ],
    [
      'an abort',
      async () => {
        const controller = new AbortController();
        const run = async (): Promise<void> => {
          for await (const _ of encodeRecords(chunksOf(input, 1_000_000), { workers: 2, signal: controller.signal })) {
            controller.abort(new Error('stop'));
          }
        };
        await expect(run()).rejects.toThrow('stop');
      },
    ],
    [
      'an abort while the source hangs',
      async () => {
        async function* hanging(): AsyncGenerator<Uint8Array> {
          yield input.subarray(0, 2_200_000);
          await new Promise(() => {});
        }
        const signal = AbortSignal.timeout(100);
        const run = async (): Promise<void> => {
          for await (const _ of encodeRecords(hanging(), { workers: 2, signal }));
        };
        await expect(run()).rejects.toMatchObject({ name: 'TimeoutError' });
      },
    ],
  ])('have ended after %s', async (_, run) => {
    await run();
    const before = threads();
    for (let times = 0; times < 3; times++) await run();
    expect(threads()).toBeLessThanOrEqual(before);
  });

  test('a failing thread fails the read', async () => {
    const runner = new BlockThreads(2).lease('fast', true);
    const broken = { bytes: new Uint8Array(10), state: undefined } as unknown as BlockTask;
    await expect(runner.encode(broken)).rejects.toMatchObject({ code: 'WORKER_FAILED' });
    await expect(runner.encode(broken)).rejects.toMatchObject({ code: 'WORKER_FAILED' });
    await runner.close();
    await runner.close();
  });

  test('closing threads during a segment causes no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown): unknown => unhandled.push(error);
    process.on('unhandledRejection', listen);
    try {
      const runner = new BlockThreads(1).lease('fast', true);
      // The handoff of a segment that is inflated again is not awaited.
      const { done } = runner.inflateSegment({ input: [], rest: new Uint8Array(0) } as unknown as SegmentTask, true);
      const failed = expect(done).rejects.toMatchObject({ code: 'WORKER_FAILED' });
      await runner.close();
      await failed;
      await setImmediate();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', listen);
    }
  });
});

describe('the built package', () => {
  const dist = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
  const node = (script: string, ...options: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, ['--no-warnings', ...options, '-e', script], { timeout: 30_000, encoding: 'utf8' });

  test('the package was built', () => {
    expect(existsSync(dist), 'run the build first').toBe(true);
  });

  test('it can be required, and starts threads', () => {
    const { stdout, status } = node(`
      const { encodeRecords } = require(${JSON.stringify(dist)});
      (async () => {
        const source = (async function* () { yield Buffer.from('<artists><artist><id>1</id></artist></artists>'); })();
        for await (const block of encodeRecords(source, { workers: 2 })) process.stdout.write(block.bytes);
      })();
    `);
    expect(stdout).toMatch(/^\{"type":"data","id":"1","sha256":"[0-9a-f]{64}"\}\n$/);
    expect(status).toBe(0);
  });

  test('a runtime without WebAssembly reads XML, and reports ENGINE_UNAVAILABLE for gzip', () => {
    const { stdout, status } = node(
      `
      const { encodeRecords } = require(${JSON.stringify(dist)});
      const xml = Buffer.from('<artists><artist><id>1</id></artist></artists>');
      const read = async (bytes) => {
        let records = 0;
        for await (const block of encodeRecords((async function* () { yield bytes; })())) records += block.count;
        return records;
      };
      (async () => {
        console.log(await read(xml));
        await read(require('node:zlib').gzipSync(xml)).catch(({ code, message }) => console.log(code, message));
      })();
    `,
      '--jitless',
    );
    expect(String(stdout).split('\n')).toEqual([
      '1',
      'ENGINE_UNAVAILABLE This runtime has no WebAssembly with SIMD, which gunzip needs: pass a stream that is already decompressed',
      '',
    ]);
    expect(status).toBe(0);
  });

  test('an abandoned iteration does not keep the process alive', () => {
    const { status, signal } = node(`
      const { encodeRecords } = require(${JSON.stringify(dist)});
      const dump = Buffer.from('<artists>\\n' + '<artist><id>1</id></artist>\\n'.repeat(400000) + '</artists>');
      const source = (async function* () { for (let at = 0; at < dump.length; at += 1e6) yield dump.subarray(at, at + 1e6); })();
      encodeRecords(source, { workers: 2 })[Symbol.asyncIterator]().next();
    `);
    expect(signal).toBeNull();
    expect(status).toBe(0);
  });

  test('leaving a loop early, repeatedly, does not end the process', () => {
    // Results in flight meet the end of the threads at a different moment each time.
    const { stdout, status } = node(`
      const { encodeRecords } = require(${JSON.stringify(dist)});
      const dump = Buffer.from('<artists>\\n' + '<artist><id>1</id><name>some name or other</name></artist>\\n'.repeat(150000) + '</artists>');
      const source = async function* () { for (let at = 0; at < dump.length; at += 65536) yield dump.subarray(at, at + 65536); };
      (async () => {
        for (let round = 0; round < ${isExhaustive ? 12 : 6}; round++) {
          let blocks = 0;
          for await (const block of encodeRecords(source(), { workers: 4 })) if (++blocks > round % 6) break;
        }
        process.stdout.write('all rounds');
      })();
    `);
    expect(stdout).toBe('all rounds');
    expect(status).toBe(0);
  });
});
