import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** The programs whose directory indexes the server imitates. */
export const INDEX_STYLES = ['nginx', 'apache', 'python'] as const;
export type IndexStyle = (typeof INDEX_STYLES)[number];

/** A server of files with plain directory indexes, as people set up for a mirror of their own. */
export class MirrorServer {
  /** The offered files by path (`/2026/discogs_…`). */
  readonly files = new Map<string, Buffer>();
  /** Paths of all requests so far. */
  readonly requests: string[] = [];
  /** `user:password` that every request needs. */
  credentials: string | undefined;
  /** HTML that is added to each index. */
  extraLinks = '';
  readonly url: string;
  readonly #style: IndexStyle;

  private constructor(url: string, style: IndexStyle) {
    this.url = url;
    this.#style = style;
  }

  /** Starts a server that offers these files, by path. It is stopped when the current test ends. */
  static async start(style: IndexStyle, files: ReadonlyMap<string, Buffer> = new Map()): Promise<MirrorServer> {
    const http = createServer((request, response) => server.#respond(request, response));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const server = new MirrorServer(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`, style);
    for (const [path, bytes] of files) server.files.set(path, bytes);
    onTestFinished(async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });
    return server;
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url!, this.url).pathname);
    this.requests.push(path);
    const expected = this.credentials && `Basic ${Buffer.from(this.credentials).toString('base64')}`;
    const file = this.files.get(path);
    const isDirectory = path === '/' || [...this.files.keys()].some((key) => key.startsWith(`${path}/`));
    if (expected !== undefined && request.headers.authorization !== expected) response.writeHead(401).end();
    else if (file !== undefined) response.writeHead(200, { 'content-length': file.length }).end(file);
    else if (path.endsWith('/')) response.writeHead(200, { 'content-type': 'text/html' }).end(this.#index(path));
    else if (isDirectory) response.writeHead(301, { location: `${path}/` }).end();
    else response.writeHead(404, { 'content-type': 'text/html' }).end('<html><body>Not Found</body></html>');
  }

  /** Names of a directory, subdirectories with a slash at the end, and sizes of its files. */
  #entriesOf(path: string): Map<string, number | undefined> {
    const entries = new Map<string, number | undefined>();
    for (const [key, { length }] of [...this.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [name, ...rest] = key.startsWith(path) ? key.slice(path.length).split('/') : [];
      if (name !== undefined) entries.set(rest.length > 0 ? `${name}/` : name, rest.length > 0 ? undefined : length);
    }
    return entries;
  }

  #index(path: string): string {
    const entries = [...this.#entriesOf(path)];
    const isRoot = path === '/';
    switch (this.#style) {
      case 'nginx': {
        const lines = entries.map(([name, size]) => {
          const shown = name.length > 50 ? `${name.slice(0, 47)}..&gt;` : name;
          const padding = ' '.repeat(Math.max(1, 51 - name.length));
          return `<a href="${encodeURI(name)}">${shown}</a>${padding}05-Jan-2026 10:00    ${String(size ?? '-').padStart(16)}`;
        });
        return `<html>\r\n<head><title>Index of ${path}</title></head>\r\n<body>\r\n<h1>Index of ${path}</h1><hr><pre><a href="../">../</a>\r\n${lines.join('\r\n')}\r\n${this.extraLinks}</pre><hr></body>\r\n</html>\r\n`;
      }
      case 'apache': {
        const rows = entries.map(
          ([name, size]) =>
            `   <tr><td valign="top"><img src="/icons/compressed.gif" alt="[   ]"></td><td><a href="${encodeURI(name)}">${name}</a></td><td align="right">2026-01-05 10:00  </td><td align="right">${size === undefined ? '  - ' : `${(size / 1024).toFixed(0)}K`}</td><td>&nbsp;</td></tr>`,
        );
        const parent = isRoot ? '' : `<tr><td></td><td><a href="/">Parent Directory</a></td></tr>\n`;
        return `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n  <title>Index of ${path}</title>\n </head>\n <body>\n<h1>Index of ${path}</h1>\n  <table>\n   <tr><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th><th><a href="?C=S;O=A">Size</a></th></tr>\n${parent}${rows.join('\n')}\n${this.extraLinks}</table>\n<address>Apache/2.4.62 (Debian) Server</address>\n</body></html>\n`;
      }
      case 'python': {
        const items = entries.map(([name]) => `<li><a href="${encodeURI(name)}">${name}</a></li>`);
        return `<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Directory listing for ${path}</title>\n</head>\n<body>\n<h1>Directory listing for ${path}</h1>\n<hr>\n<ul>\n${items.join('\n')}\n${this.extraLinks}</ul>\n<hr>\n</body>\n</html>\n`;
      }
    }
  }
}
