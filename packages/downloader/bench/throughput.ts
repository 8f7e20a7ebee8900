import { execFile, fork } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDownloader, createFolderSource, createWebSource, type DataType, type DumpSource } from '../src/index.js';

/**
 * Measures the throughput of a download from a local server, including hashing and writing, next to `curl` in the same
 * run; and of a download from a folder, next to `cp`. The server is a separate process, so that it does not share the
 * downloader's thread. Run as `npm run bench -- MEBIBYTES RUNS`.
 */
const MiB = 1024 * 1024;
const VERSION = '20260101';
const NAME = `discogs_${VERSION}_artists.xml.gz`;
const dataTypes: DataType[] = ['artists'];

const serve = async (path: string): Promise<void> => {
  const { size } = await stat(path);
  const sha256 = process.argv[4]!;
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://localhost');
    const download = url.searchParams.get('download');
    if (download?.endsWith('.gz')) {
      response.writeHead(200, { 'content-length': size });
      createReadStream(path, { highWaterMark: MiB }).pipe(response);
    } else if (download !== null) response.end(`${sha256}  ${NAME}\n`);
    else {
      const keys = [NAME, `discogs_${VERSION}_CHECKSUM.txt`].map((name) => encodeURIComponent(`data/2026/${name}`));
      response.end(`<a href="?prefix=data%2F2026%2F">${keys.map((key) => `<a href="?download=${key}">\n`).join('')}`);
    }
  });
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
};

const makeFile = async (path: string, bytes: number): Promise<string> => {
  const stream = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16));
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  for (let written = 0; written < bytes; written += MiB) {
    const chunk = stream.update(Buffer.alloc(MiB));
    if (written === 0) chunk.set([0x1f, 0x8b, 0x08]);
    hash.update(chunk);
    await file.write(chunk);
  }
  await file.close();
  return hash.digest('hex');
};

const measure = async (mebibytes: number, runs: number): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'throughput-'));
  const mirror = join(directory, NAME);
  const bytes = mebibytes * MiB;
  const sha256 = await makeFile(mirror, bytes);
  await writeFile(join(directory, `discogs_${VERSION}_CHECKSUM.txt`), `${sha256}  ${NAME}\n`);
  const server = fork(fileURLToPath(import.meta.url), ['--serve', mirror, sha256]);
  const [port] = (await once(server, 'message')) as [number];
  const baseUrl = `http://127.0.0.1:${port}/`;

  const timed = async (work: (target: string) => Promise<unknown>): Promise<number> => {
    const target = await mkdtemp(join(tmpdir(), 'throughput-'));
    const started = performance.now();
    await work(target);
    const seconds = (performance.now() - started) / 1000;
    await rm(target, { recursive: true });
    return bytes / MiB / seconds;
  };
  const download = async (source: DumpSource, target: string): Promise<void> => {
    await using downloader = createDownloader({ source, directory: target });
    await downloader.download({ dataTypes });
    await source.close();
  };
  const run = promisify(execFile);
  const methods: Record<string, (target: string) => Promise<unknown>> = {
    'curl to a file': (target) =>
      run('curl', ['-s', '-o', join(target, 'file'), `${baseUrl}?download=data%2F2026%2F${NAME}`]),
    'curl, then sync': async (target) => {
      await run('curl', ['-s', '-o', join(target, 'file'), `${baseUrl}?download=data%2F2026%2F${NAME}`]);
      await run('sync', [join(target, 'file')]);
    },
    'web source': async (target) => download(createWebSource({ baseUrl, minGapMs: 0 }), target),
    cp: (target) => run('cp', [mirror, join(target, 'file')]),
    'folder source': async (target) => download(createFolderSource({ directory }), target),
  };
  const rates = new Map<string, number[]>();
  // The first round warms up the code and the disk's cache, and is not counted.
  for (let round = 0; round <= runs; round += 1) {
    for (const [name, work] of Object.entries(methods)) {
      const rate = await timed(work);
      if (round > 0) rates.set(name, [...(rates.get(name) ?? []), rate]);
    }
  }
  const median = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
  for (const [name, values] of rates)
    console.log(
      `${name.padEnd(18)} ${median(values).toFixed(0).padStart(6)} MiB/s (median of ${runs}: ${values.map((v) => v.toFixed(0)).join(' ')})`,
    );
  const ratio = (a: string, b: string): string => (median(rates.get(a)!) / median(rates.get(b)!)).toFixed(2);
  console.log(
    `web source / curl: ${ratio('web source', 'curl to a file')}; / curl with sync: ${ratio('web source', 'curl, then sync')}`,
  );
  server.kill();
  await rm(directory, { recursive: true });
};

if (process.argv[2] === '--serve') await serve(process.argv[3]!);
else await measure(Number(process.argv[2] ?? 512), Number(process.argv[3] ?? 3));
