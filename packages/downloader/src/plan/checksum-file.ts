import { DownloaderError } from '../errors.js';
import { parseFileName } from '../names.js';

// What sha256sum, shasum, sha256 -r and openssl -r write: a hash, blanks, possibly the `*` of the binary mode, a name.
const HASH_FIRST = /^([0-9a-f]{64})[ \t]+\*?(\S.*)$/is;
// What sha256sum --tag, cksum, BSD's sha256 and openssl write: `SHA256 (NAME) = HASH`.
const TAGGED = /^([a-z][a-z0-9/-]*)[ \t]*\((.+)\)[ \t]*=[ \t]*([0-9a-f]+)$/is;
const SHA256_TAG = /^SHA2?-?256$/i;
const SHA256 = /^[0-9a-f]{64}$/i;
const COMMENT = /^[#;]/;

const ESCAPED: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\\\': '\\' };

/** A line without its escapes: coreutils marks a line whose name has any with a backslash at its start. */
const unescapeLine = (line: string): string =>
  line.startsWith('\\') ? line.slice(1).replace(/\\[nr\\]/g, (pair) => ESCAPED[pair]!) : line;

/** The name and hash of a line; `undefined` for another algorithm's; a text with what is wrong with it. */
const parseLine = (line: string): { name: string; sha256: string } | undefined | string => {
  const hashFirst = HASH_FIRST.exec(line);
  if (hashFirst !== null) return { sha256: hashFirst[1]!, name: hashFirst[2]! };
  const tagged = TAGGED.exec(line);
  if (tagged === null) return 'expected "SHA256  NAME" or "SHA256 (NAME) = SHA256"';
  const [, algorithm, name, hash] = tagged as unknown as [string, string, string, string];
  if (!SHA256_TAG.test(algorithm)) return undefined;
  return SHA256.test(hash) ? { name, sha256: hash } : `the SHA-256 of ${name} does not have 64 hex digits`;
};

/** The name without its directory: whoever wrote the file may have been in another one. */
const baseNameOf = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

/**
 * Parses a CHECKSUM file in any form that the usual tools write: `HASH  NAME` or `SHA256 (NAME) = HASH`, with or without
 * directories, escapes, comments, empty lines, CRLF or a byte order mark. It is strict about hashes: any other line is
 * an error, so that neither a page in place of the file nor half a file is accepted. Lines of other algorithms, which
 * name themselves, are left out.
 *
 * @param file - its name, for errors
 * @returns SHA-256 in lower-case hex by file name, without directory. A dump that is listed without `.gz` is there under
 * both names, unless the file has another line for the name with `.gz`.
 * @throws DownloaderError `CHECKSUM_FILE_MALFORMED`
 */
export const parseChecksumFile = (text: string, file: string): Map<string, string> => {
  const malformed = (reason: string, line?: number): DownloaderError =>
    new DownloaderError('CHECKSUM_FILE_MALFORMED', `${file}${line === undefined ? '' : `, line ${line}`}: ${reason}`, {
      facts: { file, line },
    });
  const checksums = new Map<string, string>();
  // sha256sum --zero ends lines with NUL.
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n|\r|\0/);
  for (const [index, line] of lines.entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || COMMENT.test(trimmed)) continue;
    const parsed = parseLine(unescapeLine(trimmed));
    if (parsed === undefined) continue;
    if (typeof parsed === 'string') throw malformed(parsed, index + 1);
    const name = baseNameOf(parsed.name);
    const sha256 = parsed.sha256.toLowerCase();
    const earlier = checksums.get(name);
    if (earlier !== undefined && earlier !== sha256) throw malformed(`two checksums for ${name}`, index + 1);
    checksums.set(name, sha256);
  }
  if (checksums.size === 0) throw malformed('the file has no SHA-256');
  for (const [name, sha256] of [...checksums]) {
    const compressed = `${name}.gz`;
    if (parseFileName(compressed) !== undefined && !checksums.has(compressed)) checksums.set(compressed, sha256);
  }
  return checksums;
};

/** Decodes a CHECKSUM file: UTF-8, or UTF-16 with a byte order mark, which Windows PowerShell writes. */
export const decodeChecksumFile = (bytes: Uint8Array): string => {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const encoding = isUtf16 ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
};
