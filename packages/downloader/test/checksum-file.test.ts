import { describe, expect, it } from 'vitest';
import { type DownloaderError, parseChecksumFile } from '../src/index.js';
import { errorThrownBy } from './support/errors.js';

const A = 'a'.repeat(64);
const B = 'B'.repeat(64);
const FILE = 'discogs_20260101_CHECKSUM.txt';

const malformed = (text: string): DownloaderError =>
  errorThrownBy(() => parseChecksumFile(text, FILE), 'CHECKSUM_FILE_MALFORMED');

describe('parseChecksumFile', () => {
  it('reads every form of line that Discogs has published', () => {
    const text = `\uFEFF${A} one\r\n${B}  two\n\n${A}   *three\r\n\t\n${A}\tfour  \n${A} one`;
    expect(Object.fromEntries(parseChecksumFile(text, FILE))).toEqual({
      one: A,
      two: 'b'.repeat(64),
      three: A,
      four: A,
    });
  });

  it.each([
    ['a page', '<!DOCTYPE html><html></html>', 1],
    ['a hash that is too short', `${A}  one\n${A.slice(1)}  two\n`, 2],
    ['a hash with a letter that is not a hex digit', `${'g'.repeat(64)}  one`, 1],
    ['a line that ends within its hash', `${A}  one\n${A.slice(0, 30)}`, 2],
    ['a line without a name', `${A}  one\n${A}\n`, 2],
    ['a name with blanks', `${A}  one two\n`, 1],
    ['the columns in the wrong order', `one  ${A}\n`, 1],
    ['two hashes for one name', `${A}  one\n${B}  one\n`, 2],
  ])('rejects %s and reports the line', (_, text, line) => {
    expect(malformed(text).facts).toMatchObject({ file: FILE, line });
  });

  it.each(['', '\n \r\n'])('rejects an empty file (%j)', (text) => {
    expect(malformed(text).facts.line).toBeUndefined();
  });
});
