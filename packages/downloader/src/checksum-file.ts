import { ChecksumFileError } from './errors.js';

// 64 hex digits, one or more blanks, perhaps the `*` of sha256sum's binary mode, a name without blanks.
const LINE = /^([0-9a-fA-F]{64})[ \t]+\*?(\S+)[ \t]*$/;

/**
 * Reads a CHECKSUM file: a line `SHA256  NAME` for each file. Empty lines and CRLF are fine; anything else is an error,
 * since a page in place of the file, or half a file, must not pass for one.
 * @param file Its name, for errors
 * @returns SHA-256 in lower-case hex by file name
 * @throws ChecksumFileError `CHECKSUM_FILE_MALFORMED`
 */
export const parseChecksumFile = (text: string, file: string): Map<string, string> => {
  const malformed = (line: number | null, why: string): ChecksumFileError =>
    new ChecksumFileError('CHECKSUM_FILE_MALFORMED', `${file}${line === null ? '' : `, line ${line}`}: ${why}`, {
      file,
      line,
      missing: [],
    });
  const checksums = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const match = LINE.exec(line);
    if (match === null) throw malformed(index + 1, 'not of the form "SHA256  NAME"');
    const sha256 = match[1]!.toLowerCase();
    const name = match[2]!;
    const earlier = checksums.get(name);
    if (earlier !== undefined && earlier !== sha256) throw malformed(index + 1, `two checksums for ${name}`);
    checksums.set(name, sha256);
  }
  if (checksums.size === 0) throw malformed(null, 'it is empty');
  return checksums;
};
