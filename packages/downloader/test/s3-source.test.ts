import { FaultyServer } from '@discogs-extractor/test-server';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  createFallbackSource,
  createFolderSource,
  createS3Source,
  createWebSource,
  type DataType,
  type DownloaderOptions,
  type DumpSource,
  type S3SourceOptions,
} from '../src/index.js';
import { makeVersion, temporaryDirectory, writeFiles } from './support/dump.js';
import { errorThrownBy, rejectionOf } from './support/errors.js';
import { KEYS, type RecordedS3Request, type S3Fault, type S3Server, startS3, stopS3 } from './support/s3.js';
import { contentOf, type DownloaderSetup, setUp, summaryOf } from './support/setup.js';
import { QUICK } from './support/web.js';

const V1 = '20260101';
const ARTISTS = `discogs_${V1}_artists.xml.gz`;
const CHECKSUM = `discogs_${V1}_CHECKSUM.txt`;
const dataTypes: DataType[] = ['artists'];

afterAll(stopS3);

const isListing = ({ query }: RecordedS3Request): boolean => query.has('list-type');
const isGet = (name: string) => (request: RecordedS3Request) => request.path.endsWith(name);

const sourceOf = async (server: S3Server, options: S3SourceOptions = {}): Promise<DumpSource> => {
  const source = createS3Source({
    endpoint: server.url,
    bucket: server.bucket,
    retry: QUICK,
    stallTimeoutMs: 500,
    ...options,
  });
  onTestFinished(() => source.close());
  return source;
};

const setUpS3 = async (
  files: ReadonlyMap<string, Buffer>,
  { s3, ...options }: Partial<DownloaderOptions> & { s3?: S3SourceOptions } = {},
): Promise<DownloaderSetup & { server: S3Server }> => {
  const server = await startS3(files);
  return { server, ...(await setUp(new Map(), { retry: QUICK, ...options, source: await sourceOf(server, s3) })) };
};

describe('an S3 source', () => {
  it('reads the newest version without signing requests', async () => {
    const files = makeVersion('20260201', 300_000);
    const { server, root, downloader, events, onEvent } = await setUpS3(new Map([...makeVersion(V1), ...files]));
    await downloader.download({ onEvent });
    expect(await contentOf(root)).toEqual(summaryOf(files));
    expect(server.requests.some(({ signed }) => signed)).toBe(false);
    // The listing includes the sizes.
    expect(events[0]).toMatchObject({
      type: 'download-started',
      bytesTotal: files.get('discogs_20260201_artists.xml.gz')!.length,
    });
  });

  it('signs requests, and reports a wrong signature as ACCESS_DENIED', async () => {
    const { server, root, downloader } = await setUpS3(makeVersion(V1), { s3: { credentials: KEYS } });
    await downloader.download();
    expect(await contentOf(root)).toEqual(summaryOf(makeVersion(V1)));
    expect(server.requests.every(({ signed }) => signed)).toBe(true);

    const wrong = await sourceOf(server, { credentials: async () => ({ ...KEYS, secretAccessKey: 'wrong' }) });
    const error = await rejectionOf(wrong.list(), 'ACCESS_DENIED');
    expect(error.facts).toMatchObject({
      source: 's3',
      status: 403,
      location: `s3://${server.bucket}/data/`,
      attempts: 1,
    });
    const unknown = await sourceOf(server, { credentials: { accessKeyId: 'NOBODY', secretAccessKey: 'x' } });
    await rejectionOf(unknown.list(), 'ACCESS_DENIED');
  });

  it('signs requests for a prefix with special characters', async () => {
    const server = await startS3();
    server.fault = () => ({ kind: 'listing', keys: [] });
    const prefix = "d(u)m'p!s* +~/é/";
    const source = await sourceOf(server, { credentials: KEYS, prefix });
    await source.list();
    expect(server.requests.map(({ query }) => query.get('prefix'))).toEqual([prefix]);
  });

  it('repeats a request in the region that the server names, once', async () => {
    const { server, downloader } = await setUpS3(makeVersion(V1), { s3: { credentials: KEYS } });
    const moved = { kind: 'error', status: 400, code: 'AuthorizationHeaderMalformed' } as const;
    server.fault = ({ region }) => (region === 'us-west-2' ? { ...moved, region: 'eu-north-1' } : undefined);
    expect((await downloader.choose()).version).toBe(V1);
    await downloader.download();
    // The other region is found by the first request, and used by all others.
    expect(server.requests.map(({ region }) => region)).toEqual(['us-west-2', ...Array(6 + 1).fill('eu-north-1')]);
    server.fault = ({ region }) => ({ ...moved, region: region === 'us-west-2' ? 'eu-north-1' : 'us-west-2' });
    await rejectionOf((await sourceOf(server, { credentials: KEYS })).list(), 'HTTP_STATUS');
  });

  it.each([
    ['a page of something else', '<!DOCTYPE html><html><body>Welcome</body></html>'],
    ['half a listing', '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>data/x</Key></Contents>'],
    [
      'a listing that does not say how it continues',
      '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>',
    ],
    ['nothing', ''],
  ])('reports %s as LISTING_UNREADABLE', async (_, body) => {
    const server = await startS3();
    server.fault = () => ({ kind: 'body', body });
    await rejectionOf((await sourceOf(server)).list(), 'LISTING_UNREADABLE');
    expect(server.requests).toHaveLength(QUICK.attempts);
  });

  it('reads keys with escapes', async () => {
    const { server, downloader } = await setUpS3(new Map());
    server.fault = () => ({ kind: 'listing', keys: ['data/R&amp;B &lt;1&gt;/é&#x27;/discogs_20260101_labels.xml.gz'] });
    const { key } = (await downloader.list()).versions[0]!.data.labels!;
    expect(key).toBe("data/R&B <1>/é'/discogs_20260101_labels.xml.gz");
    server.fault = () => undefined;
    await rejectionOf(
      (await sourceOf(server, { credentials: KEYS })).open({ name: '', version: '', kind: 'labels', key }),
      'NOT_FOUND',
    );
    expect(decodeURIComponent(server.requests.at(-1)!.path)).toBe(`/${server.bucket}/${key}`);
  });

  it('lists the bucket page by page', async () => {
    const versions = ['20251101', '20251201', V1];
    const { server, downloader } = await setUpS3(new Map(versions.flatMap((version) => [...makeVersion(version)])), {
      s3: { pageSize: 4 },
    });
    const listing = await downloader.list();
    expect(listing.versions.map(({ version }) => version)).toEqual(versions.toReversed());
    expect(listing.versions.every(({ data, checksum }) => Object.keys(data).length === 4 && checksum !== null)).toBe(
      true,
    );
    expect(server.requests).toHaveLength(4);
    expect(new Set(server.requests.map(({ query }) => query.get('continuation-token'))).size).toBe(4);
    expect(
      server.requests.every(({ query, path }) => query.get('prefix') === 'data/' && path === `/${server.bucket}/`),
    ).toBe(true);
  });

  it('ignores other keys in the bucket', async () => {
    const { server, root, downloader } = await setUpS3(makeVersion(V1));
    await server.put('data/2026/readme.txt', Buffer.from('x'));
    await server.put('data/discogs_99999999_labels.xml.gz', Buffer.from('x'));
    await server.put('elsewhere/2026/discogs_20260301_artists.xml.gz', Buffer.from('x'));
    const listing = await downloader.list();
    expect(listing.versions.map(({ version }) => version)).toEqual([V1]);
    expect(listing.ignored).toEqual(['data/2026/readme.txt', 'data/discogs_99999999_labels.xml.gz']);
    await downloader.download();
    expect(await contentOf(root)).toEqual(summaryOf(makeVersion(V1)));
  });

  it('ignores keys with `.` or `..` in them', async () => {
    const { server, downloader } = await setUpS3(new Map());
    const keys = [
      'data/../../discogs_20260301_artists.xml.gz',
      '../discogs_20260301_labels.xml.gz',
      'data/./discogs_20260301_masters.xml.gz',
    ];
    server.fault = () => ({ kind: 'listing', keys });
    expect(await downloader.list()).toEqual({ versions: [], ignored: keys });
  });

  it('reports an empty or missing bucket', async () => {
    const { server, downloader } = await setUpS3(new Map());
    await rejectionOf(downloader.choose(), 'NO_VERSION');
    await rejectionOf((await sourceOf(server, { bucket: 'nowhere' })).list(), 'NOT_FOUND');
  });

  it('does not retry a listing that is refused', async () => {
    const { server, downloader } = await setUpS3(makeVersion(V1));
    server.fault = (request) => (isListing(request) ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined);
    const error = await rejectionOf(downloader.download(), 'ACCESS_DENIED');
    expect(error.facts).toMatchObject({ source: 's3', status: 403, retryable: false, attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  it('retries temporary errors', async () => {
    const { server, root, downloader } = await setUpS3(makeVersion(V1));
    const faults: S3Fault[] = [
      { kind: 'error', status: 503, code: 'SlowDown' },
      { kind: 'reset' },
      { kind: 'error', status: 500, code: 'InternalError' },
    ];
    // Each of them happens once for the listing and once for each file.
    const times = new Map<string, number>();
    server.fault = ({ path }) => {
      const time = times.get(path) ?? 0;
      times.set(path, time + 1);
      return faults[time];
    };
    await downloader.download();
    expect(await contentOf(root)).toEqual(summaryOf(makeVersion(V1)));
  });

  it('reports a server that does not respond as SOURCE_UNREACHABLE', async () => {
    const source = createS3Source({
      endpoint: 'http://127.0.0.1:1',
      bucket: 'dumps',
      retry: { ...QUICK, attempts: 2 },
    });
    const error = await rejectionOf(source.list(), 'SOURCE_UNREACHABLE');
    expect(error.facts.attempts).toBe(2);
    await source.close();
    await rejectionOf(source.list(), 'CLOSED');
  });
});

describe('an object in S3', () => {
  it('that is cut is resumed with a range', async () => {
    const files = makeVersion(V1, 300_000);
    const { server, root, downloader } = await setUpS3(files);
    let cuts = 0;
    server.fault = (request) => {
      if (!isGet(ARTISTS)(request) || cuts === 3) return undefined;
      cuts += 1;
      return { kind: 'cut', after: 90_000 };
    };
    await downloader.download({ dataTypes });
    expect(await contentOf(root)).toHaveProperty([ARTISTS], summaryOf(files)[ARTISTS]);
    const ranges = server.requests.filter(isGet(ARTISTS)).map(({ range }) => range);
    expect(ranges).toHaveLength(4);
    expect(ranges[0]).toBeUndefined();
    const starts = ranges.slice(1).map((range) => Number(/^bytes=([0-9]+)-$/.exec(range ?? '')?.[1]));
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(starts[0]).toBeGreaterThan(0);
  });

  it('is downloaded correctly if all or too much of it is in the partial file', async () => {
    const files = makeVersion(V1, 100_000);
    for (const part of [files.get(ARTISTS)!, Buffer.concat([files.get(ARTISTS)!, Buffer.alloc(10)])]) {
      const { root, downloader } = await setUpS3(files);
      await writeFiles(root, new Map([[`${ARTISTS}.part`, part]]));
      await downloader.download({ dataTypes });
      expect(await contentOf(root)).toHaveProperty([ARTISTS], summaryOf(files)[ARTISTS]);
    }
  });

  it('that is missing or refused fails', async () => {
    const { server, downloader } = await setUpS3(makeVersion(V1));
    server.fault = (request) =>
      isGet(ARTISTS)(request) ? { kind: 'error', status: 404, code: 'NoSuchKey' } : undefined;
    await rejectionOf(downloader.download({ dataTypes }), 'NOT_FOUND');
    server.fault = (request) =>
      isGet(ARTISTS)(request) ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined;
    await rejectionOf(downloader.download({ dataTypes }), 'ACCESS_DENIED');
  });

  it('is released by an abort', async () => {
    const { server, downloader } = await setUpS3(makeVersion(V1, 3_000_000));
    const controller = new AbortController();
    const reason = new Error('stop');
    server.fault = (request) => {
      if (isGet(ARTISTS)(request)) controller.abort(reason);
      return undefined;
    };
    await expect(downloader.download({ dataTypes, signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('a fallback source of S3 and web', () => {
  const setUpAuto = async (files: ReadonlyMap<string, Buffer>) => {
    const [s3, web] = [await startS3(files), await FaultyServer.start(files)];
    const fallbacks: string[] = [];
    const source = createFallbackSource({
      sources: [await sourceOf(s3), createWebSource({ baseUrl: web.url, minGapMs: 0, retry: QUICK })],
      onEvent: ({ from, to, error }) => fallbacks.push(`${from} ${to} ${error?.code ?? 'nothing'}`),
    });
    onTestFinished(() => source.close());
    return { s3, web, fallbacks, ...(await setUp(new Map(), { source, retry: QUICK })) };
  };

  it('reads from S3 if it responds', async () => {
    const { web, fallbacks, root, downloader } = await setUpAuto(makeVersion(V1));
    await downloader.download();
    expect(await contentOf(root)).toEqual(summaryOf(makeVersion(V1)));
    expect(web.requests).toEqual([]);
    expect(fallbacks).toEqual([]);
  });

  it('reads from the web if S3 refuses the listing', async () => {
    const { s3, web, fallbacks, root, downloader } = await setUpAuto(makeVersion(V1));
    s3.fault = () => ({ kind: 'error', status: 403, code: 'AccessDenied' });
    await downloader.download();
    expect(await contentOf(root)).toEqual(summaryOf(makeVersion(V1)));
    expect(s3.requests).toHaveLength(1);
    expect(web.fileRequests).toHaveLength(5);
    expect(fallbacks).toEqual(['s3 web ACCESS_DENIED']);
  });

  it('reads files from the web that S3 lists and refuses', async () => {
    const { s3, fallbacks, root, downloader } = await setUpAuto(makeVersion(V1));
    s3.fault = (request) => (isListing(request) ? undefined : { kind: 'error', status: 403, code: 'AccessDenied' });
    await downloader.download({ dataTypes });
    expect(Object.keys(await contentOf(root)).sort()).toEqual([CHECKSUM, ARTISTS]);
    expect(fallbacks).toEqual(['s3 web ACCESS_DENIED', 's3 web ACCESS_DENIED']);
  });

  it("reads from the next source if one has no versions, and reports the last one's failure", async () => {
    const [empty, full] = [await temporaryDirectory(), await temporaryDirectory()];
    await writeFiles(full, makeVersion(V1));
    const folder = (directory: string): DumpSource => createFolderSource({ directory });
    const source = createFallbackSource({ sources: [folder(empty), folder(full)] });
    const { downloader, root } = await setUp(new Map(), { source });
    await downloader.download();
    expect(await contentOf(root)).toEqual(summaryOf(makeVersion(V1)));

    const failing = createFallbackSource({ sources: [folder(`${empty}/a`), folder(`${empty}/b`)] });
    const error = await rejectionOf(failing.list(), 'NOT_FOUND');
    expect(error.facts.location).toBe(`${empty}/b`);
    errorThrownBy(() => createFallbackSource({ sources: [] }), 'INVALID_OPTIONS');
  });

  it('does not try the next source after an abort', async () => {
    const { s3, web, downloader } = await setUpAuto(makeVersion(V1));
    const controller = new AbortController();
    const reason = new Error('stop');
    s3.fault = () => {
      controller.abort(reason);
      return { kind: 'error', status: 403, code: 'AccessDenied' };
    };
    await expect(downloader.choose({ signal: controller.signal })).rejects.toBe(reason);
    expect(web.requests).toEqual([]);
  });
});

it.each([{ bucket: '' }, { endpoint: 'nonsense' }, { pageSize: 0 }, { retry: { attempts: -1 } }])(
  'rejects %j',
  async (options) => {
    errorThrownBy(() => createS3Source(options), 'INVALID_OPTIONS');
  },
);

it('puts the bucket into the host name or the path, and uses a proxy', async () => {
  const server = await startS3();
  server.fault = () => ({ kind: 'listing', keys: [] });
  for (const forcePathStyle of [true, false]) {
    const proxy = { httpProxy: server.url };
    const source = await sourceOf(server, { endpoint: 'http://s3.test:9000', forcePathStyle, proxy });
    await source.list();
  }
  expect(server.requests.map(({ host, path }) => host + path)).toEqual([
    `s3.test:9000/${server.bucket}/`,
    `${server.bucket}.s3.test:9000/`,
  ]);
});
