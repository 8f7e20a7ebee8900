import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './kit/cli.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diff-'));
  const options = { directory: join(folder, 'dumps'), seed: 'diff', records: { labels: 400, masters: 200 } };
  await generateDump(options);
  await generateDump({ ...options, version: '20260201', months: { month: 1, changedPercent: 10, removedPercent: 5 } });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const pathOf = (version: string, type: string): string => join(folder, 'dumps', `discogs_${version}_${type}.xml.gz`);

interface Line {
  readonly type: string;
  readonly data_type: string;
  readonly id: string;
  readonly [name: string]: unknown;
}

const linesOf = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

/** The records of a dump by id. */
const recordsOf = async (path: string): Promise<Map<string, Record<string, unknown>>> => {
  const { stdout } = await runCli(['parse', path, '--workers', '0']);
  return new Map(linesOf(stdout).map((record) => [record.id, record]));
};

test('prints what changed between two folders, files or versions, and a summary of each type', async () => {
  const february = join(folder, 'february');
  await mkdir(february);
  for (const type of ['labels', 'masters']) {
    await copyFile(pathOf('20260201', type), join(february, `discogs_20260201_${type}.xml.gz`));
  }
  const { status, stdout, stderr } = await runCli(['diff', '20260101', february, '--workers', '1'], {
    env: { DISCOGS_ROOT: join(folder, 'dumps') },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = linesOf(stdout);
  for (const type of ['labels', 'masters']) {
    const before = await recordsOf(pathOf('20260101', type));
    const after = await recordsOf(pathOf('20260201', type));
    const [summary, ...others] = lines.filter(({ data_type }) => data_type === type).reverse();
    const expected = [...new Set([...before.keys(), ...after.keys()])]
      .sort((one, other) => Number(one) - Number(other))
      .flatMap((id): Line[] => {
        const [old, recent] = [before.get(id), after.get(id)];
        const line = { data_type: type, id };
        if (old === undefined) return [{ type: 'added', ...line, sha256: recent!['sha256'] }];
        if (recent === undefined) return [{ type: 'deleted', ...line, last_sha256: old['sha256'] }];
        if (old['sha256'] === recent['sha256']) return [];
        const names = [...new Set([...Object.keys(old), ...Object.keys(recent)])].filter((name) => name !== 'sha256');
        const members = names.filter((name) => JSON.stringify(old[name]) !== JSON.stringify(recent[name])).sort();
        return [{ type: 'changed', ...line, sha256: recent['sha256'], last_sha256: old['sha256'], members }];
      });
    expect(others.reverse()).toEqual(expected);
    const count = (kind: string) => expected.filter((line) => line.type === kind).length;
    for (const kind of ['added', 'changed', 'deleted']) expect(count(kind)).toBeGreaterThan(0);
    expect(summary).toMatchObject({
      ...{ type: 'summary', old_records: before.size, new_records: after.size },
      ...{ added: count('added'), changed: count('changed'), deleted: count('deleted'), not_compared: 0 },
      unchanged: after.size - count('added') - count('changed'),
    });
  }
  // Of a folder with several versions, the newest is compared.
  const output = join(folder, 'same.ndjson.gz');
  const same = await runCli(['diff', join(folder, 'dumps'), february, '--types', 'labels', '--output', output]);
  expect(same).toMatchObject({ status: 0, stdout: '' });
  expect(linesOf(gunzipSync(await readFile(output)).toString())).toMatchObject([{ type: 'summary', changed: 0 }]);
});

test('a record that is malformed in one dump is neither new nor gone, and the exit status is 1', async () => {
  const before = join(folder, 'before.xml.gz');
  const after = join(folder, 'after.xml');
  const label = (id: number, name: string) => `<label><id>${id}</id><name>${name}</name></label>\n`;
  await writeFile(before, gzipSync(`<labels>\n${label(3, 'c')}${label(1, 'a')}${label(2, 'b')}</labels>`));
  await writeFile(after, `<labels>\n${label(2, 'x')}<label><id>1</id><name>a</nam></label>\n</labels>`);
  const { status, stdout, stderr } = await runCli(['diff', before, after, '--workers', '0']);
  expect(linesOf(stdout)).toMatchObject([
    { type: 'changed', id: '2', members: ['name'] },
    { type: 'deleted', id: '3' },
    { type: 'summary', old_records: 3, new_records: 1, deleted: 1, not_compared: 1 },
  ]);
  expect(status).toBe(1);
  expect(stderr).toContain('1 malformed record could not be compared');
});

test('wrong usage is explained', async () => {
  const usage = async (...args: string[]) => {
    const { status, stdout, stderr } = await runCli(['diff', ...args]);
    expect(stdout).toBe('');
    return { status, stderr };
  };
  const labels = pathOf('20260101', 'labels');
  const [lone, missing, empty, lacking, other] = await Promise.all([
    usage(labels),
    usage(labels, join(folder, 'missing')),
    usage(labels, folder),
    usage(labels, join(folder, 'dumps'), '--types', 'artists'),
    usage(labels, pathOf('20260101', 'masters')),
  ]);
  expect([lone, missing, empty, lacking, other].map(({ status }) => status)).toEqual([2, 2, 2, 2, 2]);
  expect(missing.stderr).toContain('neither a file nor a folder');
  expect(empty.stderr).toContain('no dump files');
  expect(lacking.stderr).toContain('has no artists');
  expect(other.stderr).toContain(`${labels} has no masters`);
  // Files whose names say no type.
  const [one, two] = [join(folder, 'one.xml.gz'), join(folder, 'two.xml.gz')];
  await copyFile(labels, one);
  await copyFile(pathOf('20260101', 'masters'), two);
  const [unlike, notMasters] = await Promise.all([usage(one, two), usage(one, one, '--types', 'masters')]);
  expect([unlike.status, notMasters.status]).toEqual([2, 2]);
  expect(unlike.stderr).toContain(`${two}: This is a dump of masters, not of labels. The other file`);
  expect(notMasters.stderr).toContain('--types');
});
