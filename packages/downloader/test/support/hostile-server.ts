import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** One way in which the server misbehaves for one request. */
export type Fault =
  /** Another status, with these headers. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  /** The connection ends before the answer. */
  | { readonly kind: 'reset' }
  /** The connection ends after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Nothing more comes after so many bytes of the body. */
  | { readonly kind: 'stall'; readonly after: number }
  /** The body ends after so many bytes, and looks whole. */
  | { readonly kind: 'silent_cut'; readonly after: number }
  /** The range is ignored: 200, from byte 0. */
  | { readonly kind: 'ignore_range' }
  /** No `Content-Length`. */
  | { readonly kind: 'no_length' }
  /** A `Content-Length` that is off by so much. */
  | { readonly kind: 'wrong_length'; readonly by: number }
  /** A challenge page in place of the file. */
  | { readonly kind: 'page'; readonly status: number; readonly type: string }
  /** One bit of the body is another one. */
  | { readonly kind: 'wrong_bit'; readonly at: number }
  /** The bytes of another range than the one asked for, honestly labelled. */
  | { readonly kind: 'wrong_range' }
  /** A redirect to another address. */
  | { readonly kind: 'redirect'; readonly status: number; readonly to: string };

/** A request as a fault is chosen for it. */
export interface Seen {
  readonly page: 'start' | 'year' | 'file';
  /** File name or year. */
  readonly name: string;
  /** First byte asked for. */
  readonly from: number;
  readonly at: number;
  readonly userAgent: string;
  readonly host: string;
}

const CHALLENGE = `<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>${'x'.repeat(2000)}</body></html>`;

/** A server that looks like data.discogs.com and misbehaves when told to. */
export class HostileServer {
  /** Keys (`data/2026/discogs_…`) and what they hold. */
  readonly files = new Map<string, Buffer>();
  /** Whether it honours ranges. */
  ranges = true;
  /** Every request so far. */
  readonly seen: Seen[] = [];
  /** Chooses a fault for a request; `null` for none. */
  fault: (request: Seen) => Fault | null = () => null;
  /** What the start page links to beyond the years, and the year pages beyond the files. */
  extraLinks = '';
  url = '';

  static async start(files: ReadonlyMap<string, Buffer> = new Map()): Promise<HostileServer> {
    const server = new HostileServer();
    server.add(files);
    const http = createServer((request, response) => server.#answer(request, response));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    server.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
    onTestFinished(async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });
    return server;
  }

  /** Adds files by their names. */
  add(files: ReadonlyMap<string, Buffer>): void {
    for (const [name, bytes] of files) this.files.set(`data/${name.slice(8, 12)}/${name}`, bytes);
  }

  /** Requests for files. */
  get fileRequests(): Seen[] {
    return this.seen.filter(({ page }) => page === 'file');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, this.url);
    const download = url.searchParams.get('download');
    const year = /^data\/([0-9]{4})\/$/.exec(url.searchParams.get('prefix') ?? '')?.[1];
    const page = download !== null ? 'file' : year !== undefined ? 'year' : 'start';
    const seen: Seen = {
      page,
      name: download?.split('/').at(-1) ?? year ?? '',
      from: Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0),
      at: performance.now(),
      userAgent: request.headers['user-agent'] ?? '',
      host: request.headers.host ?? '',
    };
    this.seen.push(seen);
    const fault = this.fault(seen);
    const body =
      page === 'start'
        ? this.#startPage()
        : page === 'year'
          ? this.#yearPage(year!)
          : (this.files.get(download!) ?? null);
    if (body === null) response.writeHead(404).end();
    else
      this.#send(
        request.socket,
        response,
        body,
        page === 'file' ? 'application/octet-stream' : 'text/html',
        seen.from,
        fault,
      );
  }

  #send(
    socket: Socket,
    response: ServerResponse,
    whole: Buffer,
    type: string,
    from: number,
    fault: Fault | null,
  ): void {
    switch (fault?.kind) {
      case 'status':
        response.writeHead(fault.status, fault.headers).end('{"message":"You are making requests too quickly."}');
        return;
      case 'reset':
        socket.destroy();
        return;
      case 'page':
        response
          .writeHead(fault.status, { 'content-type': fault.type, 'content-length': CHALLENGE.length })
          .end(CHALLENGE);
        return;
      case 'redirect':
        response.writeHead(fault.status, { location: fault.to }).end();
        return;
    }
    const start = fault?.kind === 'wrong_range' ? Math.floor(from / 2) : from;
    const partial = from > 0 && this.ranges && fault?.kind !== 'ignore_range';
    if (partial && from >= whole.length) {
      response.writeHead(416, { 'content-range': `bytes */${whole.length}` }).end();
      return;
    }
    let body = partial ? whole.subarray(start) : whole;
    if (fault?.kind === 'wrong_bit') {
      body = Buffer.from(body);
      body[fault.at % body.length]! ^= 1;
    }
    const headers: Record<string, string> = { 'content-type': type };
    if (partial) headers['content-range'] = `bytes ${start}-${whole.length - 1}/${whole.length}`;
    const length = body.length + (fault?.kind === 'wrong_length' ? fault.by : 0);
    const chunked = fault?.kind === 'no_length' || fault?.kind === 'silent_cut';
    if (!chunked) headers['content-length'] = String(Math.max(0, length));
    // Of a partial answer without a length the range would still tell it.
    if (chunked && partial) headers['content-range'] = `bytes ${start}-${whole.length - 1}/*`;
    response.writeHead(partial ? 206 : 200, headers);
    switch (fault?.kind) {
      case 'cut':
        // Ended and not destroyed: a reset would take bytes along that are still on their way.
        response.write(body.subarray(0, fault.after), () => socket.end());
        return;
      case 'stall':
        response.write(body.subarray(0, fault.after));
        return;
      case 'silent_cut':
        response.end(body.subarray(0, fault.after));
        return;
      case 'wrong_length':
        response.write(body, () => socket.end());
        return;
      default:
        response.end(body);
    }
  }

  #startPage(): Buffer {
    const years = [...new Set([...this.files.keys()].map((key) => key.slice(5, 9)))].sort();
    const rows = years.map((year) => `<tr><td></td><td><a href="?prefix=data%2F${year}%2F">${year}/</a></td></tr>`);
    return this.#page([...rows, this.extraLinks]);
  }

  #yearPage(year: string): Buffer {
    const rows = [...this.files]
      .filter(([key]) => key.startsWith(`data/${year}/`))
      .map(([key, bytes]) => {
        const size = `${(bytes.length / 1024).toFixed(1)} KB`;
        const link = `?download=${encodeURIComponent(key)}`;
        return `<tr><td>2026-01-01T09:15:00.000Z</td><td>${size}</td><td><a href="${link}">${key.split('/').at(-1)}</a></td></tr>`;
      });
    return this.#page(['<tr><td><a href="?prefix=data%2F">..</a></td></tr>', ...rows, this.extraLinks]);
  }

  #page(rows: readonly string[]): Buffer {
    return Buffer.from(`<!DOCTYPE html><html><body><table>\n${rows.join('\n')}\n</table></body></html>`);
  }
}
