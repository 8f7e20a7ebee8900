import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { type Fault, FaultyServer, type RecordedRequest } from '@discogs-extractor/test-server';
import { expect } from 'vitest';
import {
  createDownloader,
  createWebSource,
  DATA_TYPES,
  type DataType,
  type DownloadEvent,
  DownloaderError,
} from '../../src/index.js';
import { makeVersion, sha256, temporaryDirectory, writeFiles } from './dump.js';
import { contentOf } from './setup.js';

const SIZE = 120_000;

/** The errors that a download may fail with: each is caused by a fault of the server. */
const EXPECTED_CODES = new Set([
  'CHECKSUM_MISMATCH',
  'CHECKSUM_FILE_MALFORMED',
  'CHECKSUM_MISSING',
  'SOURCE_UNREACHABLE',
  'ACCESS_DENIED',
  'RATE_LIMITED',
  'HTTP_STATUS',
  'RANGE_REJECTED',
  'LISTING_UNREADABLE',
  'UNEXPECTED_CONTENT',
  'BODY_CUT',
  'BODY_STALLED',
]);

/**
 * Downloads from a server that fails at random until it has failed `faults` times, and checks after each download that
 * no file under its final name has a wrong byte.
 */
export const downloadThroughFaults = async (faults: number, seed: number): Promise<void> => {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const faultOf = (): Fault =>
    pick<() => Fault>([
      () => ({ kind: 'status', status: pick([429, 503]), headers: { 'retry-after': '0' } }),
      () => ({ kind: 'status', status: pick([429, 503]), headers: { 'retry-after': new Date().toUTCString() } }),
      () => ({ kind: 'status', status: pick([500, 502, 504, 403]) }),
      () => ({ kind: 'reset' }),
      () => ({ kind: 'cut', after: below(SIZE) }),
      () => ({ kind: 'silent-cut', after: below(SIZE) }),
      () => ({ kind: 'stall', after: below(SIZE) }),
      () => ({ kind: 'ignore-range' }),
      () => ({ kind: 'no-length' }),
      () => ({ kind: 'wrong-length', by: below(2000) - 1000 }),
      () => ({ kind: 'page', status: pick([200, 403]), type: pick(['text/html', 'application/octet-stream']) }),
      () => ({ kind: 'wrong-bit', at: below(SIZE) }),
      () => ({ kind: 'wrong-range' }),
    ])();

  const versions = ['20251201', '20260101'];
  const files = new Map(versions.flatMap((version) => [...makeVersion(version, SIZE)]));
  const server = await FaultyServer.start(files);
  const hashes = new Map([...files].map(([name, bytes]) => [name, sha256(bytes)]));
  let injected = 0;
  let likelihood = 0;
  server.fault = ({ page, name }: RecordedRequest) => {
    // The likelihood varies by round, so that some downloads succeed and some fail.
    if (injected >= faults || random() >= likelihood) return undefined;
    const fault = faultOf();
    // Nothing verifies the content of pages and of the CHECKSUM file.
    if (fault.kind === 'wrong-bit' && (page !== 'file' || name.endsWith('.txt'))) return undefined;
    injected += 1;
    return fault;
  };

  const outcomes = new Map<string, number>();
  /** Wrong files that no download has reached yet. */
  const wrongFiles = new Set<string>();
  let root = await temporaryDirectory();
  for (let round = 0; injected < faults; round += 1) {
    expect(round).toBeLessThan(faults);
    if (random() < 0.3) root = await temporaryDirectory();
    likelihood = pick([0.2, 0.5, 0.9]);
    server.supportsRanges = random() < 0.7;
    const retry = { attempts: pick([2, 4, 8]), baseDelayMs: 0, maxDelayMs: 0 };
    const types = DATA_TYPES.filter(() => random() < 0.7);
    const wanted: readonly DataType[] = types.length === 0 ? ['labels'] : types;
    if (random() < 0.2) {
      // A truncated file under its final name, as an older program leaves it.
      const name = `discogs_20260101_${pick(wanted)}.xml.gz`;
      await writeFiles(root, new Map([[name, files.get(name)!.subarray(0, below(SIZE))]]));
      wrongFiles.add(`${root}/${name}`);
    }
    const source = createWebSource({
      baseUrl: server.url,
      minGapMs: 0,
      throttleDelayMs: 0,
      stallTimeoutMs: 60,
      // A stall after the last byte leaves a connection that looks free but does not respond.
      responseTimeoutMs: 150,
      retry,
    });
    const downloader = createDownloader({ source, directory: root, retry, concurrency: 1 + below(4) });
    const onEvent = (event: DownloadEvent): void => {
      if (event.type === 'download-started') wrongFiles.delete(`${root}/${event.file}`);
    };
    const outcome = await downloader.download({ version: pick(versions), dataTypes: wanted, onEvent }).then(
      async (verified) => {
        for (const { path, name, sha256: hash } of verified) {
          expect(hash).toBe(hashes.get(name));
          expect(sha256(await readFile(path))).toBe(hash);
        }
        return 'done';
      },
      (error: unknown) => {
        expect(error).toBeInstanceOf(DownloaderError);
        expect(EXPECTED_CODES).toContain((error as DownloaderError).code);
        return (error as DownloaderError).code;
      },
    );
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    await downloader.close();
    await source.close();
    for (const [name, summary] of Object.entries(await contentOf(root))) {
      if (name.endsWith('.part') || wrongFiles.has(`${root}/${name}`)) continue;
      expect(`${name} ${summary.split(' ')[1]}`).toBe(`${name} ${hashes.get(name)}`);
    }
  }

  // Without further faults, all files are right in the end, whatever state the directory is in.
  const source = createWebSource({ baseUrl: server.url, minGapMs: 0 });
  const downloader = createDownloader({ source, directory: root });
  await downloader.download();
  for (const [name, hash] of hashes) {
    if (name.includes('20260101')) expect(sha256(await readFile(join(root, name)))).toBe(hash);
  }
  await source.close();
  expect(outcomes.get('done')).toBeGreaterThan(0);
  expect(outcomes.size).toBeGreaterThan(1);
};
