import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { countMessages, drainQueue, sharedBroker } from '@discogs-extractor/test-broker';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProcess } from '../../tools/packaging/src/run-process.js';

/* Runs each example on a generated dump, as `npm run example` does, and checks the result. */

const EXAMPLES = fileURLToPath(new URL('..', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'examples-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const run = async (name: string, args: string[] = [], env: Record<string, string> = {}) => {
  const options = { cwd: EXAMPLES, env: { EXAMPLES_FOLDER: folder, AMQP_CONNECTION: '', ...env } };
  return runProcess(process.execPath, ['run.mjs', name, ...args], options);
};

const readXml = (type: string): string =>
  gunzipSync(readFileSync(join(folder, `dumps/discogs_20260101_${type}.xml.gz`))).toString();

test('count-by-genre counts the genres of the dump', async () => {
  const { status, stdout, stderr } = await run('count-by-genre');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const counts: Record<string, number> = {};
  for (const [, genre] of readXml('releases').matchAll(/<genre>([^<]+)<\/genre>/g)) {
    const name = genre!.replaceAll('&amp;', '&');
    counts[name] = (counts[name] ?? 0) + 1;
  }
  const printed = [...stdout.matchAll(/^ *(\d+) {2}(.+)$/gm)].map(([, count, genre]) => [genre, Number(count)]);
  expect(Object.fromEntries(printed)).toEqual(counts);
  expect(stdout).toContain('\n2000 releases\n');
});

test('releases-to-sqlite loads every release and its parts', async () => {
  const { status, stderr } = await run('releases-to-sqlite');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const xml = readXml('releases');
  const database = new sqlite.Database(join(folder, 'releases.sqlite'), { readOnly: true });
  const count = (table: string) => database.get(`SELECT count(*) AS n FROM ${table}`)!['n'];
  expect(count('release')).toBe(2000);
  expect(count('release_label')).toBe(xml.match(/<label /g)!.length);
  const [, id, title] = /<release id="(\d+)"(?:(?!<title>).)*<\/artists><title>([^<&]+)<\/title>/.exec(xml)!;
  expect(database.get('SELECT title FROM release WHERE id = ?', [Number(id)])).toEqual({ title });
  const tracks = xml.replace(/<sub_tracks>.*?<\/sub_tracks>/gs, '').match(/<track>/g)!.length;
  expect(count('track')).toBe(tracks);
  database.close();
});

test('check-releases counts the releases that violate each rule', async () => {
  const { status, stdout, stderr } = await run('check-releases');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const releases = [...readXml('releases').matchAll(/<release .*?<\/release>/gs)].map(([release]) => release);
  const withoutCountry = releases.filter((release) => !/<country>[^<]*\S[^<]*<\/country>/.test(release)).length;
  expect(withoutCountry).toBeGreaterThan(0);
  expect(stdout).toMatch(new RegExp(`^ *${withoutCountry}  info no-country$`, 'm'));
  expect(stdout).toContain(' of 2000 releases violate a rule, 0 are skipped\n');
});

test('plain-profiles prints the artists that have a profile, as plain text', async () => {
  const { status, stdout, stderr } = await run('plain-profiles');
  const profiles = [...readXml('artists').matchAll(/<artist>.*?<\/artist>/gs)].flatMap(
    ([artist]) => /<id>(\d+)<\/id>.*<profile>([^<]*\S[^<]*)<\/profile>/s.exec(artist)?.slice(1) ?? [],
  );
  const printed = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; profile: string });
  expect({ status, ids: printed.map(({ id }) => id) }).toEqual({
    status: 0,
    ids: profiles.filter((_, index) => index % 2 === 0),
  });
  expect(stderr).toContain(`${printed.length} of 2000 artists have a profile`);
  const text = profiles.filter((_, index) => index % 2 === 1).join('\n');
  expect(text).toMatch(/\[[bi]\]|\[[al]=[^\]]+\]/);
  expect(printed.map(({ profile }) => profile).join('\n')).not.toMatch(/\[\/?[bi]\]|\[[al]=[^\]\d]+\]/);
});

test('wait-for-version waits for an extractor that runs at the same time', async () => {
  const { status, stdout, stderr } = await run('wait-for-version');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^waiting for version 20260101$/m);
  for (const type of ['artists', 'labels', 'masters', 'releases']) {
    expect(stdout).toContain(`discogs_20260101_${type}.xml.gz: 2000 records\n`);
  }
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('version 20260101 is complete');
});

test('publish-ndjson publishes every line once, with its own id', async () => {
  const { url } = await sharedBroker();
  const { status, stdout, stderr } = await run('publish-ndjson', [], { AMQP_CONNECTION: url });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('2000 messages of 2000 lines are confirmed, 0 are not\n');
  expect(await countMessages(url, 'example-artists')).toBe(2000);
  const messages = await drainQueue(url, 'example-artists');
  const lines = (await readFile(join(folder, 'artists.ndjson'), 'utf8')).trimEnd().split('\n');
  expect(messages.map(({ body }) => body.toString())).toEqual(lines);
});

test('mirror-changes writes and deletes what changed, and the table is the newest dump', async () => {
  const { status, stdout, stderr } = await run('mirror-changes');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [first, second] = stdout.trim().split('\n');
  expect(first).toBe('discogs_20260101_labels.xml.gz: 2000 written, 0 unchanged, 0 deleted');
  const [, written, unchanged, deleted] = /(\d+) written, (\d+) unchanged, (\d+) deleted$/.exec(second!)!.map(Number);
  expect(written).toBeLessThan(150);
  expect(deleted).toBeGreaterThan(0);
  const database = new sqlite.Database(join(folder, 'labels.sqlite'), { readOnly: true });
  const rows = database.all('SELECT id, json FROM record');
  database.close();
  const dump = gunzipSync(await readFile(join(folder, 'dumps/discogs_20260201_labels.xml.gz'))).toString();
  const ids = [...dump.matchAll(/<label>(?:<images>.*?<\/images>)?<id>(\d+)<\/id>/gs)].map(([, id]) => id!);
  expect(rows.map(({ id }) => id).sort()).toEqual(ids.sort());
  expect(rows).toHaveLength(written! + unchanged!);
  expect(rows.filter(({ json }) => String(json).includes('Needs Vote in month 1')).length).toBeGreaterThan(20);
});

test('mirror-newest downloads every file once and keeps it the second time', async () => {
  const first = await run('mirror-newest');
  expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 0, stderr: '' });
  expect(first.stdout.match(/, downloaded$/gm)).toHaveLength(4);
  const second = await run('mirror-newest');
  expect(second.stdout.match(/, already here$/gm)).toHaveLength(4);
  for (const name of await readdir(join(folder, 'dumps'))) {
    const [from, to] = await Promise.all(
      ['dumps', 'mirror'].map(async (place) => sha256Of(await readFile(join(folder, place, name)))),
    );
    expect([name, to]).toEqual([name, from]);
  }
});

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('wrong usage', () => {
  test.each([
    'count-by-genre',
    'releases-to-sqlite',
    'mirror-changes',
    'wait-for-version',
    'publish-ndjson',
    'mirror-newest',
  ])('%s, copied to another project and without arguments, prints its usage', async (name) => {
    // A copy in a project of another kind, as `npm init` creates it.
    const project = join(folder, 'project');
    await mkdir(project, { recursive: true });
    await writeFile(join(project, 'package.json'), '{"type":"commonjs"}');
    await copyFile(join(EXAMPLES, `${name}.mjs`), join(project, `${name}.mjs`));
    await symlink(join(EXAMPLES, 'node_modules'), join(project, 'node_modules')).catch(() => {});
    const { status, stderr } = await runProcess(process.execPath, [`${name}.mjs`], { cwd: project });
    expect(status).toBe(2);
    expect(stderr).toContain(`node ${name}.mjs`);
  });

  test('an unknown example is refused with the list of names', async () => {
    expect(await run('nothing')).toMatchObject({ status: 2, stderr: expect.stringContaining('count-by-genre') });
  });
});
