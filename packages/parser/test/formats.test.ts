import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeRecords, ParserError, type ReadOptions } from '../src/index.js';
import { artistsXml } from './support/dumps.js';
import { ENGINES } from './support/engines.js';
import { expectSame } from './support/expect-same.js';
import { outcomeOfCut } from './support/outcome.js';

/*
 * What people pass instead of a dump. The code is the same for most, so these tests look at the words of the message
 * that say what it is.
 */

const xml = Buffer.from(artistsXml(30));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'formats-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tar = (format: string): Buffer => {
  const source = mkdtempSync(join(tmpdir(), 'tar-'));
  writeFileSync(join(source, 'discogs_20260101_artists.xml'), xml);
  const { stdout } = spawnSync('tar', ['-C', source, `--format=${format}`, '-cf', '-', '.']);
  rmSync(source, { recursive: true });
  return stdout;
};
const bytes = (hexadecimal: string): Buffer =>
  Buffer.concat([Buffer.from(hexadecimal, 'hex'), Buffer.alloc(900, 0x3c)]);
const utf16 = (bigEndian: boolean): Buffer => {
  const text = Buffer.from(xml.toString(), 'utf16le');
  return bigEndian ? text.swap16() : text;
};

const INPUTS: readonly (readonly [name: string, code: string, words: RegExp, input: () => Buffer])[] = [
  ['gzip', 'NOT_A_DUMP', /gzipped twice/, () => gzipSync(xml)],
  ['a tar archive', 'NOT_A_DUMP', /tar archive/, () => tar('ustar')],
  ['an old tar archive', 'NOT_A_DUMP', /tar archive/, () => tar('v7')],
  ['a zip archive', 'NOT_A_DUMP', /zip archive/, () => bytes('504b030414000000')],
  ['zlib', 'NOT_A_DUMP', /zlib/, () => deflateSync(xml)],
  ['zlib, best compression', 'NOT_A_DUMP', /zlib/, () => deflateSync(xml, { level: 9 })],
  ['bzip2', 'NOT_A_DUMP', /bzip2/, () => bytes('425a6839314159265359')],
  ['xz', 'NOT_A_DUMP', /xz/, () => bytes('fd377a585a000004')],
  ['zstd', 'NOT_A_DUMP', /zstd/, () => bytes('28b52ffd0458')],
  ['7z', 'NOT_A_DUMP', /7z archive/, () => bytes('377abcaf271c0004')],
  ['UTF-16LE without a mark', 'UNSUPPORTED_ENCODING', /UTF-16LE/, () => utf16(false)],
  ['UTF-16BE without a mark', 'UNSUPPORTED_ENCODING', /UTF-16BE/, () => utf16(true)],
  ['text with control characters', 'NOT_A_DUMP', /<a\uFFFDc>/, () => Buffer.from('<a\x1Bc>')],
  ['binary data', 'NOT_A_DUMP', /binary/, () => bytes('7f454c4602010100')],
  [
    'HTML',
    'NOT_A_DUMP',
    /HTML/,
    () => Buffer.from('<!doctype html>\n<html lang="en"><body>Just a moment…</body></html>'),
  ],
  [
    'an error of S3',
    'NOT_A_DUMP',
    /error message/,
    () => Buffer.from('<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>'),
  ],
  ['a JSON object', 'NOT_A_DUMP', /JSON/, () => Buffer.from('\n{"type":"data","id":"1"}\n')],
  ['a JSON array', 'NOT_A_DUMP', /JSON/, () => Buffer.from('[ {"id": 1}, "<artists>" ]')],
  ['a piece of a dump', 'NOT_A_DUMP', /piece/, () => xml.subarray(xml.indexOf('<name>'))],
  [
    'text',
    'NOT_A_DUMP',
    /text without any element/,
    () => Buffer.from('a  discogs_20260101_artists.xml.gz\n'.repeat(40)),
  ],
  ['nothing', 'EMPTY_INPUT', /empty/, () => Buffer.alloc(0)],
];

const errorOf = async (input: Parameters<typeof encodeRecords>[0], options: ReadOptions = {}): Promise<ParserError> => {
  try {
    for await (const _ of encodeRecords(input, options));
  } catch (error) {
    if (error instanceof ParserError) return error;
    throw error;
  }
  throw new Error('It was read as a dump');
};

describe.each(INPUTS)('%s', (name, code, words, input) => {
  test('is recognised in a gzip stream, whatever reads it', async () => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.xml.gz`);
    writeFileSync(path, gzipSync(input()));
    for (const options of [{ engine: 'strict' }, { engine: 'fast' }, { workers: 1 }] as const) {
      const error = await errorOf(path, options);
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
      expect(error.message).toContain(path);
      expect(error.facts).toMatchObject({ path, recordsBefore: 0 });
    }
  });

  test('is recognised wherever it is cut', () => {
    const [engine] = ENGINES;
    const whole = outcomeOfCut(input(), [], {}, engine!.regular());
    expect(whole.error).toBe(code);
    for (const cut of [1, 2, 3, 8, 9, 257, 511, 512]) {
      if (cut < input().length) expectSame(outcomeOfCut(input(), [cut], {}, engine!.regular()), whole, `cut at ${cut}`);
    }
  });
});

test('formats that are not compressed again are recognised as well, and a file: URL is named as its path', async () => {
  for (const name of ['a zip archive', 'HTML', 'UTF-16LE without a mark', 'nothing']) {
    const [, code, words, input] = INPUTS.find((each) => each[0] === name)!;
    const path = join(folder, 'raw.xml');
    writeFileSync(path, input());
    const error = await errorOf(pathToFileURL(path));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    expect(error.facts.path).toBe(path);
  }
});

test('zeros or text in front of a dump are skipped and counted, as they always were', async () => {
  for (const junk of [Buffer.alloc(600), Buffer.alloc(4), Buffer.from('{ a [ b \n'), Buffer.from('x^ ')]) {
    const stream = encodeRecords(Buffer.concat([junk.subarray(0, 400), xml]));
    let count = 0;
    for await (const block of stream) count += block.count;
    expect(count).toBe(30);
    expect(stream.stats).toMatchObject({ irregularities: { 'stray-text': 1 }, complete: false });
  }
});

test('an error of a stream has no path', async () => {
  expect((await errorOf(Buffer.from('{"a":1}'))).facts).not.toHaveProperty('path');
});
