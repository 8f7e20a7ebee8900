import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';

const VERSION = '20260101';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'left-out-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (env: Record<string, string> = {}): Promise<CliResult> =>
  runCli(['run', '--once', '--source', join(folder, 'dumps'), '--sink', 'ndjson', '--output', join(folder, 'out')], {
    env: { DISCOGS_ROOT: join(folder, 'data'), ...env },
  });
const lines = async (type: string): Promise<{ type: string; id?: string }[]> =>
  (await readFile(join(folder, 'out', VERSION, `${type}.ndjson`), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; id?: string });

describe('a dump with content outside of records', () => {
  it('gets no file_complete if records may be missing, unless MAX_LEFT_OUT allows it; then file_complete says so', async () => {
    const small = smallDump(3);
    const second = smallDump(5).masters;
    await writeDump(join(folder, 'dumps'), VERSION, {
      ...small,
      // Record 2 has lost its first byte, and record 3 is text alone.
      artists: small.artists
        .replace('<artist><id>2<', 'artist><id>2<')
        .replace(/<artist><id>3<.*?<\/artist>/s, '<artist>three</artist>'),
      masters: small.masters + second,
    });
    const first = await run();
    expect(first.status).toBe(1);
    const errors = first.stdout.split('\n').filter((line) => line.includes('"level":"ERROR"'));
    const { code, error } = JSON.parse(errors[0]!) as { code: string; error: string };
    expect(code).toBe('CONTENT_LEFT_OUT');
    for (const fact of [dumpFile(VERSION, 'artists'), 'stray-text', 'byte', 'MAX_LEFT_OUT='])
      expect(error).toContain(fact);
    expect((await lines('artists')).map(({ type }) => type)).toEqual(['data']);
    expect(await lines('labels')).toHaveLength(4);
    // Two documents, one after the other, are complete.
    expect((await lines('masters')).at(-1)).toMatchObject({ type: 'file_complete', total_processed: 8 });
    expect((await lines('masters')).at(-1)).not.toHaveProperty('undelivered');

    const places = /MAX_LEFT_OUT=(\d+)/.exec(error)![1]!;
    const accepted = await run({ MAX_LEFT_OUT: places });
    expect(accepted.status).toBe(1);
    expect(await lines('artists')).toMatchObject([
      { id: '1' },
      { type: 'file_complete', total_processed: 1, undelivered: Number(places) + 1 },
    ]);
  });
});
