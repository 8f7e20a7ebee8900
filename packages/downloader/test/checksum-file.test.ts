import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DownloaderError, parseChecksumFile } from '../src/index.js';
import { decodeChecksumFile } from '../src/plan/checksum-file.js';
import { makeVersion, sha256, temporaryDirectory, writeFiles } from './support/dump.js';
import { errorThrownBy } from './support/errors.js';

const A = 'a'.repeat(64);
const B = 'B'.repeat(64);
const b = 'b'.repeat(64);
const FILE = 'discogs_20260101_CHECKSUM.txt';
const ARTISTS = 'discogs_20260101_artists.xml.gz';

const parse = (text: string): Record<string, string> => Object.fromEntries(parseChecksumFile(text, FILE));
const malformed = (text: string): DownloaderError =>
  errorThrownBy(() => parseChecksumFile(text, FILE), 'CHECKSUM_FILE_MALFORMED');

describe('parseChecksumFile', () => {
  it('reads every form of line that Discogs has published', () => {
    const text = `\uFEFF${A} one\r\n${B}  two\n\n${A}   *three\r\n\t\n${A}\tfour  \n${A} one`;
    expect(parse(text)).toEqual({ one: A, two: b, three: A, four: A });
  });

  it.each([
    ['a directory', `${B}  data/${ARTISTS}`],
    ['the current directory', `${B}  ./${ARTISTS}`],
    ['an absolute path with blanks', `${B} */srv/my dumps/2026/${ARTISTS}`],
    ['the binary mode', `${B} *${ARTISTS}`],
    ['a path of Windows, escaped by coreutils', `\\${B} *C:\\\\dumps\\\\${ARTISTS}`],
    ['a name without .gz', `${B}  data/discogs_20260101_artists.xml`],
    ['BSD', `SHA256 (${ARTISTS}) = ${B}`],
    ['BSD, with a directory and escaped', `\\SHA256 (a\\nb/${ARTISTS}) = ${B}`],
    ['OpenSSL 1', `SHA256(${ARTISTS})= ${B}`],
    ['OpenSSL 3', `SHA2-256(data/${ARTISTS})= ${B}`],
    ['NUL at the ends of lines', `${A}  other\0${B}  ${ARTISTS}\0`],
    ['old line ends of the Mac', `${A}  other\r${B}  ${ARTISTS}\r`],
    ['comments and blanks at the start', `# made by hand\n; rhash\n\n  # more\n  ${B}  ${ARTISTS}\n# end`],
    [
      'several algorithms',
      `MD5 (${ARTISTS}) = ${'c'.repeat(32)}\nSHA512/256 (${ARTISTS}) = ${A}\nSHA256 (${ARTISTS}) = ${B}`,
    ],
    ['the same line twice, in two forms', `${b}  ${ARTISTS}\nSHA256 (data/${ARTISTS}) = ${B}`],
    ['the uncompressed file in addition', `${A}  discogs_20260101_artists.xml\n${B}  ${ARTISTS}`],
  ])('reads %s', (_, text) => {
    expect(parse(text)).toMatchObject({ [ARTISTS]: b });
  });

  it('reads what the tools of this machine write', async () => {
    const directory = await temporaryDirectory();
    const files = makeVersion('20260101');
    files.delete(FILE);
    await writeFiles(directory, new Map([...files].map(([name, bytes]) => [join('a\\b', name), bytes])));
    const expected = Object.fromEntries([...files].map(([name, bytes]) => [name, sha256(bytes)]));
    const names = [...files.keys()].map((name) => `a\\b/${name}`);
    for (const options of [[], ['--binary'], ['--tag'], ['--zero']]) {
      expect(parse(execFileSync('sha256sum', [...options, ...names], { cwd: directory, encoding: 'utf8' }))).toEqual(
        expected,
      );
    }
  });

  it('matches no other file', () => {
    expect(
      Object.keys(parse(`${A}  x${ARTISTS}\n${A}  ${ARTISTS}.part\n${A}  ${ARTISTS}  # mine\n${A}  U${ARTISTS}`)),
    ).not.toContain(ARTISTS);
  });

  it.each([
    ['a page', '<!DOCTYPE html><html></html>', 1],
    ['a hash that is too short', `${A}  one\n${A.slice(1)}  two\n`, 2],
    ['a hash that is too long', `${A}  one\n${A}${A}  two\n`, 2],
    ['a hash with a letter that is not a hex digit', `${'g'.repeat(64)}  one`, 1],
    ['a hash in base64', `SHA256 (one) = ${Buffer.alloc(32).toString('base64')}`, 1],
    ['a tagged hash that is too short', `SHA256 (one) = ${A.slice(1)}`, 1],
    ['a line that ends within its hash', `${A}  one\n${A.slice(0, 30)}`, 2],
    ['a tagged line that ends within its name', `SHA256 (one) = ${A}\nSHA256 (tw`, 2],
    ['a line without a name', `${A}  one\n${A}\n`, 2],
    ['the columns in the wrong order', `one  ${A}\n`, 1],
    ['two hashes for one name', `${A}  one\n${B}  one\n`, 2],
    ['two hashes for one name in two directories and forms', `${A}  a/one\n# b\nSHA256 (b/one) = ${B}\n`, 3],
  ])('rejects %s and reports the line', (_, text, line) => {
    expect(malformed(text).facts).toMatchObject({ file: FILE, line });
  });

  it.each(['', '\n \r\n', '# nothing', `SHA1 (one) = ${'c'.repeat(40)}`])(
    'rejects a file without a SHA-256 (%j)',
    (text) => {
      expect(malformed(text).facts.line).toBeUndefined();
    },
  );
});

it('decodes UTF-8 and UTF-16', () => {
  const text = `\uFEFF${A}  one`;
  const utf16 = Buffer.from(text, 'utf16le');
  for (const bytes of [Buffer.from(text), utf16, Buffer.from(utf16).swap16()]) {
    expect(parse(decodeChecksumFile(bytes))).toEqual({ one: A });
  }
});
