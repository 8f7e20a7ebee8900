import { deflateRawSync, gzipSync } from 'node:zlib';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { expect, test } from 'vitest';
import { encodeRecords, ParserError, type ReadOptions } from '../../src/index.js';
import { chunksOf } from '../support/chunks.js';
import { ENGINES } from '../support/engines.js';
import { isExhaustive } from '../support/exhaustive.js';
import { expectSame } from '../support/expect-same.js';
import { outcomeOf } from '../support/outcome.js';
import { LocalRunner, outcomeOfSegments } from '../support/outcome-of-blocks.js';

/*
 * Both engines, and the segments that workers inflate, gunzip with the same decoder. So they agree on a damaged stream
 * in every record, the error's code and message, and its byte offset.
 */

const random = randomFrom(20260103);
const text = (length: number): string =>
  Array.from({ length }, () => 'etaoin shrdlu'[Math.floor(random() * 13)]).join('');
const xml = Buffer.from(
  `<artists>\n${Array.from({ length: 8 }, (_, n) => `<artist><id>${n + 1}</id><name>${text(20)}</name></artist>`).join('\n')}\n</artists>\n`,
);
/** A header with an extra field, a name and a checksum; then a second member, and zeros after it. */
const half = xml.indexOf('<artist>', xml.length / 2);
const members = [gzipSync(xml.subarray(0, half)), gzipSync(xml.subarray(half), { level: 1, strategy: 4 })] as const;
const small = Buffer.concat([...members, Buffer.alloc(3)]);
const borders = [0, members[0].length, small.length - 3];

/** Near the borders of members, where headers and checksums are, every place is tried; elsewhere, every 24th. */
const isTried = (at: number): boolean =>
  isExhaustive || at % 24 === 0 || borders.some((border) => Math.abs(at - border) < 12);

interface Result {
  lines: string;
  error: { code: string; message: string; facts: object } | undefined;
}

const read = async (input: Buffer, options: ReadOptions): Promise<Result> => {
  const result: Result = { lines: '', error: undefined };
  try {
    for await (const { bytes } of encodeRecords(chunksOf(input, input.length), options)) {
      result.lines += Buffer.from(bytes).toString();
    }
  } catch (error) {
    if (!(error instanceof ParserError)) throw error;
    const { code, message, facts } = error;
    result.error = { code, message, facts };
  }
  return result;
};

const strict = ENGINES[0]!.name;
const fast = ENGINES[1]!;

const expectAgreement = async (input: Buffer, label: string): Promise<string | undefined> => {
  const expected = await read(input, { engine: strict });
  expect(await read(input, { engine: fast.name }), label).toEqual(expected);
  const runner = new LocalRunner(fast.regular());
  const { messages, error, errorOffset } = await outcomeOfSegments(
    chunksOf(input, 7),
    { segmentBytes: 100 },
    {},
    runner,
  );
  const lines = messages.map((message) => `${message}\n`).join('');
  const facts = expected.error?.facts as { byteOffset?: number } | undefined;
  expect([lines, error, errorOffset], `${label}, in segments`).toEqual([
    expected.lines,
    expected.error?.code,
    facts?.byteOffset,
  ]);
  return error;
};

test('the whole stream is read', async () => {
  expect(await expectAgreement(small, 'whole')).toBeUndefined();
});

test('engines agree on zeros between two members: nothing after them is read, and that is an error', async () => {
  const middle = Buffer.concat([members[0], Buffer.alloc(10), members[1]]);
  expect(await expectAgreement(middle, 'zeros between')).toBe('CORRUPT_GZIP');
  const { lines } = await read(middle, {});
  expect(lines).toBe((await read(members[0], {})).lines);
  expect(lines.split('\n').length - 1).toBe(4);
});

test('engines agree on cuts', async () => {
  const codes = new Set<string | undefined>();
  for (let length = 2; length < small.length; length++) {
    if (!isTried(length)) continue;
    codes.add(await expectAgreement(small.subarray(0, length), `cut at ${length}`));
  }
  expect(codes).toContain('TRUNCATED');
});

test('engines agree on flipped bytes', async () => {
  const codes = new Set<string | undefined>();
  for (let at = 0; at < small.length; at++) {
    const damaged = Buffer.from(small);
    damaged[at]! ^= 1 << Math.floor(random() * 8);
    if (!isTried(at)) continue;
    codes.add(await expectAgreement(damaged, `byte ${at}`));
  }
  expect(codes).toContain('CORRUPT_GZIP');
});

test('engines deliver everything before damage deep in a stream, and report data after zero padding', async () => {
  const long = Buffer.from(
    `<artists>\n${Array.from({ length: 4000 }, (_, n) => `<artist><id>${n + 1}</id><name>${text(60)}</name></artist>`).join('\n')}\n</artists>\n`,
  );
  const gz = gzipSync(long);
  const damaged = Buffer.from(gz);
  damaged.fill(0xff, gz.length >> 1, (gz.length >> 1) + 50);
  const trailing = Buffer.concat([gz, Buffer.alloc(100), deflateRawSync('more')]);
  for (const [input, records] of [
    [damaged, 1500],
    [trailing, 4000],
  ] as const) {
    const maxMalformed = Number.POSITIVE_INFINITY;
    const expected = await outcomeOf(chunksOf(input, 1000), { engine: strict, maxMalformed });
    expect(expected.error).toBe('CORRUPT_GZIP');
    expect(expected.records.length).toBeGreaterThanOrEqual(records);
    expectSame(await outcomeOf(chunksOf(input, 4096), { engine: fast.name, maxMalformed }), expected);
    for (const workers of [1, 2]) {
      expectSame(await outcomeOf(chunksOf(input, 4096), { workers, maxMalformed }), expected);
    }
    expectSame(await outcomeOf(chunksOf(input, 4096), { engine: strict, workers: 1, maxMalformed }), expected);
  }
});
