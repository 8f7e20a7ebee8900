import { describe, expect, test } from 'vitest';
import { encodeRecords, type MalformedRecord, parseRecords, type ReadOptions } from '../src/index.js';
import { chunksOf } from './support/chunks.js';
import { artistsXml } from './support/dumps.js';
import { ENGINES } from './support/engines.js';
import { outcomeOf } from './support/outcome.js';

describe('invalid options', () => {
  test.each([
    [{ dataType: 'artist' }],
    [{ engine: 'slow' }],
    [{ workers: -1 }],
    [{ workers: 1.5 }],
    [{ skip: -1 }],
    [{ skip: Number.NaN }],
    [{ limit: -1 }],
    [{ maxRecordBytes: 0 }],
    [{ maxDepth: 0 }],
    [{ maxMalformed: -1 }],
    [{ onMalformed: 1 }],
    [{ onIrregularity: 'x' }],
    [{ signal: 1 }],
    [{ worker: 2 }],
    ['artists'],
    [null],
  ])('%j', (options) => {
    const given = options as unknown as ReadOptions & { dataType?: 'artists' };
    for (const read of [encodeRecords, parseRecords]) {
      expect(() => read('nowhere', given)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    }
  });
});

test('a second loop over the same stream is an error', async () => {
  const stream = parseRecords(chunksOf(artistsXml(3), 50));
  let records = 0;
  for await (const _ of stream) records++;
  expect(records).toBe(3);
  await expect(async () => {
    for await (const _ of stream) records++;
  }).rejects.toMatchObject({ code: 'ALREADY_READ' });
});

const xml = artistsXml(20);

describe.each(ENGINES)('$name', ({ name: engine }) => {
  test.each([0, 1, 7, 19, 20, 21, 1000])('skip: %i skips that many records', async (skip) => {
    const all = await outcomeOf(chunksOf(xml, 50), { engine });
    const outcome = await outcomeOf(chunksOf(xml, 50), { engine, skip });
    expect(outcome.messages).toEqual(all.messages.slice(skip));
    expect(outcome.numbers).toEqual(all.numbers.slice(skip));
    expect(outcome.error).toBeUndefined();
  });

  test.each([0, 1, 7, 19, 20, 21])('limit: %i delivers at most that many records', async (limit) => {
    const all = await outcomeOf(chunksOf(xml, 50), { engine });
    const outcome = await outcomeOf(chunksOf(xml, 50), { engine, limit });
    expect(outcome.messages).toEqual(all.messages.slice(0, limit));
  });

  test('nothing after limit is read', async () => {
    const broken = Buffer.concat([xml.subarray(0, 500), Buffer.from('<artist><!X>')]);
    const outcome = await outcomeOf(chunksOf(broken, 50), { engine, limit: 3 });
    expect(outcome.error).toBeUndefined();
    expect(outcome.records).toHaveLength(3);
    expect(outcome.malformed).toHaveLength(0);
  });

  test('skip and limit together keep the numbers of the dump', async () => {
    const outcome = await outcomeOf(chunksOf(xml, 50), { engine, skip: 5, limit: 3 });
    expect(outcome.numbers).toEqual([6, 7, 8]);
    const parsed: [number, unknown][] = [];
    for await (const { number, record } of parseRecords(chunksOf(xml, 50), {
      engine,
      dataType: 'artists',
      skip: 5,
      limit: 3,
    })) {
      parsed.push([number, record.id]);
    }
    expect(parsed).toEqual([
      [6, '6'],
      [7, '7'],
      [8, '8'],
    ]);
  });

  test('skip does not count elements without a number, and skipped records report nothing', async () => {
    const odd = Buffer.from(
      '<artists><artist/><artist><a></artist><artist><name>&</name></artist><artist><name>&</name></artist></artists>',
    );
    const outcome = await outcomeOf(chunksOf(odd, 7), { engine, skip: 1 });
    expect(outcome.numbers).toEqual([2]);
    expect(outcome.malformed).toMatchObject([{ recordsBefore: 0 }]);
    expect(outcome.reported).toEqual([
      ['not-an-object', 1, 9, undefined],
      ['bare-ampersand', 1, 69, 2],
      ['unknown-id', 1, 69, 2],
    ]);
  });

  test('stats count skipped records', async () => {
    const stream = encodeRecords(chunksOf(xml, 50), { engine, skip: 5 });
    for await (const _ of stream);
    expect(stream.stats).toMatchObject({
      records: 20,
      skipped: 5,
      complete: true,
      gzipped: false,
      xmlBytes: xml.length,
      parsedXmlBytes: xml.length,
    });
  });

  describe('maxMalformed', () => {
    const bad = '<artist><a></artist>\n';
    const dump = Buffer.from(
      `<artists>\n<artist><id>1</id></artist>\n${bad}${bad}<artist><id>2</id></artist>\n${bad}<artist><id>3</id></artist>\n</artists>`,
    );

    test.each([
      [0, 1, ['1']],
      [1, 2, ['1']],
      [2, 3, ['1', '2']],
      [3, 3, ['1', '2', '3']],
      [Number.POSITIVE_INFINITY, 3, ['1', '2', '3']],
    ])('%d', async (maxMalformed, reported, ids) => {
      const outcome = await outcomeOf(chunksOf(dump, 11), { engine, maxMalformed });
      expect(outcome.error).toBe(maxMalformed < 3 ? 'TOO_MANY_MALFORMED' : undefined);
      expect(outcome.malformed).toHaveLength(reported);
      expect(outcome.records.map(([id]) => id)).toEqual(ids);
      if (maxMalformed < 3) expect(outcome.errorOffset).toBe(outcome.malformed.at(-1)!.byteOffset);
    });

    test('is 100 by default', async () => {
      const many = (count: number): Buffer => Buffer.from(`<artists>${bad.repeat(count)}</artists>`);
      expect((await outcomeOf(chunksOf(many(100), 999), { engine })).error).toBeUndefined();
      expect((await outcomeOf(chunksOf(many(101), 999), { engine })).error).toBe('TOO_MANY_MALFORMED');
    });
  });

  test('a huge broken record is skipped in bounded memory, and reported with its length', async () => {
    const size = 30_000_000;
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('<artists>\n<artist><a>');
      const filler = Buffer.alloc(1_000_000, 'x');
      for (let sent = 0; sent < size; sent += filler.length) yield filler;
      yield Buffer.from('\n<artist><id>2</id></artist>\n</artists>');
    }
    const reported: MalformedRecord[] = [];
    const stream = encodeRecords(source(), {
      engine,
      maxRecordBytes: 1_000_000,
      onMalformed: (malformed) => reported.push(malformed),
    });
    let records = 0;
    for await (const block of stream) records += block.count;
    expect(records).toBe(1);
    expect(reported).toMatchObject([
      { reason: 'too-large', byteOffset: 10, length: size + 12, truncated: true, number: 1 },
    ]);
    expect(reported[0]!.bytes.length).toBe(1_000_000);
  });
});

describe('a block', () => {
  test('is NDJSON, and returns each record by index', async () => {
    for await (const block of encodeRecords(chunksOf(xml, 1000))) {
      const lines = Buffer.from(block.bytes).toString('utf8');
      expect(lines.endsWith('\n')).toBe(true);
      expect(lines.trimEnd().split('\n')).toEqual(
        [...block].map(({ message }) => Buffer.from(message).toString('utf8')),
      );
      expect(block.count).toBe(20);
      expect(() => block.id(20)).toThrow(RangeError);
      expect(() => block.message(-1)).toThrow(RangeError);
    }
  });

  test('returns the ids and hashes of all records as numbers and bytes', async () => {
    const ids = ['7', '0', '007', '123456789012345', '1234567890123456', ' 7', 'x', '-1', '1.5', 'a\\b', ''];
    const numbers = [7, 0, Number.NaN, 123456789012345, ...Array(7).fill(Number.NaN)];
    const masters = ids.map((id) => `<master id="${id}"><title>a</title></master>`).join('');
    for await (const block of encodeRecords(Buffer.from(`<masters>${masters}</masters>`))) {
      expect(block.count).toBe(ids.length);
      const read = new Float64Array(ids.length);
      block.readNumericIds(read);
      expect([...read]).toEqual(numbers);
      const hashes = new Uint8Array(32 * ids.length);
      block.readHashes(hashes);
      expect(Buffer.from(hashes).toString('hex')).toBe(ids.map((_, index) => block.sha256(index)).join(''));
      expect(() => block.readNumericIds(read.subarray(1))).toThrow(RangeError);
      expect(() => block.readHashes(hashes.subarray(1))).toThrow(RangeError);
    }
  });
});
