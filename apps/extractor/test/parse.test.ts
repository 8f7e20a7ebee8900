import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { gunzipSync, gzipSync } from 'node:zlib';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_TYPES } from '../src/config/data-type.js';
import { type CliResult, runCli, startCli } from './kit/cli.js';
import { dumpFile, faultOf, smallDump } from './kit/dumps.js';
import { firstOf } from './kit/exhaustive.js';

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

/** What the command prints of each type without any option; it runs once for each. */
const parsed = new Map<string, Promise<CliResult>>();
const parse = (type: (typeof DATA_TYPES)[number]): Promise<CliResult> => {
  if (!parsed.has(type)) parsed.set(type, runCli(['parse', dump(type)]));
  return parsed.get(type)!;
};

/** Records of the fanout contract, with the hash that PostgreSQL and Neo4j get to see. */
const FANOUT_RECORDS = [
  {
    type: 'labels',
    xml: '<label><id>7</id><name>L</name><contactinfo>x</contactinfo><data_quality>Correct</data_quality><parentLabel id="3">P</parentLabel><sublabels><label id="8">S</label></sublabels><urls><url>http://l.example/</url></urls></label>',
    sha256: '15580764df5b35df84d866feb5aef68fa68ca4fb5f31d13c5e749673039fb05e',
    members:
      '"contactinfo":"x","data_quality":"Correct","name":"L","parentLabel":{"id":"3","name":"P"},"sublabels":[{"id":"8","name":"S"}],"urls":{"url":"http://l.example/"}',
    id: '7',
  },
  {
    type: 'masters',
    xml: '<master id="5"><main_release>55</main_release><artists><artist><id>9</id><name>A &amp; B</name><anv/><join/><role/><tracks/></artist></artists><genres><genre>Rock</genre></genres><styles><style>Punk</style><style>Noise</style></styles><year>1999</year><title>T</title><data_quality>Correct</data_quality><videos><video duration="60" embed="true" src="http://v.example/"><title>v</title><description/></video></videos></master>',
    sha256: '6083c6e5c8828b777d4d167e17b49a0f6bebef01aad6d188afba7fbd037ffaba',
    members:
      '"artists":[{"anv":null,"id":"9","join":null,"name":"A & B","role":null,"tracks":null}],"data_quality":"Correct","genres":["Rock"],"main_release":"55","styles":["Punk","Noise"],"title":"T","videos":{"video":{"@duration":"60","@embed":"true","@src":"http://v.example/","description":null,"title":"v"}},"year":"1999"',
    id: '5',
  },
  {
    type: 'artists',
    xml: '<artist><id>9</id><name>A &amp; B</name><realname/><profile> two\nlines </profile><data_quality>Correct</data_quality><urls><url>http://a.example/</url><url>http://b.example/</url></urls><namevariations><name>AB</name></namevariations><aliases><name id="21">C</name></aliases><members><id>31</id><name id="31">D</name><id>32</id><name id="32">E</name></members></artist>',
    sha256: 'f314354cdd3e0fdd0a44e4da4422b5c0f5c00de75b3a34473f4c186dd6d8b0b1',
    members:
      '"aliases":[{"id":"21","name":"C"}],"data_quality":"Correct","members":[{"id":"31","name":"D"},{"id":"32","name":"E"}],"name":"A & B","namevariations":{"name":"AB"},"profile":" two\\nlines ","realname":null,"urls":{"url":["http://a.example/","http://b.example/"]}',
    id: '9',
  },
] as const;

describe('parse --contract', () => {
  it.each(firstOf(1, FANOUT_RECORDS))(
    'prints what consumers of the fanout contract expect, for $type',
    async (record) => {
      const { type, xml, sha256, members, id } = record;
      const input = Buffer.from(`<${type}>\n${xml}\n</${type}>\n`);
      const line = `{"type":"data","id":"${id}","sha256":"${sha256}",${members}}`;
      const fanout = await runCli(['parse', '-', '--contract', 'fanout', '--workers', '1'], { input });
      expect(fanout).toMatchObject({ status: 0, stdout: `${line}\n`, stderr: '' });
    },
  );

  it('follows CONTRACT unless it is given, as run does', async () => {
    const file = dump('releases');
    const print = async (args: string[], env: Record<string, string> = {}): Promise<string> => {
      const { status, stdout, stderr } = await runCli(['parse', file, ...args], { env });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return stdout;
    };
    const plain = (await parse('releases')).stdout;
    const fanout = await print([], { CONTRACT: 'fanout' });
    expect(linesOf(fanout)).toHaveLength(RECORDS);
    expect(fanout).not.toBe(plain);
    expect(await print(['--contract', 'topic'], { CONTRACT: 'fanout' })).toBe(plain);
    const clean = await print(['--shape', 'clean'], { CONTRACT: 'fanout' });
    expect(clean).toBe(await print(['--shape', 'clean']));

    const output = join(folder, 'delivered');
    const run = await runCli(
      ['run', '--once', '--source', folder, '--data', join(folder, 'run-data'), '--sink', 'ndjson', '--output', output],
      { env: { CONTRACT: 'fanout', DATA_TYPES: 'releases', HEALTH_PORT: 'off' } },
    );
    expect(run.status).toBe(0);
    const delivered = linesOf(await readFile(join(output, VERSION, 'releases.ndjson'), 'utf8'));
    expect(delivered.slice(0, -1)).toEqual(linesOf(fanout));
    expect(JSON.parse(delivered.at(-1)!)).toMatchObject({ type: 'file_complete', total_processed: RECORDS });
  });
});

describe('parse', () => {
  it.each(DATA_TYPES)('prints only message bodies for %s, one per line', async (type) => {
    const result = await parse(type);
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

  it('reads several files, reports one that cannot be read, and reads on', async () => {
    const broken = join(folder, 'broken.xml');
    await writeFile(broken, `${smallDump(3).artists.replace('2</name>', '2').slice(0, -20)}<x/>`);
    const quarantine = join(folder, 'quarantines');
    const files = [dump('labels'), '/no/such/dump.xml.gz', broken, dump('artists')];
    const result = await runCli(['parse', ...files, '--quarantine', quarantine]);
    expect(result.status).toBe(1);
    const [labels, artists] = await Promise.all([parse('labels'), parse('artists')]);
    const lines = linesOf(result.stdout);
    expect(lines).toHaveLength(2 * RECORDS + 1);
    expect(result.stdout.startsWith(labels!.stdout)).toBe(true);
    expect(result.stdout.endsWith(artists!.stdout)).toBe(true);
    // What is wrong, with the file, the place and what was seen until then.
    expect(result.stderr).toMatch(/❌ .*\/no\/such\/dump\.xml\.gz/);
    expect(result.stderr).toMatch(/❌ .*broken\.xml: .* \(at byte \d+ of the XML, after 1 record\)/);
    expect(await readdir(join(quarantine, 'broken.xml'))).toHaveLength(2);

    const limited = await runCli(['parse', dump('labels'), dump('artists'), '--limit', String(RECORDS + 3)]);
    expect(linesOf(limited.stdout)).toHaveLength(RECORDS + 3);
  });

  it('reports irregularities and the byte offset also if it fails, and one record as one', async () => {
    const cut = `<artists><artist><id>1</id><name>A & B</name></artist><x/><artist>`;
    const failed = await runCli(['parse', '-'], { input: Buffer.from(cut) });
    expect(failed).toMatchObject({ status: 1 });
    expect(failed.stderr).toContain('foreign-element 1, bare-ampersand 1');
    expect(failed.stderr).toContain(`standard input`);
    expect(failed.stderr).toContain(`at byte ${cut.lastIndexOf('<artist>')} of the XML, after 1 record)`);

    const text = await runCli(['parse', '-'], {
      input: Buffer.from('<artists><artist>x</artist><artist id="1"/><y/></artists>'),
    });
    expect(text.status).toBe(1);
    expect(linesOf(text.stdout)).toHaveLength(1);
    expect(text.stderr).toContain('1 malformed record was skipped; 1 record was written');
    expect(text.stderr).toContain('in 1 place, at byte 43 (<y>)');
  });

  it('prints typed records with --shape clean, and compresses a file by its name', async () => {
    const input = Buffer.from(
      '<releases><release id="7"><title> T </title><novel>n</novel><genres><genre>Rock</genre></genres></release></releases>',
    );
    const clean = await runCli(['parse', '-', '--shape', 'clean'], { input });
    expect(clean.status).toBe(0);
    expect(JSON.parse(clean.stdout)).toMatchObject({ id: 7, title: 'T', genres: ['Rock'] });
    expect(clean.stderr).toContain('1 value, such as release/novel');

    const output = join(folder, 'clean.ndjson.gz');
    expect(await runCli(['parse', dump('releases'), '--shape', 'clean', '--output', output])).toMatchObject({
      status: 0,
    });
    const ids = linesOf(gunzipSync(await readFile(output)).toString()).map(
      (line) => (JSON.parse(line) as { id: number }).id,
    );
    const messages = linesOf((await parse('releases')).stdout);
    expect(ids).toEqual(messages.map((line) => Number((JSON.parse(line) as { id: string }).id)));

    const zstd = join(folder, 'labels.ndjson.zst');
    const compressed = await runCli(['parse', dump('labels'), '--output', zstd]);
    const decompress = (zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer }).zstdDecompressSync;
    if (decompress === undefined) {
      expect(compressed).toMatchObject({ status: 2, stdout: '' });
      expect(compressed.stderr).toContain('.gz');
    } else {
      expect(linesOf(decompress(await readFile(zstd)).toString())).toHaveLength(RECORDS);
    }
  });

  it('takes the number of threads from MAX_WORKERS, and refuses one that is none', async () => {
    const result = await runCli(['parse', dump('labels'), '--limit', '1'], { env: { MAX_WORKERS: 'many' } });
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toContain('MAX_WORKERS');
    const given = await runCli(['parse', dump('labels'), '--limit', '1'], { env: { MAX_WORKERS: '1' } });
    expect(given).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends after a whole line at %s, with exit status %i', async (signal, status) => {
    // The input never ends, and no line is short.
    const record = (id: number): string => `<artist><id>${id}</id><name>${'n'.repeat(5000)}</name></artist>\n`;
    const running = startCli(['parse', '-', '--workers', '1'], { keepsInput: true });
    let id = 0;
    running.process.stdin!.write('<artists>\n');
    const feeding = setInterval(() => {
      let xml = '';
      for (let more = 0; more < 200; more++) xml += record(++id);
      running.process.stdin!.write(xml);
    }, 5);
    await running.says('"id":"300"');
    running.process.kill(signal);
    const result = await running.ended;
    clearInterval(feeding);
    expect(result).toMatchObject({ status, signal: null });
    expect(result.stdout.endsWith('}\n')).toBe(true);
    expect(() => JSON.parse(linesOf(result.stdout).at(-1)!) as unknown).not.toThrow();
    expect(result.stderr).toContain(signal);
  });

  it('ends at a signal although its reader takes nothing more', async () => {
    const large = join(folder, 'stalled');
    await generateDump({ directory: large, version: VERSION, seed: 5, records: 5000, types: ['releases'] });
    const running = startCli(['parse', join(large, dumpFile(VERSION, 'releases'))]);
    await once(running.process.stdout!, 'data');
    running.process.stdout!.pause();
    running.process.kill('SIGINT');
    expect(await once(running.process, 'exit')).toEqual([130, null]);
    running.process.stdout!.resume();
    await running.ended;
  });

  it.each(firstOf(2, ['0', '2', '1']))('prints the same with %s workers', async (workers) => {
    const result = await runCli(['parse', dump('releases'), '--workers', workers]);
    expect(result.status).toBe(0);
    expect(result.stdout).toBe((await parse('releases')).stdout);
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

  const wrong: readonly [string, string[], number][] = [
    ['a type that is not the file’s', ['parse', 'DUMP', '--type', 'labels'], 1],
    ['an unknown type', ['parse', 'DUMP', '--type', 'films'], 2],
    ['no file', ['parse'], 2],
    ['a missing file', ['parse', '/no/such/dump.xml.gz'], 1],
    ['a folder', ['parse', tmpdir()], 1],
    ['standard input twice', ['parse', '-', '-'], 2],
    ['an unknown shape', ['parse', 'DUMP', '--shape', 'raw'], 2],
    ['a contract for the clean shape', ['parse', 'DUMP', '--shape', 'clean', '--contract', 'fanout'], 2],
    ['a limit that is not a number', ['parse', 'DUMP', '--limit', 'many'], 2],
    ['a negative number', ['parse', 'DUMP', '--workers', '-1'], 2],
  ];
  it.each(firstOf(4, wrong))('refuses %s', async (_, args, status) => {
    const result = await runCli(args.map((arg) => (arg === 'DUMP' ? dump('artists') : arg)));
    expect(result).toMatchObject({ status, stdout: '' });
    expect(result.stderr).not.toBe('');
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  it.each(['out.ndjson', 'out.ndjson.gz'])('names an output that cannot be written: %s', async (name) => {
    const output = join(folder, 'missing', name);
    const { status, stderr } = await runCli(['parse', dump('artists'), '--output', output]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Cannot write --output .*out\.ndjson.*ENOENT.*Check its folder/);
  });

  it('leaves an existing output unchanged when the input cannot be read', async () => {
    const output = join(folder, 'older.ndjson');
    await writeFile(output, 'older\n');
    await runCli(['parse', '/no/such/dump.xml.gz', '--output', output]);
    expect(await readFile(output, 'utf8')).toBe('older\n');
    await access(output);
  });
});

/** test/config.test.ts has each of them alone. */
const WRONG = ['run', '--source', '.', '--sink', 'kafka', '--types', 'films', '--dump-version', 'new'];

describe('the command line', () => {
  it.each([
    ['an unknown command', ['fly'], {}],
    ['an unknown option', ['run', '--fly'], {}],
    ['no broker', ['run', '--once', '--source', '.'], {}],
    ['a sink, a type, a version and a variable that are wrong', WRONG, { QUEUE_SIZE: 'large' }],
    ['a bad broker URL', ['run', '--once', '--source', '.'], { AMQP_CONNECTION: 'localhost:5672' }],
    ['another catalogue', ['--source', 'musicbrainz'], { SINK: 'null' }],
    ['a misspelled command before options', ['rum', '--source', 'discogs'], { SINK: 'null' }],
  ])('refuses %s with status 2', async (_, args, env) => {
    const result = await runCli(args, { env: { DISCOGS_ROOT: join(folder, 'data'), ...env } });
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).not.toBe('');
    expect(result.stderr).not.toMatch(/^\s+at /m);
    await expect(access(join(folder, 'data'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
