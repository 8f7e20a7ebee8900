import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault } from '@discogs-extractor/test-server';
import { describe, expect, it } from 'vitest';
import { createDownloader, createFolderSource, type DataType } from '../src/index.js';
import { gzipOf, sha256 as hashOf, makeVersion, writeFiles } from './support/dump.js';
import { rejectionOf } from './support/errors.js';
import { contentOf, eventsOf, metadataOf, setUp, summaryOf } from './support/setup.js';
import { QUICK, setUpWeb } from './support/web.js';

const V1 = '20110101';
const ARTISTS = `discogs_${V1}_artists.xml.gz`;
const CHECKSUM = `discogs_${V1}_CHECKSUM.txt`;
const dataTypes: DataType[] = ['artists'];
const retry = { ...QUICK, attempts: 3 };

const withoutChecksum = (bytes = 3000): Map<string, Buffer> => {
  const files = makeVersion(V1, bytes);
  files.delete(CHECKSUM);
  return files;
};

describe('allowUnverified', () => {
  it('downloads a version without a CHECKSUM file, marks it, and recognises it again', async () => {
    const files = withoutChecksum(300_000);
    const { server, root, downloader, events, onEvent } = await setUpWeb(files, { allowUnverified: true });
    const choice = await downloader.choose();
    expect(choice.checksum).toBeUndefined();
    expect(await downloader.checksums(choice)).toEqual(new Map());
    // The rest of something else: it must not become the beginning of the file.
    await writeFiles(root, new Map([[`${ARTISTS}.part`, gzipOf(100_000, 9)]]));
    const downloaded = await downloader.download({ choice, onEvent });
    expect(downloaded.map(({ name, verified, reused, sha256 }) => [name, verified, reused, sha256])).toEqual(
      [...files].map(([name, bytes]) => [name, false, false, hashOf(bytes)]),
    );
    expect(await contentOf(root)).toEqual(summaryOf(files));
    expect(eventsOf(events, 'download-finished').every(({ verified }) => !verified)).toBe(true);

    const again = await downloader.download();
    expect(again.every(({ verified, reused }) => !verified && reused)).toBe(true);
    expect(server.fileRequests).toHaveLength(4);
    // With a CHECKSUM file that fits, the same files are verified.
    server.add(new Map([[CHECKSUM, makeVersion(V1, 300_000).get(CHECKSUM)!]]));
    const verified = await downloader.download();
    expect(verified.every((file) => file.verified && file.reused)).toBe(true);
  });

  it.each<[string, Fault[]]>([
    [
      'is cut',
      [
        { kind: 'cut', after: 100_000 },
        { kind: 'cut', after: 100_000 },
      ],
    ],
    ['is truncated without notice', [{ kind: 'silent-cut', after: 100_000 }]],
    ['claims to be longer', [{ kind: 'wrong-length', by: 1000 }]],
    ['has a wrong bit', [{ kind: 'wrong-bit', at: 123_456 }]],
    ['is a page', [{ kind: 'page', status: 200, type: 'application/gzip' }]],
  ])('accepts only a whole gzip file: one that %s is requested again', async (_, faults) => {
    const files = withoutChecksum(300_000);
    const { server, root, downloader } = await setUpWeb(files, { allowUnverified: true, retry });
    const left = [...faults];
    server.fault = ({ name }) => (name === ARTISTS ? left.shift() : undefined);
    await downloader.download({ dataTypes });
    expect(await contentOf(root)).toEqual(summaryOf(new Map([[ARTISTS, files.get(ARTISTS)!]])));
    expect(left).toEqual([]);
  });

  it('gives up a file that is never whole', async () => {
    const { server, root, downloader } = await setUpWeb(withoutChecksum(300_000), { allowUnverified: true, retry });
    server.fault = ({ name }) => (name === ARTISTS ? { kind: 'silent-cut', after: 100_000 } : undefined);
    await rejectionOf(downloader.download({ dataTypes }), 'BODY_CUT');
    expect(await contentOf(root)).toEqual({});
  });

  it('does not take another file of that name for the right one, except in the source itself', async () => {
    const files = withoutChecksum();
    const { mirror, root, downloader } = await setUp(files, { allowUnverified: true });
    await writeFiles(root, new Map([[ARTISTS, gzipOf(10, 9)]]));
    expect(await downloader.download({ dataTypes })).toMatchObject([{ reused: false }]);
    expect(await readFile(join(root, ARTISTS))).toEqual(files.get(ARTISTS));

    await using source = createFolderSource({ directory: mirror });
    await using inPlace = createDownloader({ source, directory: mirror, allowUnverified: true });
    const { ino } = await stat(join(mirror, ARTISTS));
    expect(await inPlace.download({ dataTypes })).toMatchObject([{ reused: true, verified: false }]);
    expect((await stat(join(mirror, ARTISTS))).ino).toBe(ino);
    expect(await metadataOf(mirror)).toMatchObject({ [ARTISTS]: { checksum: hashOf(files.get(ARTISTS)!) } });
  });

  it('verifies the files that the CHECKSUM file has a line for', async () => {
    const files = makeVersion(V1);
    const lines = files.get(CHECKSUM)!.toString().split('\n');
    files.set(CHECKSUM, Buffer.from(lines.filter((line) => !line.includes('artists')).join('\n')));
    const { downloader } = await setUp(files, { allowUnverified: true });
    const choice = await downloader.choose();
    expect([...(await downloader.checksums(choice)).keys()]).not.toContain(ARTISTS);
    const verified = (await downloader.download({ choice })).map((file) => file.verified);
    expect(verified).toEqual([false, true, true, true]);
    const { downloader: strict } = await setUp(files);
    await rejectionOf(strict.download(), 'CHECKSUM_MISSING');
  });

  it('prefers a version with a CHECKSUM file, unless another is requested', async () => {
    const newer = makeVersion('20110201');
    newer.delete('discogs_20110201_CHECKSUM.txt');
    const { downloader } = await setUp(new Map([...makeVersion(V1), ...newer]), { allowUnverified: true });
    expect((await downloader.choose()).version).toBe(V1);
    expect((await downloader.choose({ version: '20110201' })).checksum).toBeUndefined();
    const { downloader: strict } = await setUp(newer);
    await rejectionOf(strict.choose(), 'NO_VERSION');
    await rejectionOf(strict.choose({ version: '20110201' }), 'INCOMPLETE_VERSION');
  });
});
