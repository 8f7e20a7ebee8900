import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PLATFORM_TRANSFORM } from '../src/index.js';
import { ENGINES } from './support/engines.js';
import { outcomeOfCut } from './support/outcome.js';
import { LocalRunner, outcomeOfBlocks } from './support/outcome-of-blocks.js';
import { platformMessages } from './support/platform-oracle.js';
import { damaged, labelsDump, wellFormedDump } from './support/random-dump.js';

/*
 * On random dumps: the fast engine against the strict one, whole and cut at random places, the speculation of the worker
 * threads against both, and the platform's reading against an independent implementation of it. A failure names its
 * seed; PARSER_SEED=seed repeats it. PARSER_RUNS sets the number of dumps.
 */

const seed = Number(process.env['PARSER_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
const runs = Number(process.env['PARSER_RUNS'] ?? 60);
/** Proportional to the number of runs, so that a slow machine ends early and does not fail. */
const timeLimit = { interruptAfterTimeLimit: 200 * runs, markInterruptAsFailure: false };
const [strict, fast] = ENGINES as [(typeof ENGINES)[number], (typeof ENGINES)[number]];

const kinds: [string, fc.Arbitrary<Buffer>][] = [
  ['regular', labelsDump(0)],
  ['odd', labelsDump(2)],
  ['damaged', damaged(labelsDump(1))],
];

describe.each(kinds)(`random dumps, %s (PARSER_SEED=${seed})`, (_, dumps) => {
  test('both engines agree, however the dump is cut', () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 });
    const randomOptions = fc.record({
      reading: fc.constantFrom('xmltodict', 'platform'),
      transform: fc.constantFrom(undefined, PLATFORM_TRANSFORM),
      maxDepth: fc.constantFrom(3, 256),
      maxRecordBytes: fc.constantFrom(64, 1000, 1_000_000),
      inventoryAfter: fc.constantFrom(0, 0, 1, 4),
    });
    const property = fc.property(dumps, cuts, randomOptions, (dump, places, options) => {
      const engine = fast.regular({ ...options, isNormalized: options.transform !== undefined });
      const whole = outcomeOfCut(dump, [], options, strict.regular());
      const at = [...new Set(places.map((place) => Math.floor(place * dump.length)))]
        .filter((place) => place > 0 && place < dump.length)
        .sort((one, other) => one - other);
      expect(outcomeOfCut(dump, at, options, strict.regular())).toEqual(whole);
      expect(outcomeOfCut(dump, [], options, engine)).toEqual(whole);
      expect(outcomeOfCut(dump, at, options, engine)).toEqual(whole);
    });
    fc.assert(property, { seed, numRuns: runs, ...timeLimit });
  });

  test('blocks encoded in parallel yield the same', async () => {
    const some = fc.record({
      reading: fc.constantFrom('xmltodict', 'platform'),
      blockBytes: fc.integer({ min: 40, max: 700 }),
      skip: fc.constantFrom(0, 0, 1, 3, 50),
      limit: fc.constantFrom(1, 4, 1000, 1000),
      inventoryAfter: fc.constantFrom(0, 0, 1, 2, 51),
      maxMalformed: fc.constantFrom(0, 100),
    });
    const property = fc.asyncProperty(dumps, some, async (dump, { blockBytes, ...options }) => {
      const whole = outcomeOfCut(dump, [], options, strict.regular());
      const runner = new LocalRunner(fast.regular({ reading: options.reading }));
      expect(await outcomeOfBlocks(dump, blockBytes, options, runner)).toEqual(whole);
    });
    await fc.assert(property, { seed, numRuns: runs, ...timeLimit });
  });
});

test.each([0, 3])(
  `the platform's reading is that of an independent implementation, oddness %i (PARSER_SEED=${seed})`,
  (odd) => {
    const property = fc.property(wellFormedDump(odd), (dump) => {
      const expected = platformMessages(dump);
      for (const { regular } of ENGINES) {
        const { messages, malformed } = outcomeOfCut(
          dump,
          [],
          { reading: 'platform' },
          regular({ reading: 'platform' }),
        );
        expect(messages).toEqual(expected);
        expect(malformed).toEqual([]);
      }
    });
    fc.assert(property, { seed, numRuns: runs, ...timeLimit });
  },
);
