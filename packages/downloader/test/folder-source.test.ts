import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createFolderSource, type DumpSource, type DumpStream } from '../src/index.js';
import { makeVersion, temporaryDirectory, writeFiles } from './support/dump.js';
import { errorThrownBy, rejectionOf } from './support/errors.js';

const bytesOf = async (stream: DumpStream): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
};

const sourceOf = async (files: ReadonlyMap<string, Uint8Array>): Promise<{ source: DumpSource; directory: string }> => {
  const directory = await temporaryDirectory();
  await writeFiles(directory, files);
  return { source: createFolderSource({ directory }), directory };
};

it('lists versions newest first, with sizes, and reports ignored names', async () => {
  const { source, directory } = await sourceOf(new Map([...makeVersion('20260101'), ...makeVersion('20260301')]));
  await writeFile(join(directory, 'notes.txt'), '');
  await writeFile(join(directory, 'discogs_20260401_artists.xml.gz.part'), '');
  await mkdir(join(directory, 'discogs_20260501_artists.xml.gz'));
  const { versions, ignored } = await source.list();
  expect(versions.map(({ version }) => version)).toEqual(['20260301', '20260101']);
  expect(versions[0]!.data.labels).toMatchObject({
    name: 'discogs_20260301_labels.xml.gz',
    size: makeVersion('20260301').get('discogs_20260301_labels.xml.gz')!.length,
  });
  expect(versions[0]!.checksum?.kind).toBe('checksum');
  expect([...ignored].sort()).toEqual([
    'discogs_20260401_artists.xml.gz.part',
    'discogs_20260501_artists.xml.gz',
    'notes.txt',
  ]);
});

it('lists the folders of years as well, as a mirror of the bucket has them', async () => {
  const files = [...makeVersion('20260101')].map(([name, bytes]) => [`2026/${name}`, bytes] as const);
  const { source, directory } = await sourceOf(new Map(files));
  await writeFiles(directory, new Map([['2026/2025/discogs_20250101_artists.xml.gz', Buffer.from('deeper')]]));
  await writeFiles(directory, new Map([['other/discogs_20240101_artists.xml.gz', Buffer.from('elsewhere')]]));
  const { versions } = await source.list();
  expect(versions.map(({ version }) => version)).toEqual(['20260101']);
  const file = versions[0]!.data.artists!;
  expect(await bytesOf(await source.open(file))).toEqual(makeVersion('20260101').get(file.name));
});

it('follows links, and ignores dangling ones', async () => {
  const { directory: elsewhere } = await sourceOf(makeVersion('20260101'));
  const { source, directory } = await sourceOf(new Map());
  await symlink(join(elsewhere, 'discogs_20260101_artists.xml.gz'), join(directory, 'discogs_20260101_artists.xml.gz'));
  await symlink(join(elsewhere, 'gone'), join(directory, 'discogs_20260101_labels.xml.gz'));
  const { versions } = await source.list();
  expect(Object.keys(versions[0]!.data)).toEqual(['artists']);
});

it('reads from a position on', async () => {
  const files = makeVersion('20260101', 3_000_000);
  const { source } = await sourceOf(files);
  const file = (await source.list()).versions[0]!.data.artists!;
  const bytes = files.get(file.name)!;
  const stream = await source.open(file, { from: 1_234_567 });
  expect(stream).toMatchObject({ offset: 1_234_567, size: bytes.length });
  expect((await bytesOf(stream)).equals(bytes.subarray(1_234_567))).toBe(true);
  expect(await bytesOf(await source.open(file, { from: bytes.length }))).toHaveLength(0);
});

it('rejects if a file becomes shorter while it is read', async () => {
  const files = makeVersion('20260101', 5_000_000);
  const { source } = await sourceOf(files);
  const file = (await source.list()).versions[0]!.data.artists!;
  const stream = await source.open(file);
  const read = (async () => {
    for await (const _ of stream.body) await truncate(file.key, 1_500_000);
  })();
  await rejectionOf(read, 'BODY_CUT');
});

it("rejects with the signal's reason after an abort", async () => {
  const { source } = await sourceOf(makeVersion('20260101', 5_000_000));
  const file = (await source.list()).versions[0]!.data.artists!;
  const controller = new AbortController();
  const stream = await source.open(file, { signal: controller.signal });
  const reason = new Error('enough');
  const read = (async () => {
    for await (const _ of stream.body) controller.abort(reason);
  })();
  await expect(read).rejects.toBe(reason);
  await expect(source.list({ signal: controller.signal })).rejects.toBe(reason);
  await expect(source.open(file, { signal: controller.signal })).rejects.toBe(reason);
});

it('rejects a missing folder or file with NOT_FOUND', async () => {
  const missing = createFolderSource({ directory: join(await temporaryDirectory(), 'nowhere') });
  await rejectionOf(missing.list(), 'NOT_FOUND');
  const { source } = await sourceOf(makeVersion('20260101'));
  const file = (await source.list()).versions[0]!.data.artists!;
  const error = await rejectionOf(source.open({ ...file, key: `${file.key}x` }), 'NOT_FOUND');
  expect(error.facts).toMatchObject({ source: 'folder', location: `${file.key}x`, retryable: false });
  errorThrownBy(() => createFolderSource({ directory: '' }), 'INVALID_OPTIONS');
});

it('rejects calls after it is closed', async () => {
  const { source } = await sourceOf(makeVersion('20260101'));
  const file = (await source.list()).versions[0]!.data.artists!;
  await source.close();
  await source[Symbol.asyncDispose]();
  await rejectionOf(source.list(), 'CLOSED');
  await rejectionOf(source.open(file), 'CLOSED');
});
