import { execFile, spawn } from 'node:child_process';
import { lstat, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { dockerignore, runDockerfile, type ScratchImage } from './kit/run-dockerfile.js';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const VERSION = '20260101';

let scratch: string;
let image: ScratchImage;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dockerfile-'));
  image = await runDockerfile(join(REPOSITORY, 'apps/extractor/Dockerfile'), REPOSITORY, scratch);
}, 600_000);
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** A command of the image, with paths in the scratch folder instead of `/app`. */
const command = (parts: readonly string[]): [string, string[]] => {
  const [program, ...args] = parts.map((part) => (part.startsWith('/app/') ? join(image.root, part) : part));
  return [program === 'node' ? process.execPath : program!, args];
};
const env = (more: Record<string, string> = {}): Record<string, string> => ({
  PATH: process.env['PATH']!,
  ...image.env,
  ...more,
});
const extractor = (args: readonly string[], more: Record<string, string> = {}) => {
  const [program, rest] = command([...image.entrypoint, ...args]);
  return promisify(execFile)(program, rest, { env: env(more), cwd: join(image.root, 'discogs-data') });
};

/** Every file and link, without following links. */
const treeOf = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true });
  const inner = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? treeOf(path) : [path];
    }),
  );
  return inner.flat();
};

describe('Dockerfile', () => {
  it('pins its base images, runs as an unprivileged user and starts the service', () => {
    expect(image.baseImages).toHaveLength(2);
    for (const base of image.baseImages) expect(base).toMatch(/^node:\d+\.\d+\.\d+-bookworm-slim$/);
    expect(image.user).toBe('node');
    expect(image.command).toEqual(['run']);
  });

  it('and Git leave out what the commands of the README write, and secrets', async () => {
    const paths = ['data/discogs_20260101_labels.xml.gz', 'data-ndjson/x', 'dumps/x', 'out/20260101/labels.ndjson'];
    const secret = ['config.toml', 'deploy/.env'];
    const ignored = [...paths, 'labels.ndjson', 'discogs-data/x', '.demo/x', 'dist/x', ...secret];
    const { stdout } = await promisify(execFile)('git', ['check-ignore', ...ignored], { cwd: REPOSITORY });
    expect(stdout.trim().split('\n')).toEqual(ignored);
    const ignore = dockerignore().add(await readFile(join(REPOSITORY, '.dockerignore'), 'utf8'));
    expect(ignore.filter(ignored)).toEqual([]);
    expect(ignore.filter(['packages/parser/src/data-type.ts'])).toHaveLength(1);
  });

  it('uses the same version of pnpm as the repository', async () => {
    const { packageManager } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
    expect(await readFile(join(REPOSITORY, 'apps/extractor/Dockerfile'), 'utf8')).toContain(packageManager);
  });

  it('contains only what runs, and is small', async () => {
    const files = await treeOf(image.root);
    const name = (path: string): string => path.slice(image.root.length);
    const unwanted =
      /\.map$|\.d\.[cm]?ts$|^\/app\/(packages|apps)\/[^/]+\/(src|test)\/|\/node_modules\/(typescript|vitest|tsup)\//;
    expect(files.map(name).filter((path) => unwanted.test(path))).toEqual([]);
    expect(await readdir(join(image.root, 'discogs-data'))).toEqual([]);
    let bytes = 0;
    for (const path of files) bytes += (await lstat(path)).size;
    // It is about 20 MB; any development dependency would be larger than the rest.
    expect(bytes).toBeLessThan(40e6);
    // Every link has a target in the image.
    for (const path of files) await stat(path);
  });

  it('builds a service that starts, parses and delivers', async () => {
    const { version } = JSON.parse(await readFile(join(REPOSITORY, 'apps/extractor/package.json'), 'utf8'));
    expect((await extractor(['--version'])).stdout).toBe(`${version}\n`);
    const dumps = join(scratch, 'dumps');
    await generateDump({ directory: dumps, version: VERSION, seed: 41, records: 200 });
    const settings = { DISCOGS_ROOT: join(scratch, 'data'), SINK: 'null' };
    const { stdout } = await extractor(['run', '--once', '--source', dumps], settings);
    expect(stdout).toContain('🎉 Dump 20260101: all 800 records delivered');
  });

  it('has a health check that passes only while the service responds', async () => {
    const port = '18099';
    const health = (settings: Record<string, string> = { HEALTH_PORT: port }) => {
      const [program, rest] = command(image.healthCheck);
      return promisify(execFile)(program, rest, { env: env(settings), cwd: scratch });
    };
    await expect(health()).rejects.toMatchObject({ code: 1 });
    // Without a known port, it cannot be asked.
    for (const HEALTH_PORT of ['off', '0']) expect((await health({ HEALTH_PORT })).stdout).toContain('Not checked');
    // The platform replaces the command by these options.
    const [program, rest] = command([...image.entrypoint, '--source', 'discogs']);
    const service = spawn(program, rest, {
      env: env({
        DISCOGS_ROOT: join(scratch, 'served'),
        SINK: 'null',
        DUMP_SOURCE: join(scratch, 'dumps'),
        HEALTH_PORT: port,
        HEALTH_HOST: '127.0.0.3',
      }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void service.kill('SIGKILL'));
    const ended = new Promise((resolve) => service.once('close', resolve));
    await new Promise<void>((resolve) => {
      let output = '';
      service.stdout.on('data', (bytes) => {
        output += bytes;
        if (output.includes('🎉')) resolve();
      });
      void ended.then(() => resolve());
    });
    await writeFile(join(scratch, 'service.toml'), `health_port = ${port}\nhealth_host = "127.0.0.3"\n`);
    await health({ EXTRACTOR_CONFIG: join(scratch, 'service.toml') });
    await health({ HEALTH_PORT: port, HEALTH_HOST: '127.0.0.3' });
    await expect(health()).rejects.toMatchObject({ code: 1 });
    service.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
