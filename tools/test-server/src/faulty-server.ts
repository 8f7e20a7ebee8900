import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One way in which the server fails for one request. */
export type Fault =
  /** Responds with another status and these headers. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  /** Ends the connection before the response. */
  | { readonly kind: 'reset' }
  /** Ends the connection after this many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Sends nothing more after this many bytes of the body. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Ends the body after this many bytes, as if it were complete. */
  | { readonly kind: 'silent-cut'; readonly after: number }
  /** Ignores the range: 200, from byte 0 on. */
  | { readonly kind: 'ignore-range' }
  /** Omits `Content-Length`. */
  | { readonly kind: 'no-length' }
  /** Sends a `Content-Length` that is off by this much. */
  | { readonly kind: 'wrong-length'; readonly by: number }
  /** Sends a challenge page in place of the file. */
  | { readonly kind: 'page'; readonly status: number; readonly type: string }
  /** Flips one bit of the body. */
  | { readonly kind: 'wrong-bit'; readonly at: number }
  /** Sends another range than the requested one, correctly labelled. */
  | { readonly kind: 'wrong-range' }
  /** Compresses the body although `identity` was requested; `as` is the header, which gzip may lack. */
  | { readonly kind: 'compressed'; readonly as: string | undefined; readonly by: (body: Buffer) => Buffer }
  /** Redirects to another address. */
  | { readonly kind: 'redirect'; readonly status: number; readonly to: string };

/** A request that the server received. */
export interface RecordedRequest {
  readonly page: 'start' | 'year' | 'file';
  /** File name or year. */
  readonly name: string;
  /** First requested byte. */
  readonly from: number;
  /** `performance.now()` of its arrival. */
  readonly at: number;
  readonly userAgent: string;
  readonly host: string;
}

const CHALLENGE = `<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>${'x'.repeat(2000)}</body></html>`;

/** A server that looks like data.discogs.com and fails on request. */
export class FaultyServer {
  /** The offered files by key (`data/2026/discogs_…`). */
  readonly files = new Map<string, Buffer>();
  /** All requests so far. */
  readonly requests: RecordedRequest[] = [];
  /** Whether the server honours ranges. */
  supportsRanges = true;
  /** Chooses a fault for a request; `undefined` for none. */
  fault: (request: RecordedRequest) => Fault | undefined = () => undefined;
  /** HTML that is added to the start page and to the pages of years. */
  extraLinks = '';
  /** What follows the end of each page. */
  trailer = '';
  /** Address of the start page. */
  readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  /** Starts a server that offers these files, by name. It is stopped when the current test ends. */
  static async start(files: ReadonlyMap<string, Buffer> = new Map()): Promise<FaultyServer> {
    const http = createServer((request, response) => server.#respond(request, response));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const server = new FaultyServer(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
    server.add(files);
    onTestFinished(async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });
    return server;
  }

  /** Adds files by name. */
  add(files: ReadonlyMap<string, Buffer>): void {
    for (const [name, bytes] of files) this.files.set(keyOf(name), bytes);
  }

  /** Removes a file by name. */
  remove(name: string): void {
    this.files.delete(keyOf(name));
  }

  /** The requests for files. */
  get fileRequests(): RecordedRequest[] {
    return this.requests.filter(({ page }) => page === 'file');
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, this.url);
    const key = url.searchParams.get('download') ?? undefined;
    const year = /^data\/([0-9]{4})\/$/.exec(url.searchParams.get('prefix') ?? '')?.[1];
    const recorded: RecordedRequest = {
      page: key !== undefined ? 'file' : year !== undefined ? 'year' : 'start',
      name: key?.split('/').at(-1) ?? year ?? '',
      from: Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0),
      at: performance.now(),
      userAgent: request.headers['user-agent'] ?? '',
      host: request.headers.host ?? '',
    };
    this.requests.push(recorded);
    const fault = this.fault(recorded);
    if (fault !== undefined && sendInstead(fault, response)) return;
    const body =
      key !== undefined ? this.files.get(key) : year !== undefined ? this.#yearPage(year) : this.#startPage();
    if (body === undefined) response.writeHead(404).end();
    else
      this.#sendBody(
        response,
        body,
        key === undefined ? 'text/html' : 'application/octet-stream',
        recorded.from,
        fault,
      );
  }

  #sendBody(response: ServerResponse, whole: Buffer, type: string, from: number, fault: Fault | undefined): void {
    const start = fault?.kind === 'wrong-range' ? Math.floor(from / 2) : from;
    const isPartial = from > 0 && this.supportsRanges && fault?.kind !== 'ignore-range';
    if (isPartial && from >= whole.length) {
      response.writeHead(416, { 'content-range': `bytes */${whole.length}` }).end();
      return;
    }
    let body = isPartial ? whole.subarray(start) : whole;
    if (fault?.kind === 'wrong-bit') {
      body = Buffer.from(body);
      body[fault.at % body.length]! ^= 1;
    }
    if (fault?.kind === 'compressed') body = fault.by(body);
    const hasLength = fault?.kind !== 'no-length' && fault?.kind !== 'silent-cut';
    const headers: Record<string, string> = { 'content-type': type };
    if (fault?.kind === 'compressed' && fault.as !== undefined) headers['content-encoding'] = fault.as;
    // Without a length, the range must not reveal the size either.
    if (isPartial) headers['content-range'] = `bytes ${start}-${whole.length - 1}/${hasLength ? whole.length : '*'}`;
    const length = body.length + (fault?.kind === 'wrong-length' ? fault.by : 0);
    if (hasLength) headers['content-length'] = String(Math.max(0, length));
    response.writeHead(isPartial ? 206 : 200, headers);
    switch (fault?.kind) {
      case 'cut':
        // Ends the connection instead of destroying it: a reset would discard bytes that are still on their way.
        response.write(body.subarray(0, fault.after), () => response.socket?.end());
        return;
      case 'stall':
        response.write(body.subarray(0, fault.after));
        return;
      case 'silent-cut':
        response.end(body.subarray(0, fault.after));
        return;
      case 'wrong-length':
        response.write(body, () => response.socket?.end());
        return;
      default:
        response.end(body);
    }
  }

  #startPage(): Buffer {
    const years = [...new Set([...this.files.keys()].map((key) => key.slice(5, 9)))].sort();
    const rows = years.map((year) => `<tr><td></td><td><a href="?prefix=data%2F${year}%2F">${year}/</a></td></tr>`);
    return this.#page(rows);
  }

  #yearPage(year: string): Buffer {
    const rows = [...this.files]
      .filter(([key]) => key.startsWith(`data/${year}/`))
      .map(([key, bytes]) => {
        const size = `${(bytes.length / 1024).toFixed(1)} KB`;
        const link = `?download=${encodeURIComponent(key)}`;
        return `<tr><td>2026-01-01T09:15:00.000Z</td><td>${size}</td><td><a href="${link}">${key.split('/').at(-1)}</a></td></tr>`;
      });
    return this.#page(['<tr><td><a href="?prefix=data%2F">..</a></td></tr>', ...rows]);
  }

  #page(rows: readonly string[]): Buffer {
    const table = [...rows, this.extraLinks].join('\n');
    return Buffer.from(`<!DOCTYPE html><html><body><table>\n${table}\n</table></body></html>${this.trailer}`);
  }
}

/** Files lie in folders by year: `discogs_20260101_artists.xml.gz` in `data/2026/`. */
const keyOf = (name: string): string => `data/${name.slice(8, 12)}/${name}`;

/** Sends a response that does not depend on the requested file; `false` for other faults. */
const sendInstead = (fault: Fault, response: ServerResponse): boolean => {
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status, fault.headers).end('{"message":"You are making requests too quickly."}');
      return true;
    case 'reset':
      response.socket?.destroy();
      return true;
    case 'page':
      response
        .writeHead(fault.status, { 'content-type': fault.type, 'content-length': CHALLENGE.length })
        .end(CHALLENGE);
      return true;
    case 'redirect':
      response.writeHead(fault.status, { location: fault.to }).end();
      return true;
    default:
      return false;
  }
};
