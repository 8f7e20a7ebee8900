import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_TYPES } from '../src/config/data-type.js';
import { runCli, startCli } from './kit/cli.js';
import { dumpFile, faultOf, smallDump } from './kit/dumps.js';

const VERSION = '20260101';
const RECORDS = 200;
let folder: string;
const dump = (type: (typeof DATA_TYPES)[number]): string => join(folder, dumpFile(VERSION, type));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parse-'));
  await generateDump({ directory: folder, version: VERSION, seed: 3, records: RECORDS });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const linesOf = (stdout: string): string[] => stdout.split('\n').slice(0, -1);

describe('parse', () => {
  it.each(DATA_TYPES)('prints only message bodies for %s, one per line', async (type) => {
    const result = await runCli(['parse', dump(type)]);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout.endsWith('\n')).toBe(true);
    const lines = linesOf(result.stdout);
    expect(lines).toHaveLength(RECORDS);
    for (const line of lines) expect(faultOf(line, type)).toBeUndefined();
  });

  it('reads standard input, gzipped or plain, and writes to a file', async () => {
    const output = join(folder, 'labels.ndjson');
    const xml = smallDump(3).labels;
    expect(await runCli(['parse', '-', '--output', output], { input: gzipSync(xml) })).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
    const plain = await runCli(['parse', '-', '--type', 'labels'], { input: Buffer.from(xml) });
    expect(plain.stdout).toBe(await readFile(output, 'utf8'));
    expect(linesOf(plain.stdout)).toHaveLength(3);
  });

  it.each(['0', '1', '2'])('prints the same with %s workers', async (workers) => {
    const result = await runCli(['parse', dump('releases'), '--workers', workers]);
    expect(result.status).toBe(0);
    expect(result.stdout).toBe((await runCli(['parse', dump('releases')])).stdout);
  });

  it('stops after --limit records', async () => {
    const result = await runCli(['parse', dump('masters'), '--limit', '7']);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(linesOf(result.stdout)).toHaveLength(7);
  });

  it('ends with status 0 when the reader stops reading', async () => {
    const large = join(folder, 'large');
    await generateDump({ directory: large, version: VERSION, seed: 4, records: 5000, types: ['releases'] });
    const running = startCli(['parse', join(large, dumpFile(VERSION, 'releases'))]);
    running.process.stdout!.once('data', () => running.process.stdout!.destroy());
    expect(await running.ended).toMatchObject({ status: 0, stderr: '' });
  });

  it('prints the good records around a malformed one, reports it, and ends with status 1', async () => {
    const small = smallDump(3).artists.replace('2</name>', '2');
    const quarantine = join(folder, 'quarantine');
    const result = await runCli(['parse', '-', '--quarantine', quarantine], { input: Buffer.from(small) });
    expect(result.status).toBe(1);
    expect(linesOf(result.stdout).map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['1', '3']);
    expect(result.stderr).toContain('Malformed record');
    expect((await readdir(quarantine)).filter((name) => name.endsWith('.xml'))).toHaveLength(1);
  });

  it('reports content outside records, and ends with status 1', async () => {
    const more = '</label><artists><artist><id>9</id></artist></artists>';
    const result = await runCli(['parse', '-'], { input: Buffer.from(smallDump(2).artists + more) });
    expect(result.status).toBe(1);
    expect(linesOf(result.stdout)).toHaveLength(3);
    expect(result.stderr).toContain('stray-markup 1, repeated-root 1');
  });

  it('refuses to overwrite the dump that it reads', async () => {
    const path = join(folder, 'same.xml.gz');
    const bytes = gzipSync(smallDump(2).labels);
    await writeFile(path, bytes);
    expect(await runCli(['parse', path, '--output', path])).toMatchObject({ status: 2, stdout: '' });
    expect(await readFile(path)).toEqual(bytes);
  });

  it('reports a truncated dump after the records before the cut', async () => {
    const result = await runCli(['parse', '-'], { input: Buffer.from(smallDump(3).artists.slice(0, -20)) });
    expect(result.status).toBe(1);
    expect(linesOf(result.stdout)).toHaveLength(2);
    expect(result.stderr).toContain('❌');
  });

  it.each([
    ['a missing file', ['parse', '/no/such/dump.xml.gz'], 1],
    ['a folder', ['parse', tmpdir()], 1],
    ['a type that is not the file’s', ['parse', 'DUMP', '--type', 'labels'], 1],
    ['an unknown type', ['parse', 'DUMP', '--type', 'films'], 2],
    ['no file', ['parse'], 2],
    ['two files', ['parse', 'DUMP', 'DUMP'], 2],
    ['a limit that is not a number', ['parse', 'DUMP', '--limit', 'many'], 2],
    ['a negative number', ['parse', 'DUMP', '--workers', '-1'], 2],
    ['an output in a missing folder', ['parse', 'DUMP', '--output', '/no/such/folder/out.ndjson'], 1],
  ])('refuses %s', async (_, args, status) => {
    const result = await runCli(args.map((arg) => (arg === 'DUMP' ? dump('artists') : arg)));
    expect(result).toMatchObject({ status, stdout: '' });
    expect(result.stderr).not.toBe('');
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  it('leaves an existing output unchanged when the input cannot be read', async () => {
    const output = join(folder, 'older.ndjson');
    await writeFile(output, 'older\n');
    await runCli(['parse', '/no/such/dump.xml.gz', '--output', output]);
    expect(await readFile(output, 'utf8')).toBe('older\n');
    await access(output);
  });
});

describe('the command line', () => {
  it.each([['--help'], ['run', '--help'], ['parse', '--help'], ['status', '--help'], ['--version']])(
    'ends with status 0 for %s %s',
    async (...args) => {
      const result = await runCli(args.filter((arg) => arg !== undefined));
      expect(result).toMatchObject({ status: 0, stderr: '' });
      expect(result.stdout.length).toBeGreaterThan(4);
    },
  );

  it.each([
    ['an unknown command', ['fly'], {}],
    ['an unknown option', ['run', '--fly'], {}],
    ['no broker', ['run', '--once', '--source', '.'], {}],
    ['an unknown sink', ['run', '--once', '--source', '.', '--sink', 'kafka'], {}],
    ['an unknown type', ['run', '--once', '--source', '.', '--sink', 'null', '--types', 'films'], {}],
    ['a version that is not a date', ['run', '--once', '--source', '.', '--sink', 'null', '--dump-version', 'new'], {}],
    ['a bad variable', ['run', '--once', '--source', '.', '--sink', 'null'], { QUEUE_SIZE: 'large' }],
    ['a bad broker URL', ['run', '--once', '--source', '.'], { AMQP_CONNECTION: 'localhost:5672' }],
    ['a missing configuration file', ['run', '--config', '/no/such/config.toml'], {}],
  ])('refuses %s with status 2', async (_, args, env) => {
    const result = await runCli(args, { env: { DISCOGS_ROOT: join(folder, 'data'), ...env } });
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).not.toBe('');
    expect(result.stderr).not.toMatch(/^\s+at /m);
    await expect(access(join(folder, 'data'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
