import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AwsClient } from 'aws4fetch';
import { onTestFinished } from 'vitest';
import { signatureFault } from './sigv4.js';

/** The keys that s3rver accepts. */
export const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/** A request to the S3 server. */
export interface RecordedS3Request {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly range: string | undefined;
  readonly signed: boolean;
  /** The region that the signature is for. */
  readonly region: string | undefined;
  readonly host: string;
}

/**
 * What the gate does instead of forwarding a request; `cut` forwards it, and ends the connection after this many bytes.
 */
export type S3Fault =
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly region?: string | undefined }
  | { readonly kind: 'body'; readonly body: string }
  | { readonly kind: 'listing'; readonly keys: readonly string[] }
  | { readonly kind: 'cut'; readonly after: number }
  | { readonly kind: 'reset' };

/**
 * A real S3 server with a gate in front of it that records requests, checks signatures, and can refuse as Amazon does.
 */
export interface S3Server {
  readonly url: string;
  /** A bucket that only this test uses. */
  readonly bucket: string;
  readonly requests: RecordedS3Request[];
  fault: (request: RecordedS3Request) => S3Fault | undefined;
  put(key: string, bytes: Buffer): Promise<void>;
  /** Deletes a file that was given at the start, by name. */
  remove(name: string): Promise<void>;
}

/** Starts s3rver for all tests of a file; resolves with its port. */
const startS3rver = async (): Promise<number> => {
  const directory = await mkdtemp(join(tmpdir(), 's3-'));
  const script = fileURLToPath(new URL('../fixtures/s3rver.mjs', import.meta.url));
  const child = spawn(process.execPath, ['--openssl-legacy-provider', '--no-deprecation', script, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  stopS3rver = async () => {
    const exited = once(child, 'exit');
    child.stdin.end();
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`s3rver ended with ${code}`);
  });
  failed.catch(() => undefined);
  const [line] = (await Promise.race([once(child.stdout, 'data'), failed])) as [Buffer];
  return Number(line.toString());
};

let stopS3rver = async (): Promise<void> => undefined;
let running: Promise<number> | undefined;
let buckets = 0;

/** Stops the server that {@link startS3} started. Test files call it at their end. */
export const stopS3 = async (): Promise<void> => {
  running = undefined;
  await stopS3rver();
};

const sendXml = (response: ServerResponse, status: number, xml: string): void => {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${xml}`;
  response
    .writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) })
    .end(body);
};

const sendError = (response: ServerResponse, status: number, code: string, region?: string): void => {
  const element = region === undefined ? '' : `<Region>${region}</Region>`;
  sendXml(response, status, `<Error><Code>${code}</Code><Message>No</Message>${element}</Error>`);
};

/** Files lie in folders by year, as in Discogs' bucket. */
const keyOf = (name: string): string => `data/${name.slice(8, 12)}/${name}`;

export const startS3 = async (files: ReadonlyMap<string, Buffer> = new Map()): Promise<S3Server> => {
  running ??= startS3rver();
  const port = await running;
  buckets += 1;
  const bucket = `dumps-${buckets}`;
  const client = new AwsClient({ ...KEYS, service: 's3', region: 'us-east-1' });
  const send = async (method: string, key: string, body?: Buffer): Promise<void> => {
    const response = await client.fetch(`http://127.0.0.1:${port}/${bucket}/${key}`, {
      method,
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
    if (!response.ok) throw new Error(`s3rver responded to ${method} with ${response.status}`);
  };
  await send('PUT', '');
  const server: S3Server = {
    url: '',
    bucket,
    requests: [],
    fault: () => undefined,
    put: (key, bytes) => send('PUT', key, bytes),
    remove: (name) => send('DELETE', keyOf(name)),
  };
  for (const [name, bytes] of files) await server.put(keyOf(name), bytes);

  const forward = (request: IncomingMessage, response: ServerResponse, cutAfter: number): void => {
    const { url: path, method, headers } = request;
    const upstream = httpRequest({ port, host: '127.0.0.1', path, method, headers }, (forwarded) => {
      response.writeHead(forwarded.statusCode!, forwarded.headers);
      let left = cutAfter;
      forwarded.on('data', (chunk: Buffer) => {
        if (left <= 0) return;
        response.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) response.socket!.end();
      });
      forwarded.on('end', () => left > 0 && response.end());
    });
    upstream.on('error', () => response.destroy());
    request.pipe(upstream);
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url!, 'http://127.0.0.1');
    const recorded: RecordedS3Request = {
      path: url.pathname,
      query: url.searchParams,
      range: request.headers.range,
      signed: request.headers.authorization !== undefined,
      region: request.headers.authorization?.split('/')[2],
      host: request.headers.host ?? '',
    };
    server.requests.push(recorded);
    const fault = server.fault(recorded);
    const unsigned = recorded.signed ? signatureFault(request, KEYS) : undefined;
    if (fault?.kind === 'reset') request.socket.destroy();
    else if (fault?.kind === 'error') sendError(response, fault.status, fault.code, fault.region);
    else if (fault?.kind === 'body') sendXml(response, 200, fault.body);
    else if (unsigned !== undefined) sendError(response, 403, unsigned);
    else if (fault?.kind === 'listing') {
      const contents = fault.keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`);
      sendXml(
        response,
        200,
        `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`,
      );
    } else forward(request, response, fault?.after ?? Number.POSITIVE_INFINITY);
  };
  const gate = createServer(handle);
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  Object.assign(server, { url: `http://127.0.0.1:${(gate.address() as AddressInfo).port}` });
  onTestFinished(async () => {
    gate.closeAllConnections();
    await new Promise((resolve) => gate.close(resolve));
  });
  return server;
};
