import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, runCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';

const EARLIER = '20251201';
const VERSION = '20260101';

let base: string;
/** The data folder after the earlier dump was delivered, with the output. */
let delivered: string;
let dumps: string;
let root: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'few-records-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

const run = (version: string, more: readonly string[] = [], env: Record<string, string> = {}): Promise<CliResult> =>
  runCli([...['run', '--once', '--source', dumps, '--sink', 'ndjson'], ...['--dump-version', version, ...more]], {
    env: { DISCOGS_ROOT: root, ...env },
  });
const lines = async (type: string): Promise<string[]> =>
  (await readFile(join(root, 'ndjson', VERSION, `${type}.ndjson`), 'utf8')).trimEnd().split('\n');
const markerPath = (version: string): string => join(root, `.extraction_status_${version}.json`);
const statusOf = async (version: string): Promise<unknown> =>
  (JSON.parse(await readFile(markerPath(version), 'utf8')) as { summary: unknown }).summary;
const errorsOf = ({ stdout }: CliResult): { code?: string; error?: string }[] =>
  stdout
    .split('\n')
    .filter((line) => line.includes('"level":"ERROR"'))
    .map((line) => JSON.parse(line) as { code?: string; error?: string });

describe('a dump with far fewer records than the previous one', () => {
  beforeAll(async () => {
    dumps = join(base, 'dumps');
    root = delivered = join(base, 'delivered');
    await writeDump(dumps, EARLIER, smallDump(100));
    expect(await run(EARLIER)).toMatchObject({ status: 0 });
  });
  beforeEach(async () => {
    const folder = await mkdtemp(join(base, 'case-'));
    dumps = join(folder, 'dumps');
    root = join(folder, 'data');
    await writeDump(dumps, EARLIER, smallDump(100));
    await writeDump(dumps, VERSION, { ...smallDump(50), labels: smallDump(49).labels });
    await cp(delivered, root, { recursive: true });
  });

  it('gets no file_complete until a lower percentage is configured; then no record is delivered twice', async () => {
    const result = await run(VERSION);
    expect(result.status).toBe(1);
    const codes = errorsOf(result).flatMap(({ code }) => code ?? []);
    expect(codes).toEqual(['TOO_FEW_RECORDS']);
    const text = errorsOf(result).find(({ code }) => code)!.error!;
    for (const fact of [dumpFile(VERSION, 'labels'), '49', '100', EARLIER, '--min-records-percent']) {
      expect(text).toContain(fact);
    }
    expect(await lines('labels')).toHaveLength(49);
    expect((await lines('labels')).join()).not.toContain('file_complete');
    // Half of what it was is enough for the others.
    expect(await lines('masters')).toHaveLength(51);
    expect(await statusOf(VERSION)).toMatchObject({
      overall_status: 'failed',
      files_by_type: { artists: 'completed', labels: 'failed', masters: 'completed', releases: 'completed' },
    });

    expect(await run(VERSION)).toMatchObject({ status: 1 });
    expect(await run(VERSION, ['--min-records-percent', '49'])).toMatchObject({ status: 0 });
    expect(await lines('labels')).toHaveLength(50);
    expect((await lines('labels')).at(-1)).toContain('"file_complete"');
    expect(await statusOf(VERSION)).toMatchObject({ overall_status: 'completed' });
  });

  it('is accepted if the check is off or no earlier dump is known', async () => {
    expect(await run(VERSION, [], { MIN_RECORDS_PERCENT: '0' })).toMatchObject({ status: 0 });
    await rm(root, { recursive: true });
    expect(await run(VERSION)).toMatchObject({ status: 0 });
  });

  it('is compared with the newest completely delivered dump with a readable marker', async () => {
    const damaged = '20251215';
    await writeFile(markerPath(damaged), '{"metadata');
    const unfinished = JSON.parse(await readFile(markerPath(EARLIER), 'utf8'));
    unfinished.current_version = '20251220';
    const files = unfinished.processing_phase.progress_by_file;
    for (const progress of Object.values<{ status: string; records_extracted: number }>(files)) {
      Object.assign(progress, { status: 'in_progress', records_extracted: 1 });
    }
    await writeFile(markerPath('20251220'), JSON.stringify(unfinished));
    await writeFile(markerPath('20251221'), '{"metadata_version":"2.0"}');
    const result = await run(VERSION);
    expect(errorsOf(result).map(({ code }) => code)).toContain('TOO_FEW_RECORDS');
    expect(errorsOf(result).find(({ code }) => code)!.error).toContain(EARLIER);
    for (const version of [damaged, '20251221']) {
      expect(result.stdout).toContain(`Cannot read the state marker of dump ${version}`);
    }
    // It only reads: the damaged marker stays in place.
    expect(await readFile(markerPath(damaged), 'utf8')).toBe('{"metadata');
  });

  it('is compared with what was delivered before under the same name, also when forced and after a failure', async () => {
    await writeDump(dumps, EARLIER, smallDump(40));
    for (const more of [[], ['--force-reprocess'], []]) {
      const result = await run(EARLIER, more);
      expect(errorsOf(result).flatMap(({ code }) => code ?? [])).toEqual(Array(4).fill('TOO_FEW_RECORDS'));
      expect(errorsOf(result).find(({ code }) => code)!.error).toContain(
        `100 that were delivered from dump ${EARLIER}`,
      );
    }
    expect(await run(EARLIER, ['--min-records-percent', '40'])).toMatchObject({ status: 0 });
    expect(await run(EARLIER, ['--force-reprocess'])).toMatchObject({ status: 0 });
  });

  it('is compared with what was delivered last, even if that was a newer dump', async () => {
    expect(await run(VERSION, ['--min-records-percent', '40'])).toMatchObject({ status: 0 });
    await rm(markerPath(EARLIER));
    await writeDump(dumps, EARLIER, smallDump(20));
    const result = await run(EARLIER);
    expect(errorsOf(result).find(({ code }) => code)).toMatchObject({
      code: 'TOO_FEW_RECORDS',
      error: expect.stringContaining(VERSION),
    });
  });
});
