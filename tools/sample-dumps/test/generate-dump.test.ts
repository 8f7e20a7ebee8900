import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DATA_TYPES, type DumpProgress, type GenerateDumpOptions, generateDump } from '../src/index.js';
import { collect, temporaryFolder } from './helpers.js';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('writes four files and their checksums', async () => {
  const directory = join(await temporaryFolder(), 'new', 'folder');
  const dump = await generateDump({ directory, seed: 1, records: 30 });
  expect((await readdir(directory)).sort()).toEqual([
    'discogs_20260101_CHECKSUM.txt',
    ...DATA_TYPES.map((type) => `discogs_20260101_${type}.xml.gz`),
  ]);
  let checksums = '';
  for (const type of DATA_TYPES) {
    const file = dump.files[type]!;
    const bytes = await readFile(file.path);
    const xml = gunzipSync(bytes);
    expect(xml.equals(await collect({ type, seed: 1, records: 30 }))).toBe(true);
    expect(file).toMatchObject({ type, records: 30, xmlBytes: xml.length, gzBytes: bytes.length });
    expect(file.sha256).toBe(sha256(bytes));
    expect(file.xmlSha256).toBe(sha256(xml));
    checksums += `${file.sha256} *${file.name}\n`;
  }
  expect(await readFile(dump.checksumPath, 'utf8')).toBe(checksums);
});

test('applies version, types, numbers by type, sizes, era and level', async () => {
  const directory = await temporaryFolder();
  const dump = await generateDump({
    directory,
    seed: 's',
    version: '20080309',
    era: '2008',
    records: { labels: 5 },
    xmlBytes: { masters: 200_000 },
    level: 1,
  });
  expect(Object.keys(dump.files)).toEqual(['labels', 'masters']);
  expect(dump.files.labels!.records).toBe(5);
  expect(dump.files.masters!.xmlBytes).toBeGreaterThanOrEqual(200_000);
  expect(gunzipSync(await readFile(join(directory, 'discogs_20080309_labels.xml.gz')))).toEqual(
    await collect({ type: 'labels', seed: 's', era: '2008', records: 5 }),
  );
  const one = await generateDump({ directory, seed: 1, records: 3, types: ['releases'] });
  expect(Object.keys(one.files)).toEqual(['releases']);
});

test('a higher level makes a smaller file of the same XML', async () => {
  const directory = await temporaryFolder();
  const fast = await generateDump({ directory, seed: 1, xmlBytes: 300_000, types: ['masters'], level: 1 });
  const small = await generateDump({ directory, seed: 1, xmlBytes: 300_000, types: ['masters'], level: 9 });
  expect(small.files.masters!.gzBytes).toBeLessThan(fast.files.masters!.gzBytes);
  expect(small.files.masters!.xmlSha256).toBe(fast.files.masters!.xmlSha256);
});

test('reports progress', async () => {
  const seen: DumpProgress[] = [];
  const dump = await generateDump({
    directory: await temporaryFolder(),
    seed: 1,
    xmlBytes: 4_000_000,
    types: ['releases'],
    onProgress: (progress) => seen.push(progress),
  });
  expect(seen.length).toBeGreaterThanOrEqual(4);
  expect(seen.at(-1)).toMatchObject({ type: 'releases', xmlBytes: dump.files.releases!.xmlBytes });
  for (let index = 1; index < seen.length; index++)
    expect(seen[index]!.records).toBeGreaterThan(seen[index - 1]!.records);
});

describe('an abort', () => {
  test('rejects with the reason, and leaves neither a partial file nor a CHECKSUM file', async () => {
    const directory = await temporaryFolder();
    await generateDump({ directory, seed: 1, records: 10 });
    const stopping = new AbortController();
    const reason = new Error('enough');
    const work = generateDump({
      directory,
      seed: 2,
      xmlBytes: { artists: 1000, labels: 1e12 },
      signal: stopping.signal,
      onProgress: ({ type }) => {
        if (type === 'labels') stopping.abort(reason);
      },
    });
    await expect(work).rejects.toBe(reason);
    // The files are complete: the new artists, and the labels, masters and releases of the previous dump.
    expect((await readdir(directory)).sort()).toEqual(DATA_TYPES.map((type) => `discogs_20260101_${type}.xml.gz`));
    for (const name of await readdir(directory)) gunzipSync(await readFile(join(directory, name)));
  });

  test('before the start writes nothing', async () => {
    const directory = join(await temporaryFolder(), 'never');
    const reason = new Error('no');
    await expect(generateDump({ directory, seed: 1, records: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    await expect(readdir(directory)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test('rejects with WRITE_FAILED and the path if a folder or file cannot be written', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'file');
  await writeFile(path, '');
  await expect(generateDump({ directory: path, seed: 1, records: 1 })).rejects.toMatchObject({
    code: 'WRITE_FAILED',
    facts: { path },
  });
  const taken = join(folder, 'discogs_20260101_labels.xml.gz');
  await mkdir(join(taken, 'inside'), { recursive: true });
  await expect(generateDump({ directory: folder, seed: 1, records: 1 })).rejects.toMatchObject({
    code: 'WRITE_FAILED',
    facts: { path: taken },
  });
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

const valid: GenerateDumpOptions = { directory: 'unused', seed: 1, records: 1 };
test.each<[string, unknown]>([
  ['directory', { ...valid, directory: '' }],
  ['seed', { ...valid, seed: undefined }],
  ['records', { ...valid, records: undefined }],
  ['records', { ...valid, records: 0.5 }],
  ['records', { ...valid, records: { artists: 1 }, types: ['labels'] }],
  ['records.labels', { ...valid, records: { labels: -1 } }],
  ['records', { ...valid, records: { label: 1 } }],
  ['xmlBytes', { ...valid, xmlBytes: Number.NaN }],
  ['version', { ...valid, version: '2026' }],
  ['types', { ...valid, types: [] }],
  ['types', { ...valid, types: ['tracks'] }],
  ['era', { ...valid, era: '2021' }],
  ['level', { ...valid, level: 0 }],
])('a wrong %s is an error that names it', async (option, options) => {
  await expect(generateDump(options as GenerateDumpOptions)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    facts: { option },
  });
});
