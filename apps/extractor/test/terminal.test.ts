import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { startOwnBroker, startProxy } from '@discogs-extractor/test-broker';
import { FaultyServer } from '@discogs-extractor/test-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DATA_TYPES } from '../src/config/data-type.js';
import { runCli } from './kit/cli.js';
import { dumpFile } from './kit/dumps.js';
import { startInTerminal } from './kit/terminal.js';

const VERSION = '20260101';
const RECORDS = 1500;

let base: string;
let dumps: string;
let folder: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'terminal-'));
  dumps = join(base, 'dumps');
  await generateDump({ directory: dumps, version: VERSION, seed: 21, records: RECORDS });
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'));
});

const startServer = async (): Promise<FaultyServer> => {
  const files = new Map<string, Buffer>();
  for (const name of [...DATA_TYPES.map((type) => dumpFile(VERSION, type)), `discogs_${VERSION}_CHECKSUM.txt`]) {
    files.set(name, await readFile(join(dumps, name)));
  }
  return FaultyServer.start(files);
};

describe('run in a terminal', () => {
  it('shows a bar for each file that is downloaded and extracted, and a summary', async () => {
    const cli = startInTerminal(['run', '--once', '--source', dumps, '--sink', 'null'], {
      DISCOGS_ROOT: join(folder, 'data'),
    });
    expect(await cli.ended).toBe(0);
    const lines = cli.lines();
    for (const type of DATA_TYPES) {
      // Earlier drawings are erased: each bar is on the screen once.
      expect(lines.filter((line) => line.startsWith(`download ${type}`))).toEqual([
        expect.stringMatching(/^download \w+ +█{6,} 100% +\d+\.\d [kM]B of \d+\.\d [kM]B +.*\/s +in 0:0\d$/),
      ]);
      expect(lines.filter((line) => line.startsWith(`${type} `))).toEqual([
        expect.stringMatching(/^\w+ +█{6,} 100% +1,500 records +[\d,]+\/s +in 0:0\d$/),
      ]);
      expect(lines.filter((line) => line.startsWith(`  ${type} `))).toEqual([
        expect.stringMatching(/^ {2}\w+ +1,500 +1,500 +0 +0:0\d +[\d,]+$/),
      ]);
    }
    expect(lines).toContainEqual(expect.stringMatching(/^Dump 20260101: all delivered in 0:\d\d$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}total +6,000 +6,000 +0/));
    // People see no JSON, and no progress lines in addition to the bars.
    expect(lines.join('\n')).not.toMatch(/\{"level"|📊/);
    expect(cli.isCursorVisible()).toBe(true);
  });

  it('writes plain lines where bars cannot be drawn, and JSON if it is asked to', async () => {
    const run = async (env: Record<string, string>, size?: { columns: number; rows: number }): Promise<string> => {
      const args = ['run', '--once', '--source', dumps, '--sink', 'null', '--types', 'labels'];
      const cli = startInTerminal(args, { DISCOGS_ROOT: join(folder, 'data'), ...env }, size);
      expect(await cli.ended).toBe(0);
      return cli.output();
    };
    const expectNothingDrawn = (output: string): void => {
      for (const drawn of ['\u001b', '█']) expect(output).not.toContain(drawn);
    };
    const plain = /^\d{4}-\d\d-\d\dT[\d:.]+Z 🎉 Dump 20260101: all 1500 records delivered\r$/m;
    const dumb = await run({ TERM: 'dumb' });
    expect(dumb).toMatch(plain);
    expectNothingDrawn(dumb);
    expect(dumb).not.toContain('{"level"');
    const again = /^\d{4}-\d\d-\d\dT[\d:.]+Z ✅ Dump 20260101: nothing to do\r$/m;
    const sizeless = await run({}, { columns: 0, rows: 0 });
    expect(sizeless).toMatch(again);
    expectNothingDrawn(sizeless);
    const json = await run({ LOG_FORMAT: 'json' });
    expect(json).toMatch(/^\{"level":"INFO".*nothing to do/m);
    expectNothingDrawn(json);
    const piped = await runCli(['run', '--once', '--source', dumps, '--sink', 'null', '--types', 'labels'], {
      env: { DISCOGS_ROOT: join(folder, 'data'), LOG_FORMAT: 'text' },
    });
    expect(piped.stdout.replaceAll('\n', '\r\n')).toMatch(again);
    expect(piped.stdout).not.toContain('{"level"');
  });

  it('shows the progress of a download, warns when it stalls, and stops at Ctrl-C', async () => {
    const server = await startServer();
    const half = Math.floor(server.files.get(`data/2026/${dumpFile(VERSION, 'artists')}`)!.length / 2);
    server.fault = ({ name }) => (name === dumpFile(VERSION, 'artists') ? { kind: 'stall', after: half } : undefined);
    const cli = startInTerminal(['run', '--sink', 'null', '--types', 'artists', '--source', 'web'], {
      DISCOGS_ROOT: join(folder, 'data'),
      WEB_URL: server.url,
      WEB_GAP_SECONDS: '0',
      STALL_WARNING_SECONDS: '1',
    });
    await cli.shows(/⚠️.*artists.*no download progress for [1-9]\d* s/);
    await cli.shows(/^download artists +█+░+ +(49|50)% .*stalled$/m);
    expect(cli.isCursorVisible()).toBe(false);
    cli.type('\x03');
    expect(await cli.ended).toBe(0);
    expect(cli.lines().join('\n')).toContain('🛑 SIGINT');
    expect(cli.isCursorVisible()).toBe(true);
  });

  it('exits immediately at the second Ctrl-C, and restores the cursor', async () => {
    await using broker = await startOwnBroker();
    await using proxy = await startProxy(broker);
    // In the midst of the records: nothing is confirmed any more, so that a graceful stop has something to wait for.
    proxy.stallAfter(500_000);
    const cli = startInTerminal(['run', '--types', 'releases', '--source', dumps], {
      DISCOGS_ROOT: join(folder, 'data'),
      AMQP_CONNECTION: broker.urlFor({ port: proxy.port }),
      STALL_WARNING_SECONDS: '1',
    });
    await cli.shows(/⚠️.*releases.*no extraction progress/);
    expect(cli.isCursorVisible()).toBe(false);
    cli.type('\x03');
    await cli.shows(/🛑 SIGINT/);
    cli.type('\x03');
    expect(await cli.ended).toBe(130);
    expect(cli.isCursorVisible()).toBe(true);
  });
});
