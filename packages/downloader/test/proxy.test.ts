import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { FaultyServer } from '@discogs-extractor/test-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createProxyChoice } from '../src/http/proxy.js';
import { createWebSource } from '../src/index.js';
import { makeVersion } from './support/dump.js';
import { errorThrownBy, rejectionOf } from './support/errors.js';
import { contentOf, setUp, summaryOf } from './support/setup.js';
import { QUICK } from './support/web.js';

interface Proxy {
  readonly url: string;
  /** Method, target and credentials of the requests. */
  readonly requests: string[];
}

/** Starts a proxy that forwards plain requests, and records and refuses tunnels. */
const startProxy = async (target: URL): Promise<Proxy> => {
  const requests: string[] = [];
  const credentials = (request: IncomingMessage): string =>
    Buffer.from((request.headers['proxy-authorization'] ?? '').replace('Basic ', ''), 'base64').toString();
  const server = createServer((request, response) => {
    const url = new URL(request.url!);
    requests.push(`${request.method} ${url.host} ${credentials(request)}`);
    const upstream = connect(Number(target.port), target.hostname, () => {
      upstream.write(`GET ${url.pathname}${url.search} HTTP/1.0\r\nhost: ${url.host}\r\n\r\n`);
    });
    // Passes on the raw response, including its headers.
    upstream.pipe(response.socket as Socket);
  });
  server.on('connect', (request, socket) => {
    requests.push(`CONNECT ${request.url} ${credentials(request)}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
};

describe('a proxy', () => {
  it('is used for plain HTTP, with its credentials', async () => {
    const files = makeVersion('20260101');
    const server = await FaultyServer.start(files);
    const proxy = await startProxy(new URL(server.url));
    const httpProxy = proxy.url.replace('http://', 'http://user:p%40ss@');
    const source = createWebSource({
      baseUrl: 'http://dumps.test/',
      minGapMs: 0,
      retry: QUICK,
      proxy: { httpProxy },
    });
    const { root, downloader } = await setUp(new Map(), { source });
    await downloader.download();
    expect(await contentOf(root)).toEqual(summaryOf(files));
    expect(new Set(proxy.requests)).toEqual(new Set(['GET dumps.test user:p@ss']));
    expect(server.requests[0]!.host).toBe('dumps.test');
  });

  it('opens a tunnel for HTTPS', async () => {
    const proxy = await startProxy(new URL('http://127.0.0.1:1'));
    const source = createWebSource({
      baseUrl: 'https://dumps.test/',
      minGapMs: 0,
      retry: { ...QUICK, attempts: 1 },
      proxy: { httpsProxy: proxy.url, httpProxy: 'http://127.0.0.1:1' },
    });
    await rejectionOf(source.list(), 'SOURCE_UNREACHABLE');
    expect(proxy.requests).toEqual(['CONNECT dumps.test:443 ']);
    await source.close();
  });

  it('is not used for hosts in noProxy, nor for the other protocol', async () => {
    const server = await FaultyServer.start(makeVersion('20260101'));
    const proxy = await startProxy(new URL(server.url));
    for (const options of [
      { httpProxy: proxy.url, noProxy: 'example.org, 127.0.0.1' },
      { httpsProxy: proxy.url },
      { httpProxy: '', noProxy: '' },
    ]) {
      const source = createWebSource({ baseUrl: server.url, minGapMs: 0, proxy: options });
      await source.list();
      await source.close();
    }
    expect(server.requests).toHaveLength(6);
    expect(proxy.requests).toEqual([]);
  });
});

describe('noProxy', () => {
  it.each<[string, string, boolean]>([
    ['', 'https://example.org/', false],
    ['*', 'https://example.org/', true],
    ['example.org', 'https://example.org/', true],
    ['example.org', 'https://data.example.org/', true],
    ['.example.org', 'https://data.example.org/', true],
    ['*.example.org', 'https://data.example.org/', true],
    ['example.org', 'https://notexample.org/', false],
    ['Example.ORG', 'https://EXAMPLE.org/', true],
    ['a.test b.test,c.test', 'https://b.test/', true],
    ['example.org:443', 'https://example.org/', true],
    ['example.org:8443', 'https://example.org/', false],
    ['example.org:8443', 'https://example.org:8443/', true],
    ['10.0.0.0/8', 'https://10.1.2.3/', true],
    ['10.0.0.0/8', 'https://11.1.2.3/', false],
    ['10.0.0.0/99', 'https://10.1.2.3/', false],
    ['10.1.2.3', 'https://10.1.2.3/', true],
    ['::1', 'https://[::1]/', true],
    ['[::1]:8443', 'https://[::1]:8443/', true],
    ['fd00::/8', 'https://[fd12::1]/', true],
  ])('%j on %s: direct %s', (noProxy, url, direct) => {
    const choose = createProxyChoice({ httpsProxy: 'proxy.test:3128', noProxy });
    expect(choose(new URL(url))).toBe(direct ? undefined : 'http://proxy.test:3128/');
  });

  it.each(['socks5://127.0.0.1', 'http://', 'ftp://proxy.test', 'http://a b'])(
    'rejects %j as a proxy',
    async (httpProxy) => {
      errorThrownBy(() => createProxyChoice({ httpProxy }), 'INVALID_OPTIONS');
    },
  );
});
