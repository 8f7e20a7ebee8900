import { chmod, cp, open, readFile, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createDownloader,
  createFolderSource,
  type DataType,
  type DownloadEvent,
  type DownloadProgress,
  isUnchanged,
} from '../src/index.js';
import { checksumFileOf, gzipOf, makeVersion, sha256, temporaryDirectory, writeFiles } from './support/dump.js';
import { errorThrownBy, rejectionOf } from './support/errors.js';
import { contentOf, eventsOf, metadataOf, setUp, summaryOf } from './support/setup.js';

const V1 = '20260101';
const V2 = '20260201';
const ARTISTS = `discogs_${V1}_artists.xml.gz`;
const CHECKSUM = `discogs_${V1}_CHECKSUM.txt`;

const reusedOf = (events: readonly DownloadEvent[]): Record<string, boolean> =>
  Object.fromEntries(eventsOf(events, 'download-finished').map(({ dataType, reused }) => [dataType, reused]));

describe('a download from a folder', () => {
  it('downloads and verifies the newest version, with its CHECKSUM file and metadata', async () => {
    const files = makeVersion(V2, 2_500_000);
    const { root, downloader, onEvent, events } = await setUp(new Map([...makeVersion(V1), ...files]));
    const verified = await downloader.download({ onEvent });
    expect(verified.map(({ dataType }) => dataType)).toEqual(['artists', 'labels', 'masters', 'releases']);
    for (const file of verified) {
      const bytes = files.get(file.name)!;
      expect(file).toEqual({
        dataType: file.dataType,
        name: `discogs_${V2}_${file.dataType}.xml.gz`,
        path: join(root, file.name),
        size: bytes.length,
        sha256: sha256(bytes),
        version: V2,
        verified: true,
        reused: false,
        identity: file.identity,
      });
      const { ino, mtimeNs, ctimeNs } = await stat(file.path, { bigint: true });
      expect(file.identity).toMatchObject({
        inode: String(ino),
        size: String(bytes.length),
        modifiedNs: String(mtimeNs),
        changedNs: String(ctimeNs),
      });
      expect(await metadataOf(root)).toHaveProperty([file.name], {
        path: file.path,
        checksum: file.sha256,
        version: V2,
        size: file.size,
        mtime: Number(mtimeNs) / 1e6,
        ctime: Number(ctimeNs) / 1e6,
      });
    }
    expect(await contentOf(root)).toEqual(summaryOf(files));
    expect(reusedOf(events)).toEqual({ artists: false, labels: false, masters: false, releases: false });
  });

  it('creates the directory if it is missing', async () => {
    const directory = join(await temporaryDirectory(), 'deep', 'down');
    const { downloader } = await setUp(makeVersion(V1), { directory });
    await downloader.download();
    expect(await contentOf(directory)).toEqual(summaryOf(makeVersion(V1)));
  });

  it('downloads only the wanted types, and requires only these', async () => {
    const files = makeVersion(V2);
    files.delete(`discogs_${V2}_releases.xml.gz`);
    const { root, downloader } = await setUp(new Map([...makeVersion(V1), ...files]));
    const verified = await downloader.download({ dataTypes: ['masters', 'artists'] });
    expect(verified.map(({ name }) => name)).toEqual([`discogs_${V2}_artists.xml.gz`, `discogs_${V2}_masters.xml.gz`]);
    expect(Object.keys(await contentOf(root)).sort()).toEqual([
      `discogs_${V2}_CHECKSUM.txt`,
      `discogs_${V2}_artists.xml.gz`,
      `discogs_${V2}_masters.xml.gz`,
    ]);
  });

  it('falls back to the newest complete version', async () => {
    const files = makeVersion(V2);
    files.delete(`discogs_${V2}_masters.xml.gz`);
    const { downloader } = await setUp(new Map([...makeVersion(V1), ...files]));
    const choice = await downloader.choose();
    expect(choice).toMatchObject({
      version: V1,
      passedOver: [{ version: V2, missing: [`discogs_${V2}_masters.xml.gz`] }],
    });
    expect((await downloader.download({ choice }))[0]).toMatchObject({ version: V1 });
  });

  it('downloads the requested version, or reports why it cannot', async () => {
    const files = makeVersion(V2);
    files.delete(`discogs_${V2}_CHECKSUM.txt`);
    const { root, downloader } = await setUp(new Map([...makeVersion(V1), ...files]));
    await rejectionOf(downloader.download({ version: V2 }), 'INCOMPLETE_VERSION');
    await rejectionOf(downloader.download({ version: '20200101' }), 'UNKNOWN_VERSION');
    await rejectionOf(downloader.download({ version: '../../etc' }), 'INVALID_OPTIONS');
    expect(await contentOf(root)).toEqual({});
    expect((await downloader.download({ version: V1 }))[0]).toMatchObject({ version: V1 });
  });

  it('rejects if the source has no versions', async () => {
    const { downloader } = await setUp(new Map());
    await rejectionOf(downloader.download(), 'NO_VERSION');
  });

  it('reports the start, progress and end of each file', async () => {
    const files = makeVersion(V1, 4_000_000);
    const { downloader, events, onEvent } = await setUp(files);
    await downloader.download({ onEvent, dataTypes: ['labels'] });
    const file = `discogs_${V1}_labels.xml.gz`;
    const bytesTotal = files.get(file)!.length;
    const identity = { file, dataType: 'labels', version: V1 };
    expect(events[0]).toEqual({ type: 'download-started', ...identity, bytesTotal });
    expect(events.at(-1)).toMatchObject({ type: 'download-finished', ...identity, bytes: bytesTotal, reused: false });
    const progress = events.slice(1, -1) as DownloadProgress[];
    expect(progress.length).toBeGreaterThan(3);
    expect(new Set(progress.map(({ type, phase }) => `${type} ${phase}`))).toEqual(
      new Set(['download-progress download']),
    );
    expect(progress.every((event) => event.bytesTotal === bytesTotal)).toBe(true);
    expect(progress.map(({ bytes }) => bytes)).toEqual(progress.map(({ bytes }) => bytes).toSorted((a, b) => a - b));
    expect(progress.at(-1)).toMatchObject({ bytes: bytesTotal, remainingMs: 0 });
    expect(progress.at(-1)!.bytesPerSecond).toBeGreaterThan(0);
  });

  it('downloads no more files at the same time than allowed', async () => {
    const { downloader, events, onEvent } = await setUp(makeVersion(V1, 1_500_000), { concurrency: 1 });
    await downloader.download({ onEvent });
    // A file begins only after the previous one has finished.
    const types = events.flatMap((event) =>
      event.type === 'download-progress' || event.type === 'download-finished' ? [event.dataType] : [],
    );
    const runs = types.filter((type, index) => type !== types[index - 1]);
    expect(runs).toEqual(['artists', 'labels', 'masters', 'releases']);
  });

  it('runs one download at a time', async () => {
    const { downloader } = await setUp(makeVersion(V1));
    const first = downloader.download();
    await rejectionOf(downloader.download(), 'BUSY');
    await first;
    await downloader.download();
  });
});

describe('a local file', () => {
  it('is neither downloaded nor hashed again while its size and times are unchanged', async () => {
    const files = makeVersion(V1);
    const { root, downloader, events, onEvent } = await setUp(files);
    const path = join(root, ARTISTS);
    await downloader.download();
    const downloadAgain = async (): Promise<string[]> => {
      events.length = 0;
      await downloader.download({ onEvent });
      return [
        ...new Set(events.flatMap((it) => (it.type === 'download-progress' ? [`${it.phase} ${it.dataType}`] : []))),
      ];
    };
    expect(await downloadAgain()).toEqual([]);
    expect(reusedOf(events)).toEqual({ artists: true, labels: true, masters: true, releases: true });
    await utimes(path, 1, 1);
    expect(await downloadAgain()).toEqual(['verify artists']);
    expect((await metadataOf(root))[ARTISTS]!.mtime).toBe(1000);
    expect(await downloadAgain()).toEqual([]);

    // Other content with the same size and modification time, in the same file and in another one.
    await writeFile(path, Buffer.from(files.get(ARTISTS)!).fill(0));
    await utimes(path, 1, 1);
    expect(await downloadAgain()).toEqual(['verify artists', 'download artists']);
    expect(await contentOf(root)).toEqual(summaryOf(files));
    const { atime, mtime } = await stat(path);
    await writeFile(join(root, 'other'), Buffer.from(files.get(ARTISTS)!).fill(0));
    await utimes(path, atime, mtime);
    await utimes(join(root, 'other'), atime, mtime);
    await rename(join(root, 'other'), path);
    expect(await downloadAgain()).toEqual(['verify artists', 'download artists']);
    expect(await contentOf(root)).toEqual(summaryOf(files));
  });

  it('is compared with what was verified while it is open', async () => {
    const { root, downloader } = await setUp(makeVersion(V1));
    const artists = (await downloader.download()).find(({ dataType }) => dataType === 'artists')!;
    const path = join(root, ARTISTS);
    await using handle = await open(path, 'r');
    expect(await isUnchanged(handle, artists)).toBe(true);
    // Neither its name nor its permissions are content.
    await chmod(path, 0o600);
    await rename(path, join(root, 'renamed'));
    expect(await isUnchanged(handle, artists)).toBe(true);
    const { atime, mtime } = await stat(join(root, 'renamed'));
    await utimes(join(root, 'renamed'), atime, new Date(mtime.getTime() + 1));
    expect(await isUnchanged(handle, artists)).toBe(false);

    // A file whose modification time can be set back exactly.
    await utimes(join(root, 'renamed'), 1, 1);
    await rename(join(root, 'renamed'), path);
    const verified = (await downloader.download()).find(({ dataType }) => dataType === 'artists')!;
    expect(await isUnchanged(handle, verified)).toBe(true);
    await writeFile(path, (await readFile(path)).fill(0, 100, 200));
    await utimes(path, 1, 1);
    expect(await isUnchanged(handle, verified)).toBe(false);
    await cp(path, join(root, 'copy'), { preserveTimestamps: true });
    await using copy = await open(join(root, 'copy'), 'r');
    expect(await isUnchanged(copy, verified)).toBe(false);
  });

  it.each([
    ['shorter', (bytes: Buffer) => bytes.subarray(0, 1000)],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
    [
      'changed in one bit',
      (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === 1500 ? byte ^ 1 : byte))),
    ],
    ['empty', () => Buffer.alloc(0)],
    ['something else', () => Buffer.from('<html>')],
  ])('is downloaded again if it is %s', async (_, change) => {
    const files = makeVersion(V1);
    const { root, downloader, events, onEvent } = await setUp(files);
    await writeFiles(root, new Map([[ARTISTS, change(files.get(ARTISTS)!)]]));
    await downloader.download({ onEvent });
    expect(reusedOf(events)['artists']).toBe(false);
    expect(await contentOf(root)).toEqual(summaryOf(files));
  });

  it('is downloaded again if another checksum has been published since', async () => {
    const { mirror, root, downloader, events, onEvent } = await setUp(makeVersion(V1));
    await downloader.download();
    const files = makeVersion(V1);
    files.set(ARTISTS, gzipOf(2000, 7));
    files.delete(CHECKSUM);
    files.set(CHECKSUM, checksumFileOf(files));
    await writeFiles(mirror, files);
    await downloader.download({ onEvent });
    expect(reusedOf(events)).toEqual({ artists: false, labels: true, masters: true, releases: true });
    expect(await contentOf(root)).toEqual(summaryOf(files));
  });

  it('is hashed once if an older extractor wrote the metadata', async () => {
    const files = makeVersion(V1);
    const { root, downloader, events, onEvent } = await setUp(files);
    await writeFiles(root, files);
    const entries = [...files]
      .filter(([name]) => name !== CHECKSUM)
      .map(([name, bytes]) => [
        name,
        { path: join(root, name), checksum: sha256(bytes), version: '202601', size: bytes.length },
      ]);
    const other = { path: '/elsewhere', checksum: 'x', version: '202512', size: 5, note: 'kept' };
    await writeFile(join(root, '.discogs_metadata.json'), JSON.stringify({ ...Object.fromEntries(entries), other }));
    await downloader.download({ onEvent });
    expect(reusedOf(events)).toEqual({ artists: true, labels: true, masters: true, releases: true });
    expect(await metadataOf(root)).toMatchObject({ other, [ARTISTS]: { version: V1, mtime: expect.any(Number) } });
    events.length = 0;
    await downloader.download({ onEvent });
    expect(events.filter(({ type }) => type === 'download-progress')).toEqual([]);
  });

  it("is verified in place and never changed if it is the source's own", async () => {
    const files = makeVersion(V1);
    const root = await temporaryDirectory();
    const { downloader, events, onEvent } = await setUp(files, { mirror: root, directory: root });
    const before = await stat(join(root, ARTISTS));
    await downloader.download({ onEvent });
    expect(reusedOf(events)).toEqual({ artists: true, labels: true, masters: true, releases: true });
    expect((await stat(join(root, ARTISTS))).ino).toBe(before.ino);
    expect(await contentOf(root)).toEqual(summaryOf(files));

    await truncate(join(root, ARTISTS), 100);
    const error = await rejectionOf(downloader.download(), 'CHECKSUM_MISMATCH');
    expect(error.facts).toMatchObject({ file: ARTISTS, bytes: 100, expected: sha256(files.get(ARTISTS)!) });
    expect((await readFile(join(root, ARTISTS))).length).toBe(100);
  });

  it("may be a link to the source's file", async () => {
    const { mirror, root, downloader, events, onEvent } = await setUp(makeVersion(V1));
    await symlink(join(mirror, ARTISTS), join(root, ARTISTS));
    await downloader.download({ onEvent });
    expect(reusedOf(events)['artists']).toBe(true);
    await truncate(join(mirror, ARTISTS), 100);
    await rejectionOf(downloader.download(), 'CHECKSUM_MISMATCH');
    expect((await stat(join(mirror, ARTISTS))).size).toBe(100);
  });

  it('can be read by another folder source, because the CHECKSUM file is there too', async () => {
    const { root, downloader } = await setUp(makeVersion(V1));
    await downloader.download();
    const source = createFolderSource({ directory: root });
    const directory = await temporaryDirectory();
    await using next = createDownloader({ source, directory });
    await next.download();
    expect(await contentOf(directory)).toEqual(summaryOf(makeVersion(V1)));
  });
});

describe('a file with wrong bytes', () => {
  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 700)],
    [
      'changed in one bit',
      (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === 1500 ? byte ^ 1 : byte))),
    ],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from([0])])],
  ])('that is %s is tried twice and never gets its final name', async (_, change) => {
    const files = makeVersion(V1);
    const right = files.get(ARTISTS)!;
    files.set(ARTISTS, change(right));
    const { root, downloader, events, onEvent } = await setUp(files);
    const error = await rejectionOf(downloader.download({ onEvent }), 'CHECKSUM_MISMATCH');
    expect(error.facts).toEqual({
      file: ARTISTS,
      expected: sha256(right),
      actual: sha256(files.get(ARTISTS)!),
      bytes: files.get(ARTISTS)!.length,
      attempts: 2,
    });
    expect(events.filter(({ type }) => type === 'download-retry')).toHaveLength(1);
    expect(events.filter((event) => event.type === 'download-failed').map((event) => event.error)).toEqual([error]);
    // The other files are complete.
    files.delete(ARTISTS);
    files.delete(CHECKSUM);
    expect(await contentOf(root)).toEqual(summaryOf(files));
    expect(Object.keys(await metadataOf(root))).toHaveLength(3);
  });

  it('under the final name is removed, even if the right one is not available', async () => {
    const files = makeVersion(V1);
    files.set(ARTISTS, files.get(ARTISTS)!.subarray(0, 2000));
    const { root, downloader } = await setUp(files);
    await writeFiles(root, new Map([[ARTISTS, Buffer.from('wrong')]]));
    await rejectionOf(downloader.download(), 'CHECKSUM_MISMATCH');
    expect(await contentOf(root)).not.toHaveProperty([ARTISTS]);
  });

  it('that is not gzip is not written at all', async () => {
    const files = makeVersion(V1);
    files.set(ARTISTS, Buffer.from('<!DOCTYPE html><html><body>Just a moment...</body></html>'));
    const { root, downloader } = await setUp(files);
    await rejectionOf(downloader.download({ dataTypes: ['artists'] }), 'UNEXPECTED_CONTENT');
    expect(await contentOf(root)).toEqual({});
  });

  it.each([
    ['is a page', 'CHECKSUM_FILE_MALFORMED' as const, () => Buffer.from('<html></html>')],
    ['is empty', 'CHECKSUM_FILE_MALFORMED' as const, () => Buffer.alloc(0)],
    ['is far too long', 'CHECKSUM_FILE_MALFORMED' as const, (text: Buffer) => Buffer.concat(Array(400).fill(text))],
    [
      'lacks a file',
      'CHECKSUM_MISSING' as const,
      (text: Buffer) => Buffer.from(text.toString().split('\n').slice(1).join('\n')),
    ],
    ['is cut in a name', 'CHECKSUM_MISSING' as const, (text: Buffer) => text.subarray(0, text.length - 10)],
  ])('fails before the download if it is a CHECKSUM file that %s', async (_, code, change) => {
    const files = makeVersion(V1);
    files.set(CHECKSUM, change(files.get(CHECKSUM)!));
    const { root, downloader } = await setUp(files);
    await rejectionOf(downloader.download(), code);
    expect(await contentOf(root)).toEqual({});
  });
});

describe('an interrupted download', () => {
  const abortAt = (bytes: number, reason: Error) => {
    const aborter = new AbortController();
    const onEvent = (event: DownloadEvent): void => {
      if (event.type === 'download-progress' && event.bytes >= bytes) aborter.abort(reason);
    };
    return { signal: aborter.signal, onEvent };
  };

  it("rejects with the signal's reason, leaves a partial file, and is resumed from it", async () => {
    const files = makeVersion(V1, 6_000_000);
    const { root, downloader, events, onEvent } = await setUp(files);
    const dataTypes: DataType[] = ['artists'];
    const reason = new Error('stop');
    await expect(downloader.download({ dataTypes, ...abortAt(3_000_000, reason) })).rejects.toBe(reason);
    const part = await readFile(join(root, `${ARTISTS}.part`));
    expect(part.length).toBeGreaterThanOrEqual(3_000_000);
    expect(part.equals(files.get(ARTISTS)!.subarray(0, part.length))).toBe(true);
    expect(await contentOf(root)).not.toHaveProperty([ARTISTS]);

    await downloader.download({ dataTypes, onEvent });
    const downloaded = events.filter(
      (event) => event.type === 'download-progress' && event.phase === 'download',
    ) as DownloadProgress[];
    expect(downloaded[0]!.bytes).toBeGreaterThan(part.length);
    expect(Object.keys(await contentOf(root)).sort()).toEqual([CHECKSUM, ARTISTS]);
    expect((await readFile(join(root, ARTISTS))).equals(files.get(ARTISTS)!)).toBe(true);
  });

  it('stops all files, even while it hashes local ones', async () => {
    const files = makeVersion(V1, 6_000_000);
    const { root, downloader } = await setUp(files, { concurrency: 4 });
    await writeFiles(root, files);
    const reason = new Error('stop');
    await expect(downloader.download(abortAt(2_000_000, reason))).rejects.toBe(reason);
    // A file that was not read to its end does not count as wrong.
    expect(await contentOf(root)).toEqual(summaryOf(files));
  });

  it('continues from a right partial file, and starts over if it is wrong', async () => {
    const files = makeVersion(V1, 3_000_000);
    const right = files.get(ARTISTS)!;
    const wrong = Buffer.from(right.subarray(0, 1_500_000));
    wrong[700_000]! ^= 1;
    for (const part of [right, wrong, Buffer.concat([right, right]), Buffer.from('<html>'), Buffer.alloc(0)]) {
      const { root, downloader } = await setUp(files);
      await writeFiles(root, new Map([[`${ARTISTS}.part`, part]]));
      await downloader.download();
      expect(await contentOf(root)).toEqual(summaryOf(files));
    }
  });

  it('is stopped by close, and none starts afterwards', async () => {
    const { root, downloader } = await setUp(makeVersion(V1, 6_000_000));
    let closed: Promise<void> | undefined;
    const running = downloader.download({
      onEvent: (event) => {
        if (event.type === 'download-progress') closed ??= downloader.close();
      },
    });
    await rejectionOf(running, 'CLOSED');
    await closed;
    await downloader.close();
    expect(await contentOf(root)).not.toHaveProperty([ARTISTS]);
    await rejectionOf(downloader.download(), 'CLOSED');
    await rejectionOf(downloader.choose(), 'CLOSED');
  });

  it('does not start with an aborted signal, and leaves no listener on a signal', async () => {
    const { root, downloader } = await setUp(makeVersion(V1));
    const reason = new Error('too late');
    await expect(downloader.download({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await contentOf(root)).toEqual({});
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1;
      removeEventListener.apply(signal, args);
    };
    await downloader.download({ signal });
    expect(listeners).toBe(0);
  });
});

describe('the metadata file', () => {
  it.each(['', '{"a":', '[]', 'null', '"text"', '\0\0\0'])(
    'is renamed, reported and written again if it is damaged (%j)',
    async (text) => {
      const files = makeVersion(V1);
      const { root, downloader, events, onEvent } = await setUp(files);
      await downloader.download();
      await writeFile(join(root, '.discogs_metadata.json'), text);
      await downloader.download({ onEvent });
      expect(reusedOf(events)).toEqual({ artists: true, labels: true, masters: true, releases: true });
      const [event, ...others] = eventsOf(events, 'metadata-set-aside');
      expect(others).toEqual([]);
      expect(event!.path).toMatch(/\.discogs_metadata\.json\.corrupt-/);
      expect(await readFile(event!.path, 'utf8')).toBe(text);
      await rm(event!.path);
      expect(Object.keys(await metadataOf(root))).toHaveLength(4);
      expect(await contentOf(root)).toEqual(summaryOf(files));
    },
  );

  it('may have an unusable entry: the file is then hashed again', async () => {
    const { root, downloader, events, onEvent } = await setUp(makeVersion(V1));
    await downloader.download();
    const metadata = await metadataOf(root);
    await writeFile(join(root, '.discogs_metadata.json'), JSON.stringify({ ...metadata, [ARTISTS]: 5 }));
    await downloader.download({ onEvent });
    expect(
      events.some((event) => event.type === 'download-progress' && event.file === ARTISTS && event.phase === 'verify'),
    ).toBe(true);
    expect((await metadataOf(root))[ARTISTS]).toEqual(metadata[ARTISTS]);
  });
});

describe('temporary files', () => {
  it('of a killed process are deleted, and nothing else is', async () => {
    const files = makeVersion(V1);
    const { root, downloader } = await setUp(files);
    const ending = '.0123456789abcdef.tmp';
    const others = new Map(
      [`.extraction_status_${V1}.json${ending}`, 'notes.tmp'].map((name) => [name, Buffer.alloc(1)]),
    );
    await writeFiles(root, others);
    for (const name of ['.discogs_metadata.json', CHECKSUM]) await writeFile(join(root, name + ending), 'half');
    await downloader.download();
    expect(await contentOf(root)).toEqual(summaryOf(new Map([...files, ...others])));
  });
});

describe('old versions', () => {
  const all = () => new Map(['20251101', '20251201', V1, V2].flatMap((version) => [...makeVersion(version)]));
  const versionsIn = async (root: string): Promise<string[]> =>
    [...new Set(Object.keys(await contentOf(root)).map((name) => name.split('_')[1] ?? name))].sort();

  it('are kept by default', async () => {
    const { root, downloader } = await setUp(all());
    await downloader.download({ version: V1 });
    await downloader.download();
    expect(await versionsIn(root)).toEqual([V1, V2]);
  });

  it('are deleted down to keepVersions, with their partial files and metadata, and nothing else is', async () => {
    const root = await temporaryDirectory();
    const { downloader, events, onEvent } = await setUp(all(), { directory: root, keepVersions: 2 });
    await writeFiles(
      root,
      new Map([
        ['discogs_20251101_artists.xml.gz.part', Buffer.from('x')],
        ['.extraction_status_20251101.json', Buffer.from('{}')],
        ['notes', Buffer.alloc(0)],
      ]),
    );
    for (const version of ['20251201', V1, V2]) await downloader.download({ version, onEvent });
    expect(await versionsIn(root)).toEqual([V1, V2, 'notes', 'status']);
    expect(eventsOf(events, 'version-pruned').map(({ version, files }) => [version, files.length])).toEqual([
      ['20251101', 1],
      ['20251201', 5],
    ]);
    expect(Object.keys(await metadataOf(root))).toHaveLength(8);
  });

  it('do not include the downloaded version, even if newer ones are there', async () => {
    const root = await temporaryDirectory();
    const { downloader } = await setUp(all(), { directory: root, keepVersions: 1 });
    await downloader.download();
    await downloader.download({ version: '20251101' });
    expect(await versionsIn(root)).toEqual(['20251101']);
  });

  it('are kept if the download fails', async () => {
    const files = all();
    files.set(`discogs_${V2}_artists.xml.gz`, gzipOf(100, 1));
    const root = await temporaryDirectory();
    const { downloader } = await setUp(files, { directory: root, keepVersions: 1 });
    await downloader.download({ version: V1 });
    await rejectionOf(downloader.download(), 'CHECKSUM_MISMATCH');
    expect(await versionsIn(root)).toEqual([V1, V2]);
  });
});

describe('createDownloader', () => {
  it.each([
    { concurrency: 0 },
    { concurrency: 1.5 },
    { keepVersions: 0 },
    { reserveBytes: -1 },
    { progressIntervalMs: Number.NaN },
    { directory: '' },
    { retry: { attempts: 0 } },
    { source: {} as never },
  ])('rejects %j', async (options) => {
    const source = createFolderSource({ directory: '.' });
    errorThrownBy(() => createDownloader({ source, directory: '.', ...options }), 'INVALID_OPTIONS');
  });

  it('accepts only known data types', async () => {
    const { downloader } = await setUp(makeVersion(V1));
    await rejectionOf(downloader.choose({ dataTypes: [] }), 'INVALID_OPTIONS');
    await rejectionOf(downloader.choose({ dataTypes: ['users' as DataType] }), 'INVALID_OPTIONS');
    expect((await downloader.choose({ dataTypes: ['labels', 'labels'] })).files).toHaveLength(1);
  });
});
