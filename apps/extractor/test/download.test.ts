import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, startCli } from './kit/cli.js';
import { dumpFile, smallDump } from './kit/dumps.js';

const VERSION = '20260101';
const NAME = dumpFile(VERSION, 'labels');
const FILE = gzipSync(smallDump(50).labels);
const CHECKSUM = `discogs_${VERSION}_CHECKSUM.txt`;

let folder: string;
let server: Server;
let url: string;
/** The requests that the server received, one word each. */
let asked: string[];
/** Whether the data file is sent without an end. */
let endless: boolean;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-'));
  asked = [];
  endless = false;
  server = createServer((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://localhost');
    const download = searchParams.get('download');
    const prefix = searchParams.get('prefix');
    const key = (name: string): string => encodeURIComponent(`data/2026/${name}`);
    asked.push(download?.split('/').at(-1) ?? prefix ?? 'start');
    if (download?.endsWith(CHECKSUM)) {
      response.end(`${createHash('sha256').update(FILE).digest('hex')}  ${NAME}\n`);
    } else if (download?.endsWith(NAME)) {
      // The first try is cut short; the second is whole.
      const tries = asked.filter((what) => what === NAME).length;
      response.writeHead(200, { 'content-length': FILE.length });
      if (endless) response.write(FILE.subarray(0, 100));
      else if (tries === 1) response.write(FILE.subarray(0, 100), () => response.destroy());
      else response.end(FILE);
    } else if (prefix) {
      response.end(`<a href="?download=${key(NAME)}">a</a> <a href="?download=${key(CHECKSUM)}">b</a>`);
    } else {
      response.end('<a href="?prefix=data%2F2026%2F">2026</a>');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const ARGS = ['download', '--source', 'web', '--types', 'labels'];
const env = (): Record<string, string> => ({
  DISCOGS_ROOT: join(folder, 'data'),
  WEB_URL: url,
  // The server is the test's own.
  WEB_GAP_SECONDS: '0',
});

describe('download', () => {
  it('downloads a dump from the web over an unreliable connection, and verifies it', async () => {
    const result = await runCli(ARGS, { env: env() });
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('retrying');
    expect(await readFile(join(folder, 'data', NAME))).toEqual(FILE);
    expect(asked.filter((what) => what === NAME)).toHaveLength(2);
  }, 120_000);

  it('stops at a signal during a transfer in under 5 s, with nothing under the final name', async () => {
    endless = true;
    const running = startCli(ARGS, { env: env() });
    await running.says('📥');
    while (!asked.includes(NAME)) await new Promise((resolve) => setTimeout(resolve, 50));
    const stoppedAt = performance.now();
    running.process.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ status: 0 });
    expect(performance.now() - stoppedAt).toBeLessThan(5000);
    expect(await readdir(join(folder, 'data'))).not.toContain(NAME);
  }, 120_000);

  it('reports a website without the dump', async () => {
    const result = await runCli([...ARGS, '--dump-version', '20250101'], { env: env() });
    expect(result.status).toBe(1);
    expect(result.stdout).toContain('UNKNOWN_VERSION');
  }, 120_000);
});
