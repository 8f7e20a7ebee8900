import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderSource } from '@discogs-extractor/downloader';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config/load-config.js';
import { runExtraction } from '../src/pipeline/run-extraction.js';
import { createNdjsonSink } from '../src/sinks/ndjson-sink.js';
import type { Sink } from '../src/sinks/sink.js';
import { type CliResult, runCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { editMarker, type MarkerFile, markerPath, readMarker } from './kit/markers.js';

const VERSION = '20260101';
const RECORDS = 4;

let base: string;
let folder: string;
let data: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'extraction-complete-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'));
  data = join(folder, 'data');
  await writeDump(join(folder, 'dumps'), VERSION, smallDump(RECORDS));
});

const run = (env: Record<string, string> = {}, ...more: string[]): Promise<CliResult> =>
  runCli(['run', '--once', '--source', join(folder, 'dumps'), '--sink', 'ndjson', ...more], {
    env: { DISCOGS_ROOT: data, CONTRACT: 'fanout', ...env },
  });
const outputPath = (name: string): string => join(data, 'ndjson', VERSION, `${name}.ndjson`);
const marker = async (): Promise<MarkerFile> => (await readMarker(data, VERSION))!;
const completion = async (): Promise<MarkerFile['publishing_phase']['extraction_complete']> =>
  (await marker()).publishing_phase.extraction_complete;
const isSent = (): Promise<boolean> =>
  stat(outputPath('extraction_complete')).then(
    () => true,
    () => false,
  );

describe('extraction_complete', () => {
  it('is sent once, after all four files, with an earlier start and the counts of the marker', async () => {
    expect(await run()).toMatchObject({ status: 0, stdout: expect.stringContaining('extraction_complete sent') });
    const text = await readFile(outputPath('extraction_complete'), 'utf8');
    const message = JSON.parse(text) as Record<string, string>;
    expect(text).toBe(`${JSON.stringify(message)}\n`);
    const { started_at } = (await marker()).processing_phase;
    expect(Object.entries(message)).toEqual([
      ['type', 'extraction_complete'],
      ['version', VERSION],
      ['timestamp', expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)],
      ['started_at', new Date(Date.parse(started_at) - 300_000).toISOString()],
      ['record_counts', { artists: RECORDS, labels: RECORDS, masters: RECORDS, releases: RECORDS }],
    ]);
    expect(await completion()).toEqual({ sent_at: expect.stringContaining('T') });

    const again = await run();
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing to do') });
    expect(await readFile(outputPath('extraction_complete'), 'utf8')).toBe(text);
    const status = await runCli(['status', '--data', data]);
    expect(status.stdout).toMatch(/extraction_complete {2}sent \d{4}-/);
  });

  it('is all that a run sends that finds everything else done, with the first start, and without the files', async () => {
    expect(await run()).toMatchObject({ status: 0 });
    const before = await marker();
    // What is on the disk after a crash before, or while, the message was sent.
    await editMarker(data, VERSION, ({ publishing_phase, summary }) => {
      publishing_phase.status = 'in_progress';
      summary.overall_status = 'in_progress';
      delete publishing_phase.extraction_complete;
    });
    await rm(outputPath('extraction_complete'));
    for (const name of ['artists', 'labels', 'masters', 'releases']) {
      await rm(join(data, `discogs_${VERSION}_${name}.xml.gz`));
    }
    const artists = await stat(outputPath('artists'));
    expect(await run()).toMatchObject({ status: 0 });
    expect(await isSent()).toBe(true);
    expect((await stat(outputPath('artists'))).mtimeMs).toBe(artists.mtimeMs);
    const after = await marker();
    expect(after.summary.overall_status).toBe('completed');
    expect(after.publishing_phase.status).toBe('completed');
    expect(after.processing_phase).toEqual(before.processing_phase);
    await expect(stat(join(data, `discogs_${VERSION}_labels.xml.gz`))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('fails the run if it cannot be sent, and the next run sends it alone', async () => {
    const config = await loadConfig({ env: { DISCOGS_ROOT: data, SINK: 'ndjson', CONTRACT: 'fanout' } });
    const sink = createNdjsonSink({ directory: join(data, 'ndjson'), dataFolder: data, contract: 'fanout' });
    const failing: Sink = { ...sink, completeDump: () => Promise.reject(new Error('it is not taken')) };
    const source = createFolderSource({ directory: join(folder, 'dumps') });
    const { signal } = new AbortController();
    await expect(runExtraction(config, { source, sink: failing, onEvent: () => {}, signal })).rejects.toThrow(
      'not taken',
    );
    const { processing_phase, publishing_phase, summary } = await marker();
    expect([processing_phase.status, publishing_phase.status, summary.overall_status]).toEqual([
      'completed',
      'failed',
      'failed',
    ]);
    const artists = await stat(outputPath('artists'));
    expect(await run()).toMatchObject({ status: 0 });
    expect(await isSent()).toBe(true);
    expect((await stat(outputPath('artists'))).mtimeMs).toBe(artists.mtimeMs);
  });

  it('waits for the types that were not asked for', async () => {
    const partial = await run({ DATA_TYPES: 'labels,masters' });
    expect(partial).toMatchObject({ status: 0, stdout: expect.stringContaining('releases were not delivered') });
    expect(await isSent()).toBe(false);
    const status = await runCli(['status', '--data', data]);
    expect(status.stdout).toContain('extraction_complete  not sent: artists were not delivered; releases');
    expect(await run()).toMatchObject({ status: 0 });
    expect(await isSent()).toBe(true);
  });

  it('is withheld if records were left out, until the operator wants it', async () => {
    await writeDump(join(folder, 'dumps'), VERSION, {
      ...smallDump(RECORDS),
      labels: smallDump(RECORDS).labels.replace('<name>N &#228; 2</name>', '<name>N &#228; 2</nam>'),
    });
    const first = await run();
    expect(first).toMatchObject({ status: 1, stdout: expect.stringContaining('extraction_complete is not sent') });
    expect(await completion()).toEqual({ sent_at: null, withheld_because: [expect.stringContaining('labels')] });
    expect((await marker()).summary.overall_status).toBe('completed');
    // Nothing changes while the setting stays the same, and each check says so.
    expect((await run()).stdout).toContain('extraction_complete is not sent');
    expect(await isSent()).toBe(false);
    expect((await run({ EXTRACTION_COMPLETE: 'always' })).stdout).toContain('extraction_complete sent');
    expect(JSON.parse(await readFile(outputPath('extraction_complete'), 'utf8'))).toMatchObject({
      record_counts: { labels: RECORDS - 1 },
    });
    expect(await completion()).toEqual({ sent_at: expect.any(String) });
  });

  it('is never sent with EXTRACTION_COMPLETE=never or CONTRACT=topic', async () => {
    expect(await run({ EXTRACTION_COMPLETE: 'never' })).toMatchObject({ status: 0 });
    expect(await isSent()).toBe(false);
    // Nor for a file whose delivery this program does not know: consumers would delete what they may not have got.
    await editMarker(data, VERSION, ({ processing_phase: { progress_by_file: files }, summary }) => {
      delete files[dumpFile(VERSION, 'labels')]!.destination;
      summary.overall_status = 'in_progress';
    });
    expect((await run()).stdout).toContain(`${dumpFile(VERSION, 'labels')} was delivered by another extractor`);
    expect(await isSent()).toBe(false);
    // Nor for one that may have been cut short.
    await rm(join(folder, 'dumps', `discogs_${VERSION}_CHECKSUM.txt`));
    const unverified = await run({ ALLOW_UNVERIFIED: 'true' }, '-f');
    expect(unverified.stdout).toContain(`${dumpFile(VERSION, 'labels')} could not be verified`);
    expect(await isSent()).toBe(false);
    expect((await run({ ALLOW_UNVERIFIED: 'true', EXTRACTION_COMPLETE: 'always' })).status).toBe(0);
    expect(await isSent()).toBe(true);
    const topic = await run({ CONTRACT: 'topic', ALLOW_UNVERIFIED: 'true' }, '-f');
    expect(topic).toMatchObject({ status: 0 });
    expect(await isSent()).toBe(false);
    expect(await completion()).toBeUndefined();
  });
});

describe('a run under another contract than the one before', () => {
  it.each(['ndjson', 'null'])(
    'neither skips nor resumes what the sink %s has, and a forced run delivers it',
    async (sink) => {
      const under = (contract: string, ...more: string[]): Promise<CliResult> =>
        run({ CONTRACT: contract, DATA_TYPES: 'labels' }, '--sink', sink, ...more);
      // What a sink has of the other contract is refused by the run, whatever the sink.
      const changes = [
        ['topic', 'fanout'],
        ['fanout', 'topic'],
      ] as const;
      for (const [before, now] of sink === 'null' ? changes.slice(0, 1) : changes) {
        expect(await under(before, '-f')).toMatchObject({ status: 0 });
        const text = await readFile(markerPath(data, VERSION), 'utf8');
        const refused = await under(now);
        expect(refused).toMatchObject({ status: 1, stdout: expect.stringContaining('"code":"DESTINATION_CHANGED"') });
        expect(await readFile(markerPath(data, VERSION), 'utf8')).toBe(text);
      }
    },
  );
});
