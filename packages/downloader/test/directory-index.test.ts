import { INDEX_STYLES, MirrorServer } from '@discogs-extractor/test-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createWebSource, type DumpSource } from '../src/index.js';
import { makeVersion } from './support/dump.js';
import { rejectionOf } from './support/errors.js';
import { contentOf, setUp, summaryOf } from './support/setup.js';
import { QUICK } from './support/web.js';

const OLD = '20251201';
const NEW = '20260101';

const FLAT = (name: string): string => `/${name}`;
const BY_YEAR = (name: string): string => `/${name.slice(8, 12)}/${name}`;

/** The files of both versions, with their paths. */
const mirrored = (pathOf: (name: string) => string): Map<string, Buffer> =>
  new Map([...makeVersion(OLD), ...makeVersion(NEW, 40_000)].map(([name, bytes]) => [pathOf(name), bytes]));

const sourceOf = (baseUrl: string): DumpSource => {
  const source = createWebSource({ baseUrl, minGapMs: 0, retry: { ...QUICK, attempts: 2 } });
  onTestFinished(() => source.close());
  return source;
};

describe.each(INDEX_STYLES)('a directory index of %s', (style) => {
  it.each([
    ['flat', '', FLAT],
    ['by year', '', BY_YEAR],
    ['by year in data/', '', (name: string) => `/data${BY_YEAR(name)}`],
    ['by year in a subdirectory whose URL lacks the slash', 'my dumps', (name: string) => `/my dumps${BY_YEAR(name)}`],
  ])('with the files %s is read', async (_, path, pathOf) => {
    const server = await MirrorServer.start(style, mirrored(pathOf));
    const { downloader, root } = await setUp(new Map(), { source: sourceOf(`${server.url}${path}`) });
    const { versions } = await downloader.list();
    expect(versions.map(({ version, data }) => [version, Object.keys(data).length])).toEqual([
      [NEW, 4],
      [OLD, 4],
    ]);
    const { size, sizeEstimate } = versions[0]!.data.artists!;
    expect(size).toBeUndefined();
    if (style === 'python') expect(sizeEstimate).toBeUndefined();
    else expect(sizeEstimate! / 40_000).toBeCloseTo(1, 1);
    await downloader.download({ version: OLD });
    expect(await contentOf(root)).toEqual(summaryOf(makeVersion(OLD)));
  });

  it('without dump files has no version', async () => {
    const server = await MirrorServer.start(style, new Map([['/readme.txt', Buffer.from('x')]]));
    const { downloader } = await setUp(new Map(), { source: sourceOf(server.url) });
    expect((await downloader.list()).ignored).toEqual(['readme.txt']);
    await rejectionOf(downloader.choose(), 'NO_VERSION');
  });

  it('makes no version of links elsewhere', async () => {
    const server = await MirrorServer.start(style, mirrored(BY_YEAR));
    const ghost = 'discogs_20260301_artists.xml.gz';
    server.extraLinks = [
      `<!-- <a href="${ghost}">old</a> -->`,
      `<script>document.write('<a href="${ghost}">')</script>`,
      `<a href="http://example.org/2026/${ghost}">mirror</a>`,
      `<a href="//example.org/2026/${ghost}">mirror</a>`,
      `<a href="sub/${ghost}">deeper</a>`,
      `<a href="../../${ghost}">higher</a>`,
      `<a href="/2025/discogs_20240301_artists.xml.gz">another year</a>`,
      `<a href="discogs_20240201_artists.xml.gz.part">partial</a>`,
    ].join('\n');
    const { versions } = await sourceOf(`${server.url}2026/`).list();
    expect(versions.map(({ version }) => version)).toEqual([NEW]);
  });
});

it('sends the credentials of the URL to the mirror', async () => {
  const server = await MirrorServer.start('nginx', mirrored(BY_YEAR));
  server.credentials = 'me:p@ss word';
  const url = new URL(server.url);
  url.username = 'me';
  url.password = 'p@ss word';
  const { downloader, root } = await setUp(new Map(), { source: sourceOf(url.href) });
  await downloader.download();
  expect(await contentOf(root)).toEqual(summaryOf(makeVersion(NEW, 40_000)));
  const error = await rejectionOf(sourceOf(url.href.replace('me:', 'you:')).list(), 'ACCESS_DENIED');
  expect(error.message).not.toContain('word');
});
