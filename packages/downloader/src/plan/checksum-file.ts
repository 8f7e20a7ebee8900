import { DownloaderError } from '../errors.js';

// 64 hex digits, one or more blanks, possibly the `*` of sha256sum's binary mode, a name without blanks.
const LINE = /^([0-9a-fA-F]{64})[ \t]+\*?(\S+)[ \t]*$/;

/**
 * Parses a CHECKSUM file: one line `SHA256  NAME` per file. Empty lines and CRLF are allowed. Anything else is an
 * error, so that neither a page in place of the file nor half a file is accepted.
 *
 * @param file - its name, for errors
 * @returns SHA-256 in lower-case hex by file name
 * @throws DownloaderError `CHECKSUM_FILE_MALFORMED`
 */
export const parseChecksumFile = (text: string, file: string): Map<string, string> => {
  const malformed = (reason: string, line?: number): DownloaderError =>
    new DownloaderError('CHECKSUM_FILE_MALFORMED', `${file}${line === undefined ? '' : `, line ${line}`}: ${reason}`, {
      facts: { file, line },
    });
  const checksums = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const match = LINE.exec(line);
    if (match === null) throw malformed('expected "SHA256  NAME"', index + 1);
    const sha256 = match[1]!.toLowerCase();
    const name = match[2]!;
    const earlier = checksums.get(name);
    if (earlier !== undefined && earlier !== sha256) throw malformed(`two checksums for ${name}`, index + 1);
    checksums.set(name, sha256);
  }
  if (checksums.size === 0) throw malformed('the file is empty');
  return checksums;
};
