import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Checkpoint } from '@discogs-extractor/state-marker';
import { errorCodeOf } from '../errors.js';
import { cannotTell, judgeCount, type PlaceReport } from './verdict.js';

const LINE_FEED = 0x0a;
const CHUNK_BYTES = 1024 * 1024;
/** Longer than any `file_complete`. */
const TAIL_BYTES = 1024;

export interface OutputExpectation {
  readonly path: string;
  /** Lines that were written: confirmed records, and `file_complete` if `isComplete`. */
  readonly expected: number;
  readonly isComplete: boolean;
  /** Size and digest of these lines. */
  readonly checkpoint: Checkpoint | undefined;
}

/** Counts the lines of an NDJSON output, and compares them with size and digest in the state marker. Only reads. */
export const judgeOutput = async (
  { path, expected, isComplete, checkpoint }: OutputExpectation,
  signal: AbortSignal,
): Promise<Pick<PlaceReport, 'found' | 'verdict' | 'reason'>> => {
  const { bytes: knownBytes, crc32: knownDigest } = checkpoint ?? {};
  const read = await readLines(path, { knownBytes: numberOf(knownBytes) ?? 0 }, signal);
  if (read === undefined) return judgeCount(expected, 0, 'the file does not exist');
  const judged = judgeCount(expected, read.lines, 'lines were removed');
  if (judged.verdict === 'short') return judged;
  if (typeof knownBytes !== 'number')
    return cannotTell('the state marker does not have the size and digest of the file');
  const { size, digest, tail } = read;
  if (digest !== knownDigest) return { ...judged, verdict: 'changed', reason: 'its content is not what was written' };
  if (isComplete && (size !== knownBytes || !tail.includes('"type":"file_complete"'))) {
    return { ...judged, verdict: 'changed', reason: 'file_complete is not the last line' };
  }
  return judged;
};

/** Counts the tombstones of a file's pass. What the state marker has of them is where they begin and end. Only reads. */
export const judgeTombstones = async (
  { path, expected, isComplete, checkpoint }: OutputExpectation,
  signal: AbortSignal,
): Promise<Pick<PlaceReport, 'found' | 'verdict' | 'reason'>> => {
  const { deleted_from: start, deleted_bytes: end } = checkpoint ?? {};
  const read = await readLines(path, { start: numberOf(start) }, signal);
  if (read === undefined) return judgeCount(expected, 0, 'the file does not exist');
  const judged = judgeCount(expected, read.lines, 'lines were removed');
  const isChanged = judged.verdict !== 'short' && isComplete && read.size !== end;
  return isChanged ? { ...judged, verdict: 'changed', reason: 'its size is not that of what was written' } : judged;
};

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

interface OutputRead {
  readonly lines: number;
  readonly size: number;
  /** CRC-32 of the first `knownBytes` bytes, in hexadecimal. */
  readonly digest: string;
  /** The last line. */
  readonly tail: string;
}

/** Reads a file from `start`; `undefined` if there is none. */
const readLines = async (
  path: string,
  { start = 0, knownBytes = 0 }: { readonly start?: number | undefined; readonly knownBytes?: number | undefined },
  signal: AbortSignal,
): Promise<OutputRead | undefined> => {
  const opened = await open(path, 'r').catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (opened === undefined) return undefined;
  await using file = opened;
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let lines = 0;
  let size = start;
  let digest = 0;
  let tail: Buffer = Buffer.alloc(0);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, size);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) lines++;
    if (size < knownBytes) digest = crc32(chunk.subarray(0, knownBytes - size), digest);
    tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
    size += bytesRead;
  }
  const [lastLine] = tail.toString().trimEnd().split('\n').slice(-1);
  return { lines, size, digest: digest.toString(16).padStart(8, '0'), tail: lastLine ?? '' };
};
