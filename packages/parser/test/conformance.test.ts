import { gzipSync } from 'node:zlib';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { describe, expect, test } from 'vitest';
import { type DataType, PLATFORM_TRANSFORM, parseRecords, type Reading } from '../src/index.js';
import { addsId } from '../src/record/build-record.js';
import { type ConformanceCase, loadCases } from './conformance/load-cases.js';
import { canonicalHash } from './support/canonical.js';
import { chunksOf } from './support/chunks.js';
import { ENGINES } from './support/engines.js';
import { isExhaustive } from './support/exhaustive.js';
import { expectSame } from './support/expect-same.js';
import { type Outcome, outcomeOf, outcomeOfCut } from './support/outcome.js';
import { outcomeOfTransformedBlocks } from './support/outcome-of-blocks.js';

const cases = loadCases();

/** A transform that changes nothing. */
const UNCHANGED = {
  module: 'data:text/javascript,export const createTransform = () => (record, context) => context.unchanged;',
};

/** Inputs up to this size are cut at every byte; larger ones at sampled places. */
const MAX_CUT_EVERYWHERE_BYTES = isExhaustive ? 4096 : 32;
/** At most this many first blocks are tried with a transform, each of another size. */
const MAX_TRANSFORMED_CUTS = 16;
/** The number of places at which a larger input is cut: a run takes long for a large one. */
const sampledCuts = (bytes: number): number => {
  if (bytes > 1_000_000) return isExhaustive ? 3 : 1;
  if (bytes > 4096) return isExhaustive ? 24 : 4;
  return isExhaustive ? 200 : Math.min(48, Math.ceil(bytes / 8));
};

const expectOutcome = (outcome: Outcome, { expected, input, options }: ConformanceCase): void => {
  if (expected.messages !== undefined) expect(outcome.messages).toEqual(expected.messages);
  const records = expected.records ?? expected.messages!.map(idAndHash);
  for (const message of expected.messages ?? []) {
    expect(canonicalHash(recordOf(message, expected.dataType!, options.reading))).toBe(idAndHash(message)[1]);
  }
  expect(outcome.records).toEqual(records);
  expect(outcome.numbers).toEqual(records.map((_, index) => index + 1));
  expect(outcome.malformed).toEqual(expected.malformed);
  expect(outcome.malformedBytes).toEqual(
    expected.malformed.map(({ byteOffset, length }) => {
      const kept = Math.min(length, expected.options?.maxRecordBytes ?? length);
      return input.toString('latin1', byteOffset, byteOffset + kept);
    }),
  );
  expect(outcome.irregularities).toEqual(expected.irregularities);
  expect(outcome.error).toBe(expected.error);
  expect(outcome.dataType).toBe(expected.dataType);
};

/** What a message's hash covers, by the rule of docs/wire-contract.md. */
const recordOf = (message: string, dataType: DataType, reading: Reading): unknown => {
  const { type: _, sha256: __, ...record } = JSON.parse(message) as Record<string, unknown>;
  const { id, ...rest } = record;
  const hasNoId = id === 'unknown' && canonicalHash(record) !== idAndHash(message)[1];
  const hasOwnId = !('@id' in record) || addsId(dataType, reading);
  return hasNoId || !hasOwnId ? rest : record;
};

const idAndHash = (message: string): [string, string] => {
  const { id, sha256 } = /^\{"type":"data","id":(?<id>"(?:[^"\\]|\\.)*"),"sha256":"(?<sha256>[0-9a-f]{64})"/.exec(
    message,
  )!.groups as { id: string; sha256: string };
  return [JSON.parse(id) as string, sha256];
};

test('there are enough cases', () => {
  const countOf = (reading: Reading): number => cases.filter(({ options }) => options.reading === reading).length;
  expect(countOf('xmltodict')).toBeGreaterThanOrEqual(60);
  expect(countOf('platform')).toBeGreaterThanOrEqual(20);
});

describe.each(ENGINES)('$name', ({ name, regular }) => {
  describe.each(cases)('$options.reading, $name', (theCase) => {
    const { input, expected } = theCase;
    const options = { ...theCase.options, engine: name };
    const engine = regular(options);

    test('yields the expected outcome', async () => {
      expectOutcome(await outcomeOf(chunksOf(input, input.length), options), theCase);
    });

    test('yields the same when gzipped', async () => {
      expectOutcome(await outcomeOf(chunksOf(gzipSync(input), 1000), options), theCase);
    });

    test('is parsed into the same records', async () => {
      const stream = parseRecords(chunksOf(input, 777), options);
      const records: [string, string][] = [];
      try {
        for await (const { id, sha256, record } of stream) {
          records.push([id, sha256]);
          expect(canonicalHash(record)).toBe(sha256);
        }
      } catch (error) {
        expect((error as { code: string }).code).toBe(expected.error);
      }
      expect(records).toEqual(expected.records ?? expected.messages!.map(idAndHash));
    });

    test('does not depend on where it is cut', () => {
      const whole = outcomeOfCut(input, [], options, engine);
      expectOutcome(whole, theCase);
      const everywhere = Array.from({ length: Math.max(input.length - 1, 0) }, (_, index) => index + 1);
      const random = randomFrom(input.length);
      const cuts =
        input.length <= MAX_CUT_EVERYWHERE_BYTES
          ? everywhere
          : Array.from({ length: sampledCuts(input.length) }, () => 1 + Math.floor(random() * (input.length - 1)));
      const withoutInventory = { ...whole, inventory: undefined, inventoryRanges: [] };
      for (const [index, cut] of cuts.entries()) {
        // Most cases are not about it, and it takes as long as the rest.
        const inventory = isExhaustive || index % 4 === 0;
        const expectedOutcome = inventory ? whole : withoutInventory;
        expectSame(outcomeOfCut(input, [cut], options, engine, { inventory }), expectedOutcome, `cut at ${cut}`);
      }
      // A byte at a time: quadratic within a record, so for small ones only.
      if (input.length <= 1500) {
        expectSame(outcomeOfCut(input, everywhere, options, engine), whole, 'cut at every byte');
      }
    });
  });

  test.each(
    cases.flatMap(({ name, input, options, expected: { normalized } }) =>
      normalized === undefined ? [] : [{ name, input, options, normalized }],
    ),
  )('$name, with the platform’s transform, wherever it is cut', async ({ input, options, normalized }) => {
    const transformed = { ...options, engine: name, transform: PLATFORM_TRANSFORM };
    expect((await outcomeOf(chunksOf(input, 777), transformed)).messages).toEqual(normalized);
    const expected = { messages: normalized, error: undefined };
    const engine = regular({ ...options, isNormalized: true });
    const afterAnother = { ...transformed, transform: [UNCHANGED, PLATFORM_TRANSFORM] };
    // The first block ends after so many bytes.
    const step = isExhaustive ? 1 : Math.max(5, Math.ceil(input.length / MAX_TRANSFORMED_CUTS));
    for (let bytes = 1; bytes <= input.length; bytes += step) {
      const { messages, error } = outcomeOfCut(input, [bytes], transformed, engine, { inventory: false });
      expectSame({ messages, error }, expected, `cut at ${bytes}`);
      const after = await outcomeOfTransformedBlocks(input, bytes, afterAnother, regular(options));
      expectSame({ messages: after.messages, error: after.error }, expected, `after another, cut at ${bytes}`);
    }
  });
});
