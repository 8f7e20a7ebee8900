import { constants, crc32, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { describe, expect, test } from 'vitest';
import { GzipDecoder, type GzipFault } from '../../src/gzip/gzip-decoder.js';
import { Inflater, inflaterModule } from '../../src/gzip/inflater.js';
import { createKernel } from '../../src/kernel/kernel.js';
import { artistsXml } from '../support/dumps.js';
import { isExhaustive } from '../support/exhaustive.js';

const SEED = 20260101;

interface Decoded {
  bytes: Buffer;
  fault: GzipFault['kind'] | undefined;
}

interface Cutting {
  /** Bytes of input per `push`. */
  input?: number;
  /** Bytes of output per `read`. */
  output?: number;
  /** After how many pieces of input another decoder continues. */
  handOver?: number;
}

// Shared by all tests: what a decoder leaves in them must not affect the next.
const inflaters = [new Inflater(inflaterModule()), new Inflater(inflaterModule())] as const;

const outputMemory = new Uint8Array(1_000_000);

const decode = (gz: Uint8Array, { input = gz.length, output = 100_000, handOver }: Cutting = {}): Decoded => {
  let decoder = new GzipDecoder(inflaters[0]);
  const target = outputMemory.subarray(0, output);
  const parts: Buffer[] = [];
  const takeAll = (): void => {
    for (;;) {
      const length = decoder.read(target);
      if (length === 0) return;
      parts.push(Buffer.from(target.subarray(0, length)));
    }
  };
  let pieces = 0;
  for (let at = 0; at < gz.length; at += input) {
    decoder.push(gz.subarray(at, at + input));
    pieces++;
    // In the middle of the stream, with input that waits.
    if (pieces === handOver) {
      parts.push(Buffer.from(target.subarray(0, decoder.read(target.subarray(0, 100)))));
      const unread = Buffer.alloc(decoder.unread);
      decoder.read(unread);
      parts.push(unread);
      if (!decoder.failed) {
        const unused = decoder.unusedInput();
        expect(unused.length).toBe(decoder.unused);
        const memory = new Uint8Array(inflaters[0].savedBytes);
        const place = decoder.save(memory);
        decoder = new GzipDecoder(inflaters[1], { memory, ...structuredClone(place) });
        decoder.push(unused);
      }
    }
    takeAll();
  }
  decoder.finish();
  takeAll();
  return { bytes: Buffer.concat(parts), fault: decoder.fault?.kind };
};

/** Compares as bytes: comparing large buffers as objects takes too much memory. */
const expectDecoded = (decoded: Decoded, bytes: Buffer, fault?: GzipFault['kind']): void => {
  expect(decoded.fault).toBe(fault);
  expect(decoded.bytes.length).toBe(bytes.length);
  expect(decoded.bytes.equals(bytes)).toBe(true);
};

/** The result of zlib for the same stream. */
const zlibVerdict = (gz: Uint8Array): Decoded => {
  try {
    return { bytes: gunzipSync(gz), fault: undefined };
  } catch (error) {
    const truncated = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    return { bytes: Buffer.alloc(0), fault: truncated ? 'truncated' : 'damaged' };
  }
};

const random = randomFrom(SEED);
const randomBytes = (length: number, values = 256): Buffer =>
  Buffer.from(Array.from({ length }, () => Math.floor(random() * values)));

/** Streams with random damage; `npm run test:chaos` tries many more. */
const ROUNDS = Number(process.env['GUNZIP_ROUNDS'] ?? 2000);

const CONTENTS: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['a dump', artistsXml(5000)],
  ['noise', randomBytes(200_000)],
  ['noise of four values', randomBytes(300_000, 4)],
  ['one byte over and over', Buffer.alloc(600_000, 'x')],
  // Every distance under 16: below 8 a match overlaps itself within a word.
  ['short periods', Buffer.concat(Array.from({ length: 40 }, (_, n) => Buffer.alloc(5000, randomBytes(n + 1))))],
  // Matches as far back as they can reach.
  ['long distances', Buffer.concat(Array.from({ length: 12 }, () => randomBytes(32_768 - 300).fill(7, 0, 300)))],
];

describe.each(CONTENTS)('%s', (_, content) => {
  const streams: [string, Buffer][] = [];
  const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = constants;
  for (const strategy of [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED]) {
    for (const level of [0, 1, 6, 9]) {
      for (const memLevel of [1, 9]) {
        streams.push([
          `strategy ${strategy}, level ${level}, memory ${memLevel}`,
          gzipSync(content, { strategy, level, memLevel }),
        ]);
      }
    }
  }
  streams.push(['small window', gzipSync(content, { windowBits: 9 })]);

  test.each(streams)('%s', (_name, gz) => {
    const inputs = [gz.length, 1 + Math.floor(random() * 5000), 7919];
    for (const [index, input] of inputs.entries()) {
      const outputs = [1_000_000, 1 + Math.floor(random() * 70_000)];
      for (const output of isExhaustive ? outputs : [outputs[index % 2]!]) {
        const { bytes, fault } = decode(gz, { input, output });
        expect(fault, `input by ${input}, output by ${output}`).toBeUndefined();
        expect(bytes.equals(content), `input by ${input}, output by ${output}`).toBe(true);
      }
    }
  });
});

test('decodes with input and output of one byte each', () => {
  const content = artistsXml(200);
  const gz = gzipSync(content);
  expectDecoded(decode(gz, { input: 1, output: 1 }), content);
});

test('lets another decoder continue from any position', () => {
  const content = Buffer.concat([artistsXml(3000), randomBytes(50_000), artistsXml(3000)]);
  const gz = Buffer.concat([gzipSync(content), gzipSync(content, { level: 0 })]);
  const input = 3001;
  for (let handOver = 1; handOver <= Math.ceil(gz.length / input); handOver++) {
    const { bytes, fault } = decode(gz, { input, handOver });
    expect(fault, `after ${handOver} pieces`).toBeUndefined();
    expect(bytes.equals(Buffer.concat([content, content])), `after ${handOver} pieces`).toBe(true);
  }
});

describe('a stream that is cut short', () => {
  test('yields what can be decoded, then the fault', () => {
    const content = Buffer.concat([artistsXml(60), randomBytes(300), artistsXml(60)]);
    const gz = gzipSync(content, { memLevel: 1 });
    for (let length = 0; length < gz.length; length++) {
      const { bytes, fault } = decode(gz.subarray(0, length), { input: 1000 });
      expect(fault, `cut at ${length}`).toBe('truncated');
      if (length < 10) continue;
      // Returns what there is, as if more were to come.
      const expected = gunzipSync(gz.subarray(0, length), { finishFlush: constants.Z_SYNC_FLUSH });
      expect(bytes.equals(expected), `cut at ${length}`).toBe(true);
    }
  });
});

describe('a damaged stream', () => {
  const content = Buffer.concat([artistsXml(12), randomBytes(40), artistsXml(12)]);
  const streams = [
    gzipSync(content),
    gzipSync(content, { strategy: constants.Z_FIXED }),
    gzipSync(content, { strategy: constants.Z_HUFFMAN_ONLY }),
    gzipSync(content, { level: 0 }),
    gzipSync(content, { memLevel: 1, windowBits: 9 }),
  ];

  test.each(streams.map((gz, index) => [index, gz] as const))(
    'gets the verdict of zlib for a flipped bit (stream %i)',
    (_, gz) => {
      // Every third bit is two or three in each byte.
      for (let bit = 0; bit < 8 * gz.length; bit += isExhaustive ? 1 : 3) {
        const damaged = Buffer.from(gz);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        const expected = zlibVerdict(damaged);
        const { bytes, fault } = decode(damaged);
        expect(fault, `bit ${bit}`).toBe(expected.fault);
        if (fault === undefined) expect(bytes.equals(expected.bytes), `bit ${bit}`).toBe(true);
      }
    },
  );

  test(`at random, in several places: finds a fault if zlib does (seed ${SEED})`, () => {
    const verdicts = { damaged: 0, truncated: 0, whole: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const damaged = Buffer.from(streams[round % streams.length]!);
      // Most faults are in a block's header, which most rules apply to.
      const most = round % 2 === 0 ? 120 : damaged.length;
      for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
        damaged[10 + Math.floor(random() * (most - 10))] = Math.floor(random() * 256);
      }
      const expected = zlibVerdict(damaged);
      const { fault } = decode(damaged, { input: 1 + Math.floor(random() * damaged.length) });
      expect(fault, damaged.toString('hex')).toBe(expected.fault);
      verdicts[fault ?? 'whole']++;
    }
    expect(verdicts.damaged).toBeGreaterThan(ROUNDS / 20);
    expect(verdicts.truncated).toBeGreaterThan(ROUNDS / 2000);
  });

  test('returns everything before the damage first', () => {
    const whole = artistsXml(40_000);
    const gz = gzipSync(whole);
    // The last byte of the checksum: all of the content comes before it.
    gz[gz.length - 5]! ^= 1;
    expectDecoded(decode(gz), whole, 'damaged');
    const wrongLength = gzipSync(whole);
    wrongLength[wrongLength.length - 1]! ^= 1;
    expectDecoded(decode(wrongLength), whole, 'damaged');
  });

  test.each([
    ['an invalid block type', '07'],
    ['an invalid distance code', bitsOf(['1', '01', '0000001', '11110'])],
    ['a distance before the beginning', bitsOf(['1', '01', '0000001', '00000'])],
  ])('%s', (_, deflate) => {
    const gz = Buffer.concat([gzipSync('').subarray(0, 10), Buffer.from(deflate, 'hex'), Buffer.alloc(16)]);
    expect(zlibVerdict(gz).fault).toBe('damaged');
    expectDecoded(decode(gz), Buffer.alloc(0), 'damaged');
  });
});

/** Bits in the order of the stream, as hexadecimal bytes. */
function bitsOf(groups: string[]): string {
  // Numbers are written lowest bit first (so the number `01` is `10` in the stream), codes first bit first.
  const [last, type, ...codes] = groups;
  const stream = last + [...type!].reverse().join('') + codes.join('');
  const bytes = stream.match(/.{1,8}/g)!.map((bits) => Number.parseInt([...bits.padEnd(8, '0')].reverse().join(''), 2));
  return Buffer.from(bytes).toString('hex');
}

describe('members', () => {
  const content = artistsXml(100);
  const deflated = deflateRawSync(content);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);

  const member = (flags: number, ...fields: Buffer[]): Buffer => {
    const header = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3]), ...fields]);
    const sum = Buffer.alloc(2);
    sum.writeUInt16LE(crc32(header) & 0xffff);
    return Buffer.concat([header, ...((flags & 2) === 0 ? [] : [sum]), deflated, trailer]);
  };
  const extra = Buffer.from([5, 0, 1, 2, 3, 0, 5]);
  const name = Buffer.from('discogs_20260101_artists.xml\0');
  const comment = Buffer.from(`${'of any length '.repeat(1000)}\0`);

  test.each([
    ['no fields', member(0)],
    ['text', member(1)],
    ['an extra field', member(4, extra)],
    ['a name', member(8, name)],
    ['a comment', member(16, comment)],
    ['a checksum', member(2)],
    ['everything', member(31, extra, name, comment)],
  ])('a header with %s', (_, gz) => {
    expectDecoded(zlibVerdict(gz), content);
    for (const input of [1, 3, gz.length]) expectDecoded(decode(gz, { input }), content);
  });

  test('headers with a reserved flag, another method or a wrong checksum are damage', () => {
    const wrongSum = member(2);
    wrongSum[10]! ^= 1;
    const otherMethod = member(0);
    otherMethod[2] = 7;
    for (const gz of [member(32), member(128), wrongSum, otherMethod]) {
      expect(zlibVerdict(gz).fault).toBe('damaged');
      expectDecoded(decode(gz, { input: 5 }), Buffer.alloc(0), 'damaged');
    }
  });

  test('a name without an end is damage, and takes bounded memory', () => {
    const gz = Buffer.concat([member(8).subarray(0, 10), Buffer.alloc(400_000, 'n')]);
    expect(decode(gz, { input: 65_536 }).fault).toBe('damaged');
  });

  test('several in a row, including empty ones, and zeros after the last', () => {
    const gz = Buffer.concat([member(0), gzipSync(''), member(8, name), Buffer.alloc(1000)]);
    const expected = Buffer.concat([content, content]);
    for (const input of [1, 777, gz.length]) expectDecoded(decode(gz, { input }), expected);
  });

  test('other data after the last is damage', () => {
    const followedBy = (...bytes: number[]): Decoded => decode(Buffer.concat([member(0), Buffer.from(bytes)]));
    expectDecoded(followedBy(0x6d, 0x6f, 0x72, 0x65), content, 'damaged');
    expectDecoded(followedBy(0, 0, 1), content, 'damaged');
    expectDecoded(followedBy(0x1f), content, 'truncated');
  });

  test('matches cannot reach back into the member before', () => {
    // A match that would be valid if they could.
    const second = deflateRawSync(content, { dictionary: content });
    const gz = Buffer.concat([member(0), member(0).subarray(0, 10), second, trailer]);
    expect(zlibVerdict(gz).fault).toBe('damaged');
    expect(decode(gz).fault).toBe('damaged');
  });
});

test('an inflater in a kernel’s memory leaves the kernel’s tables unchanged, and writes to its input buffer', () => {
  const kernel = createKernel({ dataType: 'artists' })!;
  const before = Buffer.from(kernel.memory.buffer).fill(0xa5, 64 * 1024, kernel.inputBuffer.byteOffset - 700 * 1024);
  const tables = Buffer.from(before.subarray(0, kernel.inputBuffer.byteOffset - 700 * 1024));
  const inflater = new Inflater(inflaterModule(), kernel.memory);
  const text = artistsXml(3000);
  // Input as large as one piece gets, with a header that needs all of the input buffer.
  const header = Buffer.concat([
    Buffer.from('1f8b08080000000000ff', 'hex'),
    Buffer.alloc(200_000, 'n'),
    Buffer.alloc(1),
  ]);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(text), 0);
  trailer.writeUInt32LE(text.length, 4);
  const decoder = new GzipDecoder(inflater);
  decoder.push(Buffer.concat([header, deflateRawSync(text, { level: 1 }), trailer]));
  expect(decoder.readInPlace(text.length)).toBe(text.length);
  expect(kernel.inputBuffer.subarray(0, text.length).equals(text)).toBe(true);
  expect(Buffer.from(kernel.memory.buffer, 0, tables.length).equals(tables)).toBe(true);
  // Next is the checksum.
  expect([decoder.readInPlace(1), decoder.fault]).toEqual([0, undefined]);
});
