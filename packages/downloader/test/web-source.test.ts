import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { type Fault, FaultyServer, type RecordedRequest } from '@discogs-extractor/test-server';
import { describe, expect, it } from 'vitest';
import {
  createWebSource,
  type DataType,
  type DownloadEvent,
  type DownloaderErrorCode,
  type DownloadRetry,
  type ListingPageSkipped,
} from '../src/index.js';
import { checksumFileOf, gzipOf, makeVersion, sha256, writeFiles } from './support/dump.js';
import { errorThrownBy, rejectionOf } from './support/errors.js';
import { contentOf, eventsOf, summaryOf } from './support/setup.js';
import { QUICK, setUpWeb } from './support/web.js';

const MiB = 1024 * 1024;
const V1 = '20260101';
const ARTISTS = `discogs_${V1}_artists.xml.gz`;
const CHECKSUM = `discogs_${V1}_CHECKSUM.txt`;
const dataTypes: DataType[] = ['artists'];

/** The faults in order for requests of a file or page, then none. */
const inOrder = (name: string, ...faults: (Fault | undefined)[]): ((request: RecordedRequest) => Fault | undefined) => {
  const left = [...faults];
  return (request) => (request.name === name || request.page === name ? left.shift() : undefined);
};

const always = (name: string, fault: Fault) => (request: RecordedRequest) =>
  request.name === name || request.page === name ? fault : undefined;

describe('the listing', () => {
  it('includes the versions of the last two years, and of the requested year', async () => {
    const versions = ['20200806', '20241201', '20251201', '20260101'];
    const { server, downloader } = await setUpWeb(new Map(versions.flatMap((version) => [...makeVersion(version)])));
    expect((await downloader.list()).versions.map(({ version }) => version)).toEqual(['20260101', '20251201']);
    expect(server.requests.map(({ page, name }) => page + name)).toEqual(['start', 'year2026', 'year2025']);
    expect((await downloader.choose({ version: '20200806' })).version).toBe('20200806');
    await rejectionOf(
      downloader
        .choose({ version: '20241201', dataTypes: ['labels'] })
        .then(() => downloader.choose({ version: '20230101' })),
      'UNKNOWN_VERSION',
    );
  });

  it('identifies the project to the server', async () => {
    const { server, downloader } = await setUpWeb(makeVersion(V1));
    await downloader.list();
    expect(server.requests[0]!.userAgent).toMatch(/^discogs-extractor\/[0-9].* \(\+https:\/\//);
  });

  it('lets an incomplete newest version be passed over', async () => {
    const files = makeVersion('20260201');
    files.delete('discogs_20260201_CHECKSUM.txt');
    const { downloader } = await setUpWeb(new Map([...makeVersion(V1), ...files]));
    expect(await downloader.choose()).toMatchObject({ version: V1, passedOver: [{ version: '20260201' }] });
  });

  it('without links to dumps has no version', async () => {
    const { server, downloader } = await setUpWeb(new Map());
    server.extraLinks = '<a href="?prefix=data%2F">data/</a>';
    await rejectionOf(downloader.choose(), 'NO_VERSION');
    // The years may be one page further on.
    expect(server.requests).toHaveLength(2);
  });

  it.each<[string, Fault]>([
    ['is missing', { kind: 'status', status: 404 }],
    ['has no links', { kind: 'page', status: 200, type: 'text/html' }],
    ['is truncated each time', { kind: 'silent-cut', after: 40 }],
  ])('lacks the newest year if its page %s, and has the year before', async (_, fault) => {
    const skipped: ListingPageSkipped[] = [];
    const { server, root, downloader } = await setUpWeb(new Map([...makeVersion('20251201'), ...makeVersion(V1)]), {
      web: {
        retry: { ...QUICK, attempts: 2 },
        onEvent: (event) => event.type === 'listing-page-skipped' && skipped.push(event),
      },
    });
    server.fault = always('2026', fault);
    expect((await downloader.choose()).version).toBe('20251201');
    expect(skipped).toMatchObject([{ source: 'web', location: `${server.url}?prefix=data%2F2026%2F` }]);
    await rejectionOf(downloader.choose({ version: V1 }), skipped[0]!.error.code);

    // Not if the newer version is known: it must not be replaced by an older one.
    server.fault = () => undefined;
    await downloader.download({ dataTypes });
    server.fault = always('2026', fault);
    await rejectionOf(downloader.choose(), skipped[0]!.error.code);
    expect((await downloader.choose({ version: '20251201' })).version).toBe('20251201');
    await rm(join(root, ARTISTS));
    await rm(join(root, CHECKSUM));
    await rejectionOf(downloader.choose(), skipped[0]!.error.code);
  });

  it('does not let an older version seem the newest because of a temporary failure', async () => {
    const versions = ['20241201', '20251201', V1];
    const { server, downloader } = await setUpWeb(new Map(versions.flatMap((version) => [...makeVersion(version)])), {
      web: { retry: { ...QUICK, attempts: 1 } },
    });
    server.fault = always('2026', { kind: 'status', status: 500 });
    await rejectionOf(downloader.choose(), 'HTTP_STATUS');
    // Another year is not needed for a requested version, and an older one not for the newest version.
    expect((await downloader.choose({ version: '20251201' })).version).toBe('20251201');
    await rejectionOf(downloader.choose({ version: '20240101' }), 'UNKNOWN_VERSION');
    server.fault = always('2025', { kind: 'status', status: 500 });
    expect((await downloader.choose()).version).toBe(V1);
  });

  it('makes no version of links elsewhere', async () => {
    const { server, downloader } = await setUpWeb(makeVersion(V1));
    const link = (key: string, host = ''): string => `<a href="${host}?download=${encodeURIComponent(key)}">x</a>`;
    server.extraLinks = [
      link('data/2026/discogs_20260301_artists.xml.gz', 'https://example.org/'),
      link('data/2026/discogs_20260301_artists.xml.gz', '//example.org/'),
      `<!-- ${link('data/2026/discogs_20260301_artists.xml.gz')} -->`,
      `<template>${link('data/2026/discogs_20260301_artists.xml.gz')}</template>`,
      link('data/2025/discogs_20260301_artists.xml.gz'),
      '?download=data%2F2026%2Fdiscogs_20260301_artists.xml.gz',
      '<a href="https://example.org/?prefix=data%2F2027%2F">2027/</a>',
      '<!-- <a href="?prefix=data%2F2028%2F">2028/</a> -->',
    ].join('\n');
    expect((await downloader.list()).versions.map(({ version }) => version)).toEqual([V1]);
    expect(server.requests.map(({ name }) => name)).toEqual(['', '2026']);
  });

  it('may be written in another way, with anything after its end', async () => {
    const { server, downloader } = await setUpWeb(new Map());
    server.trailer = '\n<!-- 12 ms --><script src="https://beacon.example/x.js"></script>\n';
    server.extraLinks = [
      '<A HREF=/?prefix=data/2026/>2026/</A>',
      ...[...makeVersion(V1).keys()].map(
        (name) =>
          `<tr>\n<td>461&nbsp;MB</td>\n<td><a class='x' href='/?a=1&amp;download=data%2f2026%2f${name}'>x</a></td>`,
      ),
    ].join('\n');
    const { version, files } = await downloader.choose();
    expect(version).toBe(V1);
    expect(files.map(({ sizeEstimate }) => sizeEstimate)).toEqual(files.map(() => 461 * MiB));
  });

  it.each<[string, string | undefined, (body: Buffer) => Buffer]>([
    ['gzip', 'gzip', gzipSync],
    ['gzip without a header', undefined, gzipSync],
    ['deflate', 'deflate', deflateSync],
    ['bare deflate', 'Deflate', deflateRawSync],
    ['Brotli', 'br', brotliCompressSync],
    ['two encodings', 'gzip, br', (body) => brotliCompressSync(gzipSync(body))],
  ])('is read if it was compressed with %s in spite of the request, as is CHECKSUM', async (_, as, by) => {
    const files = makeVersion(V1);
    const { server, root, downloader } = await setUpWeb(files);
    const fault: Fault = { kind: 'compressed', as, by };
    server.fault = ({ page, name }) => (page !== 'file' || (as && name === CHECKSUM) ? fault : undefined);
    await downloader.download({ dataTypes });
    expect(await contentOf(root)).toHaveProperty([CHECKSUM], summaryOf(files)[CHECKSUM]);
  });

  it.each<[string, string, (body: Buffer) => Buffer]>([
    ['is unknown', 'compress', (body) => body],
    ['is not the one that was used', 'br', gzipSync],
  ])('is refused if its encoding %s', async (_, as, by) => {
    const { server, downloader } = await setUpWeb(makeVersion(V1), { web: { retry: { ...QUICK, attempts: 2 } } });
    server.fault = always('start', { kind: 'compressed', as, by });
    const error = await rejectionOf(downloader.list(), 'LISTING_UNREADABLE');
    expect(error.message).toContain(as);
  });

  it('ignores names with a path or anything else in them', async () => {
    const { server, root, downloader } = await setUpWeb(makeVersion(V1));
    const hostile = [
      '../../etc/discogs_20260301_artists.xml.gz',
      'data/2026/../../discogs_20260301_artists.xml.gz',
      'data/2026/../discogs_20260301_labels.xml.gz',
      'data/2026/sub/discogs_20260301_masters.xml.gz',
      '/data/2026/discogs_20260301_releases.xml.gz',
      'data/2026/discogs_20260301_CHECKSUM.txt/..',
      'data/2026/discogs_20260301_..%2Fartists.xml.gz',
      'data/2026/discogs_20260301_artists.xml.gz\0',
      'data/2026/discogs_99999999_artists.xml.gz',
      'data/2026/discogs_20260301_<script>.xml.gz',
    ];
    server.extraLinks = [
      ...hostile.map((key) => `<a href="?download=${encodeURIComponent(key)}">x</a>`),
      '<a href="?download=%zz">x</a>',
    ].join('\n');
    const { versions, ignored } = await downloader.list();
    expect(versions.map(({ version }) => version)).toEqual([V1]);
    expect([...ignored].sort()).toEqual([...hostile, '%zz'].sort());
    await downloader.download();
    expect(await contentOf(root)).toEqual(summaryOf(makeVersion(V1)));
  });

  it('has rounded sizes, which the check of the disk space uses', async () => {
    const { server, downloader } = await setUpWeb(makeVersion(V1, 500_000));
    const file = (await downloader.list()).versions[0]!.data.artists!;
    expect(file.size).toBeUndefined();
    expect(file.sizeEstimate! / 500_000).toBeCloseTo(1, 2);
    const { downloader: other, root } = await setUpWeb(makeVersion(V1, 500_000), { reserveBytes: 2 ** 50 });
    const error = await rejectionOf(other.download(), 'DISK_FULL');
    expect(error.facts.neededBytes! / 2_000_000).toBeCloseTo(1, 2);
    expect(await contentOf(root)).toEqual({});
    expect(server.fileRequests).toEqual([]);
  });

  it.each<[string, Fault]>([
    ['a challenge page with 200', { kind: 'page', status: 200, type: 'text/html' }],
    ['a challenge page with 403', { kind: 'page', status: 403, type: 'text/html' }],
    ['a cut page', { kind: 'cut', after: 50 }],
    ['a truncated page', { kind: 'silent-cut', after: 100 }],
    ['a lost connection', { kind: 'reset' }],
    ['a server error', { kind: 'status', status: 502 }],
    ['a limit', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
  ])('is requested again after %s', async (_, fault) => {
    for (const page of ['start', 'year']) {
      const { server, downloader } = await setUpWeb(makeVersion(V1));
      server.fault = inOrder(page, fault, fault);
      expect((await downloader.choose()).version).toBe(V1);
      expect(server.requests.filter((request) => request.page === page)).toHaveLength(3);
    }
  });

  it.each<[string, Fault, string, number | undefined]>([
    ['a challenge page with 200', { kind: 'page', status: 200, type: 'text/html' }, 'LISTING_UNREADABLE', undefined],
    ['a challenge page with 403', { kind: 'page', status: 403, type: 'text/html' }, 'ACCESS_DENIED', 403],
    ['a missing page', { kind: 'status', status: 404 }, 'NOT_FOUND', 404],
    ['a server error', { kind: 'status', status: 500 }, 'HTTP_STATUS', 500],
    ['a lost connection', { kind: 'reset' }, 'SOURCE_UNREACHABLE', undefined],
  ])('is given up after %s each time', async (_, fault, code, status) => {
    const { server, downloader } = await setUpWeb(makeVersion(V1), { web: { retry: { ...QUICK, attempts: 3 } } });
    server.fault = always('year', fault);
    const error = await rejectionOf(downloader.choose(), code as DownloaderErrorCode);
    expect(error.facts).toMatchObject({
      source: 'web',
      location: `${server.url}?prefix=data%2F2026%2F`,
      attempts: status === 404 ? 1 : 3,
    });
    expect(error.facts.status).toBe(status);
  });
});

describe('a file', () => {
  it.each<[string, (Fault | undefined)[]]>([
    ['is cut', [{ kind: 'cut', after: 100_000 }]],
    [
      'is cut at once',
      [
        { kind: 'cut', after: 0 },
        { kind: 'cut', after: 1 },
        { kind: 'cut', after: 2 },
      ],
    ],
    ['stalls', [{ kind: 'stall', after: 100_000 }]],
    ['never starts', [{ kind: 'stall', after: 0 }]],
    ['has no length', [{ kind: 'no-length' }]],
    ['is truncated', [{ kind: 'silent-cut', after: 100_000 }]],
    [
      'is truncated several times',
      [
        { kind: 'silent-cut', after: 100_000 },
        { kind: 'silent-cut', after: 100_001 },
        { kind: 'silent-cut', after: 50 },
      ],
    ],
    ['claims to be longer', [{ kind: 'wrong-length', by: 1000 }]],
    ['claims to be shorter', [{ kind: 'wrong-length', by: -1000 }]],
    [
      'is a page',
      [
        { kind: 'page', status: 200, type: 'text/html' },
        { kind: 'page', status: 200, type: 'application/octet-stream' },
      ],
    ],
    ['is a page with 403', [{ kind: 'page', status: 403, type: 'text/html; charset=utf-8' }]],
    ['is refused for a while', [{ kind: 'status', status: 503 }, { kind: 'status', status: 500 }, { kind: 'reset' }]],
    ['has a wrong bit', [{ kind: 'wrong-bit', at: 12345 }]],
    ['is cut, then the range is ignored', [{ kind: 'cut', after: 100_000 }, { kind: 'ignore-range' }]],
    [
      'is cut, then replaced by a page',
      [
        { kind: 'cut', after: 100_000 },
        { kind: 'page', status: 200, type: 'text/xml' },
      ],
    ],
    ['is cut, then continues with another range', [{ kind: 'cut', after: 100_000 }, { kind: 'wrong-range' }]],
    [
      'is cut, then continues with a wrong bit',
      [
        { kind: 'cut', after: 100_000 },
        { kind: 'wrong-bit', at: 7 },
      ],
    ],
  ])('that %s is complete in the end', async (_, faults) => {
    const downloadFrom = async (supportsRanges: boolean): Promise<void> => {
      const files = makeVersion(V1, 300_000);
      const { server, root, downloader, events, onEvent } = await setUpWeb(files);
      server.supportsRanges = supportsRanges;
      server.fault = inOrder(ARTISTS, ...faults);
      await downloader.download({ dataTypes, onEvent });
      expect(await contentOf(root)).toEqual(
        summaryOf(new Map([ARTISTS, CHECKSUM].map((name) => [name, files.get(name)!]))),
      );
      expect(events.at(-1)).toMatchObject({ type: 'download-finished', reused: false });
    };
    // At the same time, because a stall takes a second.
    await Promise.all([downloadFrom(true), downloadFrom(false)]);
  });

  it('is resumed where it was cut if the server honours ranges', async () => {
    const files = makeVersion(V1, 300_000);
    const { server, downloader } = await setUpWeb(files);
    server.fault = inOrder(ARTISTS, { kind: 'cut', after: 150_000 }, { kind: 'cut', after: 140_000 });
    await downloader.download({ dataTypes });
    const froms = server.fileRequests.filter(({ name }) => name === ARTISTS).map(({ from }) => from);
    expect(froms[0]).toBe(0);
    expect(froms[1]).toBeGreaterThan(0);
    expect(froms[1]).toBeLessThanOrEqual(150_000);
    expect(froms[2]).toBeGreaterThan(froms[1]!);
    expect(froms).toHaveLength(3);
  });

  it('is not given up because of its size while resuming advances', async () => {
    const files = makeVersion(V1, 12 * MiB);
    const { server, root, downloader } = await setUpWeb(files, { retry: { ...QUICK, attempts: 2 } });
    server.fault = always(ARTISTS, { kind: 'cut', after: 3 * MiB });
    await downloader.download({ dataTypes });
    expect(await contentOf(root)).toHaveProperty([ARTISTS], summaryOf(files)[ARTISTS]);
    expect(server.fileRequests.length).toBeGreaterThanOrEqual(5);
  });

  it.each<[string, Fault, string]>([
    ['cut each time', { kind: 'cut', after: 1000 }, 'BODY_CUT'],
    ['stalled each time', { kind: 'stall', after: 1000 }, 'BODY_STALLED'],
    ['a page each time', { kind: 'page', status: 200, type: 'text/html' }, 'UNEXPECTED_CONTENT'],
    [
      'a page with the content type of a dump, each time',
      { kind: 'page', status: 200, type: 'application/gzip' },
      'UNEXPECTED_CONTENT',
    ],
    ['refused each time', { kind: 'page', status: 403, type: 'text/html' }, 'ACCESS_DENIED'],
    ['missing', { kind: 'status', status: 404 }, 'NOT_FOUND'],
    ['unavailable each time', { kind: 'status', status: 503 }, 'RATE_LIMITED'],
    ['lost each time', { kind: 'reset' }, 'SOURCE_UNREACHABLE'],
    ['a teapot', { kind: 'status', status: 418 }, 'HTTP_STATUS'],
  ])('that is %s is given up with the right error', async (_, fault, code) => {
    const files = makeVersion(V1, 300_000);
    const { server, root, downloader, events, onEvent } = await setUpWeb(files, {
      retry: { ...QUICK, attempts: 3 },
    });
    server.supportsRanges = false;
    server.fault = always(ARTISTS, fault);
    const error = await rejectionOf(
      downloader.download({ dataTypes: ['artists', 'labels'], onEvent }),
      code as DownloaderErrorCode,
    );
    const once = ['NOT_FOUND', 'HTTP_STATUS'].includes(code);
    expect(error.facts).toMatchObject({ source: 'web', attempts: once ? 1 : 3 });
    expect(events.filter(({ type }) => type === 'download-retry')).toHaveLength(once ? 0 : 2);
    // A partial file that cannot be resumed is not kept, and the other file is complete.
    expect(Object.keys(await contentOf(root)).sort()).toEqual([`discogs_${V1}_labels.xml.gz`]);
  });

  it.each([true, false])(
    'with other bytes than the published ones fails after the second time (with length: %s)',
    async (hasLength) => {
      const files = makeVersion(V1, 300_000);
      const { server, root, downloader } = await setUpWeb(files);
      const wrong = gzipOf(250_000, 99);
      server.files.set(`data/2026/${ARTISTS}`, wrong);
      if (!hasLength) server.fault = always(ARTISTS, { kind: 'no-length' });
      const error = await rejectionOf(downloader.download({ dataTypes }), 'CHECKSUM_MISMATCH');
      expect(error.facts).toMatchObject({
        file: ARTISTS,
        expected: sha256(files.get(ARTISTS)!),
        actual: sha256(wrong),
        bytes: wrong.length,
      });
      expect(server.fileRequests.filter(({ name, from }) => name === ARTISTS && from === 0)).toHaveLength(2);
      expect(await contentOf(root)).toEqual({});
    },
  );

  it('that is truncated at another byte each time fails in the end', async () => {
    const files = makeVersion(V1, 300_000);
    const { server, root, downloader } = await setUpWeb(files);
    server.supportsRanges = false;
    server.fault = (request) =>
      request.name === ARTISTS ? { kind: 'silent-cut', after: 1000 * server.requests.length } : undefined;
    const error = await rejectionOf(downloader.download({ dataTypes }), 'CHECKSUM_MISMATCH');
    expect(error.facts.attempts).toBe(QUICK.attempts);
    expect(await contentOf(root)).toEqual({});
  });

  it('keeps its partial file for the next run if the server honours ranges', async () => {
    const files = makeVersion(V1, 300_000);
    const { server, root, downloader } = await setUpWeb(files, { retry: { ...QUICK, attempts: 1 } });
    server.fault = inOrder(ARTISTS, { kind: 'cut', after: 200_000 });
    await rejectionOf(downloader.download({ dataTypes }), 'BODY_CUT');
    const part = await readFile(join(root, `${ARTISTS}.part`));
    expect(part.equals(files.get(ARTISTS)!.subarray(0, part.length))).toBe(true);
    await downloader.download({ dataTypes });
    expect(server.fileRequests.at(-1)).toMatchObject({ name: ARTISTS, from: part.length });
    await expect(access(join(root, `${ARTISTS}.part`))).rejects.toThrow();
  });

  it('does not continue a partial file that is not gzip', async () => {
    const files = makeVersion(V1, 300_000);
    const { server, root, downloader } = await setUpWeb(files);
    await writeFiles(root, new Map([[`${ARTISTS}.part`, Buffer.from('<!DOCTYPE html><html></html>')]]));
    await downloader.download({ dataTypes });
    expect(server.fileRequests.filter(({ name }) => name === ARTISTS).map(({ from }) => from)).toEqual([0]);
  });

  it('does not lose its partial file to a page in its place', async () => {
    const files = makeVersion(V1, 300_000);
    const { server, root, downloader } = await setUpWeb(files, { retry: { ...QUICK, attempts: 1 } });
    await writeFiles(root, new Map([[`${ARTISTS}.part`, files.get(ARTISTS)!.subarray(0, 250_000)]]));
    server.fault = inOrder(ARTISTS, { kind: 'page', status: 200, type: 'application/gzip' });
    await rejectionOf(downloader.download({ dataTypes }), 'UNEXPECTED_CONTENT');
    // The page came with 200 although a range was requested, so the server counts as ignoring ranges.
    server.fault = () => undefined;
    await downloader.download({ dataTypes });
    expect(await contentOf(root)).toHaveProperty([ARTISTS], summaryOf(files)[ARTISTS]);
  });
});

describe('the CHECKSUM file', () => {
  it('is fetched once per choice, before the download or by it', async () => {
    const files = makeVersion(V1);
    const { server, root, downloader } = await setUpWeb(files);
    const choice = await downloader.choose({ dataTypes: ['labels', 'artists'] });
    const labels = `discogs_${V1}_labels.xml.gz`;
    expect(Object.fromEntries(await downloader.checksums(choice))).toEqual({
      [ARTISTS]: sha256(files.get(ARTISTS)!),
      [labels]: sha256(files.get(labels)!),
    });
    expect(await contentOf(root)).toEqual({});
    await downloader.download({ choice });
    expect(server.fileRequests.filter(({ name }) => name === CHECKSUM)).toHaveLength(1);
    await downloader.download({ dataTypes });
    expect(server.fileRequests.filter(({ name }) => name === CHECKSUM)).toHaveLength(2);
  });

  it.each<[string, Fault]>([
    ['is a page', { kind: 'page', status: 200, type: 'text/html' }],
    ['is cut', { kind: 'cut', after: 100 }],
    ['is truncated', { kind: 'silent-cut', after: 100 }],
    ['is truncated after a line', { kind: 'silent-cut', after: 64 + 2 + ARTISTS.length + 1 }],
  ])('that %s is fetched again', async (_, fault) => {
    const { server, root, downloader, events, onEvent } = await setUpWeb(makeVersion(V1));
    server.fault = inOrder(CHECKSUM, fault, fault);
    await downloader.download({ onEvent });
    expect(await contentOf(root)).toEqual(summaryOf(makeVersion(V1)));
    expect(eventsOf(events, 'download-retry')).toMatchObject([
      { file: CHECKSUM, failures: 1 },
      { file: CHECKSUM, failures: 2 },
    ]);
  });

  it('that is a page each time fails', async () => {
    const { server, downloader } = await setUpWeb(makeVersion(V1));
    server.fault = always(CHECKSUM, { kind: 'page', status: 200, type: 'text/plain' });
    await rejectionOf(downloader.download(), 'CHECKSUM_FILE_MALFORMED');
    expect(server.fileRequests).toHaveLength(QUICK.attempts);
  });

  it('that publishes a wrong checksum leaves nothing under the final name', async () => {
    const files = makeVersion(V1);
    const others = new Map(files);
    others.set(ARTISTS, gzipOf(10, 1));
    others.delete(CHECKSUM);
    files.set(CHECKSUM, checksumFileOf(others));
    const { root, downloader } = await setUpWeb(files);
    await rejectionOf(downloader.download({ dataTypes }), 'CHECKSUM_MISMATCH');
    expect(await contentOf(root)).toEqual({});
  });
});

describe('a server that limits the rate', () => {
  const httpDate = (ms: number): string => new Date(Date.now() + ms).toUTCString();

  it.each<[string, () => Record<string, string>, minMs: number]>([
    ['for some seconds', () => ({ 'retry-after': '1' }), 950],
    // A date has no fraction of a second: one that is two seconds away may be little more than one away.
    ['until a date', () => ({ 'retry-after': httpDate(2000) }), 950],
    [
      'until a date by its own clock, which is an hour ahead',
      () => ({ date: httpDate(3_600_000), 'retry-after': httpDate(3_601_000) }),
      950,
    ],
  ])('%s receives no request for any file meanwhile', async (_, headers, minMs) => {
    const { server, downloader, events, onEvent } = await setUpWeb(makeVersion(V1));
    let limited = 0;
    server.fault = ({ name, at }) => {
      if (name !== ARTISTS || limited > 0) return undefined;
      limited = at;
      return { kind: 'status', status: 429, headers: headers() };
    };
    await downloader.download({ onEvent });
    const retries = events.filter((event): event is DownloadRetry => event.type === 'download-retry');
    expect(retries).toHaveLength(1);
    expect(retries[0]!.delayMs).toBeGreaterThanOrEqual(minMs);
    const after = server.requests.filter(({ at }) => at > limited && at < limited + minMs);
    // A request may have been on its way already.
    expect(after.length).toBeLessThanOrEqual(1);
    expect(server.requests.some(({ name, at }) => name === ARTISTS && at >= limited + minMs)).toBe(true);
  });

  it('for longer than maxRetryAfterMs makes the file fail at once', async () => {
    const { server, downloader } = await setUpWeb(makeVersion(V1));
    server.fault = always(ARTISTS, { kind: 'status', status: 429, headers: { 'retry-after': '3574' } });
    const error = await rejectionOf(downloader.download({ dataTypes }), 'RATE_LIMITED');
    expect(error.facts).toMatchObject({ status: 429, retryAfterMs: 3_574_000, attempts: 1 });
  });

  it('receives requests no more often than the gap allows', async () => {
    const { server, downloader } = await setUpWeb(makeVersion(V1), { web: { minGapMs: 60 }, concurrency: 4 });
    await downloader.download();
    const times = server.requests.map(({ at }) => at);
    expect(times).toHaveLength(2 + 5);
    const gaps = times.slice(1).map((at, index) => at - times[index]!);
    // Sent 60 ms apart; the arrival may jitter a little.
    expect(Math.min(...gaps)).toBeGreaterThan(40);
  });

  it('does not delay an abort', async () => {
    // Without the abort, the test would wait for an hour.
    const retry = { ...QUICK, maxRetryAfterMs: 3_600_000 };
    const { server, downloader } = await setUpWeb(makeVersion(V1), { web: { retry } });
    server.fault = always('start', { kind: 'status', status: 429, headers: { 'retry-after': '3600' } });
    const controller = new AbortController();
    const reason = new Error('stop');
    setTimeout(() => controller.abort(reason), 100);
    await expect(downloader.choose({ signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('an abort', () => {
  it('during a stalled body rejects with the reason and keeps the partial file', async () => {
    const files = makeVersion(V1, 3 * MiB);
    const { server, root, downloader } = await setUpWeb(files, { web: { stallTimeoutMs: 30_000 } });
    server.fault = always(ARTISTS, { kind: 'stall', after: 100_000 });
    const controller = new AbortController();
    const reason = new Error('stop');
    const onEvent = (event: DownloadEvent): void => {
      if (event.type === 'download-progress') setTimeout(() => controller.abort(reason), 5);
    };
    await expect(downloader.download({ dataTypes, signal: controller.signal, onEvent })).rejects.toBe(reason);
    const part = await readFile(join(root, `${ARTISTS}.part`));
    expect(part.length).toBeGreaterThan(0);
    expect(part.equals(files.get(ARTISTS)!.subarray(0, part.length))).toBe(true);
  });

  it('by closing the source ends the streams in progress', async () => {
    const server = await FaultyServer.start(makeVersion(V1, MiB));
    const source = createWebSource({ baseUrl: server.url, minGapMs: 0, retry: QUICK });
    server.fault = always(ARTISTS, { kind: 'stall', after: 1000 });
    const file = (await source.list()).versions[0]!.data.artists!;
    const stream = await source.open(file);
    const read = (async () => {
      for await (const _ of stream.body) await source.close();
    })();
    await rejectionOf(read, 'CLOSED');
    await source.close();
    await rejectionOf(source.list(), 'CLOSED');
    await rejectionOf(source.open(file), 'CLOSED');
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with %i is followed, with its range', async (status) => {
    const files = makeVersion(V1, 300_000);
    const elsewhere = await FaultyServer.start(files);
    const { server, root, downloader } = await setUpWeb(files);
    const to = `${elsewhere.url}?download=${encodeURIComponent(`data/2026/${ARTISTS}`)}`;
    server.fault = always(ARTISTS, { kind: 'redirect', status, to });
    await writeFiles(root, new Map([[`${ARTISTS}.part`, files.get(ARTISTS)!.subarray(0, 100_000)]]));
    await downloader.download({ dataTypes });
    expect(elsewhere.requests).toMatchObject([{ name: ARTISTS, from: 100_000 }]);
    expect(await contentOf(root)).toHaveProperty([ARTISTS], summaryOf(files)[ARTISTS]);
  });

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/', 'http://', ''])(
    'to %j is not followed, nor one to itself',
    async (to) => {
      const { server, downloader } = await setUpWeb(makeVersion(V1));
      server.fault = always(ARTISTS, { kind: 'redirect', status: 302, to });
      await rejectionOf(downloader.download({ dataTypes }), 'HTTP_STATUS');
      server.requests.length = 0;
      server.fault = always(ARTISTS, {
        kind: 'redirect',
        status: 302,
        to: `${server.url}?download=${encodeURIComponent(`data/2026/${ARTISTS}`)}`,
      });
      await rejectionOf(downloader.download({ dataTypes }), 'HTTP_STATUS');
      expect(server.fileRequests.length).toBeLessThan(10);
    },
  );
});

it.each([
  { baseUrl: 'nonsense' },
  { baseUrl: 'file:///tmp/' },
  { years: 0 },
  { minGapMs: -1 },
  { stallTimeoutMs: 0 },
  { proxy: { httpProxy: 'socks5://127.0.0.1:1' } },
])('rejects %j', async (options) => {
  errorThrownBy(() => createWebSource(options), 'INVALID_OPTIONS');
});
