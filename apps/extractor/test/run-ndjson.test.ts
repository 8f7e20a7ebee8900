import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DATA_TYPES, type DataType } from '../src/config/data-type.js';
import { lockDataFolder } from '../src/system/data-folder-lock.js';
import { type CliResult, runCli, startCli } from './kit/cli.js';
import { dumpFile, faultOf, readXml, smallDump, writeDump } from './kit/dumps.js';

const VERSION = '20260101';
const RECORDS = 150;

let base: string;
let sampleDump: string;
let folder: string;
let root: string;
let output: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'run-'));
  sampleDump = join(base, 'dumps');
  await generateDump({ directory: sampleDump, version: VERSION, seed: 7, records: RECORDS });
});
afterAll(() => rm(base, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'));
  root = join(folder, 'data');
  output = join(folder, 'output');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const runArgs = (source: string): string[] => [
  'run',
  '--once',
  '--source',
  source,
  '--sink',
  'ndjson',
  '--output',
  output,
];
const run = (source = sampleDump, more: string[] = [], env: Record<string, string> = {}): Promise<CliResult> =>
  runCli([...runArgs(source), ...more], { env: { DISCOGS_ROOT: root, ...env } });

const outputLines = async (type: DataType, version = VERSION): Promise<string[]> =>
  (await readFile(join(output, version, `${type}.ndjson`), 'utf8')).split('\n');

interface Marker {
  processing_phase: {
    status: string;
    progress_by_file: Record<string, { status: string; messages_published: number; records_extracted: number }>;
  };
  summary: { overall_status: string; files_by_type: Record<string, string> };
}
const marker = async (version = VERSION): Promise<Marker> =>
  JSON.parse(await readFile(join(root, `.extraction_status_${version}.json`), 'utf8')) as Marker;

const messages = ({ stdout }: CliResult): string[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { message: string }).message);

describe('run --once --sink ndjson', () => {
  it('delivers every record once, in order, then file_complete, and marks the run completed', async () => {
    const result = await run();
    expect(result).toMatchObject({ status: 0, stderr: '' });
    for (const type of DATA_TYPES) {
      const lines = await outputLines(type);
      expect(lines).toHaveLength(RECORDS + 2);
      expect(lines.at(-1)).toBe('');
      expect(JSON.parse(lines.at(-2)!)).toEqual({
        type: 'file_complete',
        data_type: type,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        total_processed: RECORDS,
        file: dumpFile(VERSION, type),
      });
      const data = lines.slice(0, RECORDS);
      for (const line of data) expect(faultOf(line, type)).toBeUndefined();
      const xml = await readXml(join(sampleDump, dumpFile(VERSION, type)));
      const idsInDump =
        type === 'masters' || type === 'releases'
          ? [...xml.matchAll(new RegExp(`^<${type.slice(0, -1)} id="(\\d+)"`, 'gm'))].map(([, id]) => id)
          : [...xml.matchAll(new RegExp(`^<${type.slice(0, -1)}>(?:<images>.*?</images>)?<id>(\\d+)</id>`, 'gms'))].map(
              ([, id]) => id,
            );
      expect(data.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(idsInDump);
    }
    expect(await marker()).toMatchObject({
      summary: {
        overall_status: 'completed',
        files_by_type: { artists: 'completed', labels: 'completed', masters: 'completed', releases: 'completed' },
      },
    });
    for (const progress of Object.values((await marker()).processing_phase.progress_by_file)) {
      expect(progress).toMatchObject({ status: 'completed', messages_published: RECORDS, records_extracted: RECORDS });
    }
  });

  it('has nothing to do the second time, but with --force-reprocess or without its marker, and reads its own copy', async () => {
    await run();
    const before = await readFile(join(output, VERSION, 'artists.ndjson'));
    const second = await run();
    expect(second.status).toBe(0);
    expect(messages(second).join('\n')).toContain('nothing to do');
    expect(await readFile(join(output, VERSION, 'artists.ndjson'))).toEqual(before);

    await rm(output, { recursive: true });
    expect(await run(sampleDump, ['--force-reprocess'])).toMatchObject({ status: 0 });
    expect(await outputLines('releases')).toHaveLength(RECORDS + 2);

    for (const type of DATA_TYPES) {
      const name = dumpFile(VERSION, type);
      expect(await readFile(join(root, name))).toEqual(await readFile(join(sampleDump, name)));
    }
    await copyFile(join(sampleDump, `discogs_${VERSION}_CHECKSUM.txt`), join(root, `discogs_${VERSION}_CHECKSUM.txt`));
    await rm(join(root, `.extraction_status_${VERSION}.json`));
    await rm(output, { recursive: true });
    expect(await run(root)).toMatchObject({ status: 0 });
    expect(await outputLines('masters')).toHaveLength(RECORDS + 2);
  });

  it('delivers the configured types, and the others later, without delivering any twice', async () => {
    expect(await run(sampleDump, ['--types', 'labels'])).toMatchObject({ status: 0 });
    expect(await readdir(join(output, VERSION))).toEqual(['labels.ndjson']);
    const labels = await readFile(join(output, VERSION, 'labels.ndjson'));
    expect(await run()).toMatchObject({ status: 0 });
    expect(await readFile(join(output, VERSION, 'labels.ndjson'))).toEqual(labels);
    expect((await readdir(join(output, VERSION))).sort()).toEqual(DATA_TYPES.map((type) => `${type}.ndjson`));
    expect((await marker()).summary.overall_status).toBe('completed');
  });

  it('chooses the newest complete version, or the configured one', async () => {
    const dumps = join(folder, 'dumps');
    await writeDump(dumps, '20250101', smallDump(2));
    await writeDump(dumps, '20250201', smallDump(3));
    await writeDump(dumps, '20250301', smallDump(4));
    await rm(join(dumps, dumpFile('20250301', 'masters')));
    const newest = await run(dumps);
    expect(newest.status).toBe(0);
    expect(messages(newest).join('\n')).toContain(dumpFile('20250301', 'masters'));
    expect(await outputLines('artists', '20250201')).toHaveLength(5);
    expect(await run(dumps, ['--dump-version', '20250101'])).toMatchObject({ status: 0 });
    expect(await outputLines('artists', '20250101')).toHaveLength(4);
  });

  it('resumes after the confirmed record when it was stopped in the middle', async () => {
    const large = join(folder, 'dumps');
    await generateDump({ directory: large, version: VERSION, seed: 8, records: 15_000, types: ['artists'] });
    await writeFile(join(large, 'other'), '');
    const options = { env: { DISCOGS_ROOT: root, STATE_SAVE_INTERVAL: '1', PROGRESS_LOG_INTERVAL: '1' } };
    const args = [...runArgs(large), '--types', 'artists'];

    const stopped = startCli(args, options);
    await stopped.says('"file":"discogs_20260101_artists.xml.gz","data_type":"artists"');
    stopped.process.kill('SIGTERM');
    const result = await stopped.ended;
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(messages(result).join('\n')).toContain('🛑');
    const progress = (await marker()).processing_phase.progress_by_file[dumpFile(VERSION, 'artists')]!;
    expect(progress.status).toBe('in_progress');

    expect(await runCli(args, options)).toMatchObject({ status: 0 });
    const whole = await outputLines('artists');
    const parsed = await runCli(['parse', join(large, dumpFile(VERSION, 'artists'))]);
    expect(whole.slice(0, -2)).toEqual(parsed.stdout.trimEnd().split('\n'));
  });
});

describe('run --once on bad input', () => {
  const copyOfDump = async (): Promise<string> => {
    const dumps = join(folder, 'dumps');
    await mkdir(dumps);
    for (const name of await readdir(sampleDump)) await copyFile(join(sampleDump, name), join(dumps, name));
    return dumps;
  };
  const errors = ({ stdout }: CliResult): string =>
    stdout
      .split('\n')
      .filter((line) => line.includes('"level":"ERROR"'))
      .join('\n');

  it('refuses a source without a complete version', async () => {
    const dumps = await copyOfDump();
    await rm(join(dumps, dumpFile(VERSION, 'labels')));
    const result = await run(dumps);
    expect(result.status).toBe(1);
    expect(errors(result)).toContain(dumpFile(VERSION, 'labels'));
    await expect(readdir(output)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('refuses a missing source', async () => {
    const result = await run(join(folder, 'nowhere'));
    expect(result.status).toBe(1);
    expect(errors(result)).toContain('nowhere');
  });

  it('refuses a file whose checksum is wrong', async () => {
    const dumps = await copyOfDump();
    await copyFile(join(dumps, dumpFile(VERSION, 'artists')), join(dumps, dumpFile(VERSION, 'labels')));
    const result = await run(dumps);
    expect(result.status).toBe(1);
    expect(errors(result)).toContain(dumpFile(VERSION, 'labels'));
    expect(await readdir(root)).not.toContain(dumpFile(VERSION, 'labels'));
    expect((await marker()).summary.overall_status).toBe('failed');

    // Once the file is repaired, the run resumes.
    await copyFile(join(sampleDump, dumpFile(VERSION, 'labels')), join(dumps, dumpFile(VERSION, 'labels')));
    expect(await run(dumps)).toMatchObject({ status: 0 });
    expect(await outputLines('labels')).toHaveLength(RECORDS + 2);
  });

  it('fails a truncated file, finishes the others, and completes once the file is whole', async () => {
    const dumps = join(folder, 'dumps');
    const small = smallDump(3000);
    await writeDump(dumps, VERSION, small);
    const cut = (await readFile(join(dumps, dumpFile(VERSION, 'masters')))).subarray(0, -2000);
    await writeDump(dumps, VERSION, { ...small, masters: cut });
    const result = await run(dumps);
    expect(result.status).toBe(1);
    expect(errors(result)).toContain('TRUNCATED');
    expect(await outputLines('releases')).toHaveLength(3002);
    expect((await outputLines('masters')).join()).not.toContain('file_complete');
    expect(await marker()).toMatchObject({
      summary: { overall_status: 'failed', files_by_type: { masters: 'failed', labels: 'completed' } },
    });

    await writeDump(dumps, VERSION, small);
    expect(await run(dumps)).toMatchObject({ status: 0 });
    const masters = await outputLines('masters');
    expect(masters).toHaveLength(3002);
    expect(new Set(masters.map((line) => line.slice(0, 40))).size).toBe(3002);
    expect((await marker()).summary.overall_status).toBe('completed');
  });

  it('keeps malformed records, delivers the others, and does not end with success', async () => {
    const dumps = join(folder, 'dumps');
    const small = smallDump(10);
    const broken = '<label><id>4</id><name>unclosed</label>';
    const labels = small.labels.replace(/<label><id>4<.*?<\/label>/, broken);
    await writeDump(dumps, VERSION, { ...small, labels });
    const result = await run(dumps);
    expect(result.status).toBe(1);
    const quarantine = join(root, 'quarantine', VERSION, 'labels');
    const kept = (await readdir(quarantine)).sort();
    expect(kept).toEqual([expect.stringMatching(/^\d{13}\.json$/), expect.stringMatching(/^\d{13}\.xml$/)]);
    expect(await readFile(join(quarantine, kept[1]!), 'utf8')).toBe(broken);
    expect(result.stdout).toContain(join(quarantine, kept[1]!));
    const ids = (await outputLines('labels')).slice(0, -2).map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(['1', '2', '3', '5', '6', '7', '8', '9', '10']);
    expect(JSON.parse((await outputLines('labels')).at(-2)!)).toMatchObject({ total_processed: 9 });

    // Later runs have nothing to do, but still report it.
    expect((await marker()).processing_phase.progress_by_file[dumpFile(VERSION, 'labels')]).toMatchObject({
      status: 'completed',
      undelivered: 1,
    });
    const second = await run(dumps);
    expect(second.status).toBe(1);
    expect(messages(second).at(-1)).toContain('the log of the run');
    expect((await runCli(['status'], { env: { DISCOGS_ROOT: root } })).stdout).toContain('not delivered: 1');
    expect(await outputLines('labels')).toHaveLength(11);
  });

  it('fails a file with more malformed records than allowed', async () => {
    const dumps = join(folder, 'dumps');
    const small = smallDump(10);
    await writeDump(dumps, VERSION, { ...small, labels: small.labels.replaceAll('</name>', '') });
    const result = await run(dumps, [], { MAX_MALFORMED_RECORDS: '3' });
    expect(result.status).toBe(1);
    expect(errors(result)).toContain('TOO_MANY_MALFORMED');
    // Of a failed file too, the log has what was done and found.
    const ended = result.stdout
      .split('\n')
      .find((line) => line.includes('TOO_MANY_MALFORMED') && line.includes('"delivered"'));
    const fields = JSON.parse(ended!) as Record<string, unknown>;
    expect(fields).toMatchObject({ malformed: 4, undelivered: 4, byte_offset: expect.any(Number) });
    expect(fields['error']).toContain('MAX_MALFORMED_RECORDS');
    expect((await outputLines('labels')).join()).not.toContain('file_complete');
  });

  it('fails a file without records, or that is not a dump', async () => {
    const dumps = join(folder, 'dumps');
    const small = smallDump(3);
    await writeDump(dumps, VERSION, { ...small, artists: '<artists></artists>', labels: '<html>sorry</html>' });
    const result = await run(dumps);
    expect(result.status).toBe(1);
    expect(errors(result)).toContain('NO_RECORDS');
    expect(errors(result)).toContain('NOT_A_DUMP');
    expect((await marker()).summary.files_by_type).toEqual({
      artists: 'failed',
      labels: 'failed',
      masters: 'completed',
      releases: 'completed',
    });
  });

  it('sets aside a marker that it cannot read, with a warning', async () => {
    await mkdir(root);
    await writeFile(join(root, `.extraction_status_${VERSION}.json`), '{"metadata_ver');
    const result = await run();
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('"level":"WARNING"');
    expect((await readdir(root)).filter((name) => name.includes('corrupt'))).toHaveLength(1);
    expect(await outputLines('labels')).toHaveLength(RECORDS + 2);
  });

  it('refuses a data folder in which another extractor works', async () => {
    await using _other = await lockDataFolder(root);
    const result = await run();
    expect(result.status).toBe(1);
    expect(errors(result)).toContain('FOLDER_LOCKED');
  });

  it('reports an output that cannot be written', async () => {
    await writeFile(output, 'a file where the folder must be');
    const result = await run();
    expect(result.status).toBe(1);
    expect(errors(result)).toContain('OUTPUT_FAILED');
  });

  it('refuses an unfinished output that was truncated in the meantime, and writes it again if it is forced', async () => {
    await run();
    await truncate(join(output, VERSION, 'artists.ndjson'), 1000);
    const path = join(root, `.extraction_status_${VERSION}.json`);
    const before = await marker();
    before.processing_phase.progress_by_file[dumpFile(VERSION, 'artists')]!.status = 'in_progress';
    before.processing_phase.status = 'in_progress';
    before.summary.overall_status = 'in_progress';
    await writeFile(path, JSON.stringify(before));
    const result = await run();
    expect(result.status).toBe(1);
    expect(errors(result)).toContain('OUTPUT_CHANGED');
    expect(await run(sampleDump, ['--force-reprocess'])).toMatchObject({ status: 0 });
    expect(await outputLines('artists')).toHaveLength(RECORDS + 2);
  });
});
