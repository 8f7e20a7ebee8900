import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { identityOfOpen, type VerifiedFile } from '@discogs-extractor/downloader';
import { createWorkerPool } from '@discogs-extractor/parser';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ExtractedFile, extractFile, type Progress } from '../src/pipeline/extract-file.js';
import { createQuarantine } from '../src/pipeline/quarantine.js';
import type { Confirmed } from '../src/pipeline/watermark.js';
import { createNdjsonSink } from '../src/sinks/ndjson-sink.js';

const VERSION = '20260101';
const RECORDS = 40_000;
const isFailing = (number: number): boolean => number % 500 === 7 || (number > 20_000 && number <= 20_050);
const isOmitted = (number: number): boolean => number % 1_000 === 3;
const numbers = Array.from({ length: RECORDS }, (_, index) => index + 1);

let folder: string;
let dump: VerifiedFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transform-failures-'));
  const name = `discogs_${VERSION}_labels.xml.gz`;
  const path = join(folder, name);
  const label = (id: number): string => `<label><id>${id}</id><name>${String(id).padStart(300, 'x')}</name></label>`;
  const bytes = gzipSync(`<labels>\n${numbers.map(label).join('\n')}\n</labels>`, { level: 1 });
  await writeFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await using handle = await open(path);
  const identity = await identityOfOpen(handle);
  dump = {
    dataType: 'labels',
    version: VERSION,
    reused: true,
    verified: true,
    name,
    path,
    size: bytes.length,
    sha256,
    identity,
  };
});
afterEach(() => rm(folder, { recursive: true }));

const MODULE = `
const isFailing = ${isFailing};
const isOmitted = ${isOmitted};
export const createTransform = () => (record, { number }) => {
  if (isFailing(number)) throw new Error('no');
  return isOmitted(number) ? undefined : record;
};`;

/** Delivers the records after `before`, and resolves with what was known at the end. */
const run = async (
  before: Confirmed | undefined,
  watch: (progress: Progress, stop: () => void) => void = () => {},
): Promise<{ file: ExtractedFile | undefined; progress: Progress; reported: number }> => {
  await using workers = createWorkerPool({ threads: 2 });
  const stop = new AbortController();
  const found = { progress: undefined as Progress | undefined, reported: 0 };
  const file = await extractFile({
    ...{ dump, workers, afterRecord: before?.confirmed ?? 0, checkpoint: before?.checkpoint },
    ...{ omitted: before?.omitted ?? 0, transformFailures: before?.transformFailures ?? 0 },
    sink: createNdjsonSink({ directory: join(folder, 'out'), dataFolder: folder }),
    form: { transform: { module: `data:text/javascript,${encodeURIComponent(MODULE)}` } },
    ...{ quality: undefined, changes: undefined, format: undefined, earlier: undefined, minRecordsPercent: 0 },
    ...{ saveInterval: 1_000, maxMalformed: 1_000, maxLeftOut: 0, signal: stop.signal },
    quarantine: createQuarantine(join(folder, 'quarantine')),
    save: async () => {},
    restart: async (reason) => {
      throw new Error(reason);
    },
    onReportsFailed: () => {},
    onStart: () => {},
    onFinding: () => {},
    onRefused: () => {},
    onMalformed: () => {
      found.reported++;
    },
    onProgress: (progress) => {
      found.progress = progress;
      watch(progress, () => stop.abort(new Error('stopped')));
    },
  }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
    return undefined;
  });
  return { file, progress: found.progress!, reported: found.reported };
};

it('counts records that a transform fails on once, whether a run delivers all of them or resumes', async () => {
  let known: Confirmed | undefined;
  let resumes = 0;
  for (;;) {
    const before: number = known?.confirmed ?? 0;
    // What a run that is killed leaves: less than it has delivered.
    let durable: Confirmed | undefined;
    const { file, progress, reported } = await run(known, ({ durable: now, confirmed, records }, stop) => {
      if (durable === undefined && confirmed > before + 2_000 && records < RECORDS) {
        durable = now;
        stop();
      }
    });
    const failing = numbers.filter(isFailing);
    if (file) {
      const omitted = numbers.filter((number) => isOmitted(number) || isFailing(number)).length;
      expect(file).toMatchObject({ confirmed: RECORDS, transformFailures: failing.length, omitted });
      expect(progress.malformed).toBe(failing.length);
      expect(reported).toBeLessThanOrEqual(failing.filter((number) => number > before).length);
      break;
    }
    known = durable!;
    expect(known.transformFailures).toBe(failing.filter((number) => number <= known!.confirmed).length);
    resumes++;
  }
  expect(resumes).toBeGreaterThan(0);
  const lines = (await readFile(join(folder, 'out', VERSION, 'labels.ndjson'), 'utf8')).trimEnd().split('\n');
  const delivered = numbers.filter((number) => !isFailing(number) && !isOmitted(number));
  expect(lines.slice(0, -1).map((line) => Number((JSON.parse(line) as { id: string }).id))).toEqual(delivered);
  const undelivered = numbers.filter(isFailing).length;
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({
    type: 'file_complete',
    total_processed: RECORDS - undelivered,
  });
  expect((await readdir(join(folder, 'quarantine'))).filter((name) => name.endsWith('.xml'))).toHaveLength(undelivered);
});
