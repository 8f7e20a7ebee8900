import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { collect, temporaryFolder } from './helpers.js';

const dist = (name: string): string => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

const run = (args: string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
const cli = (...args: string[]): Promise<Outcome> => run([dist('cli.js'), ...args]);

beforeAll(() => {
  if (!existsSync(dist('cli.js'))) throw new Error('dist/cli.js is missing: build the package first');
});

describe('the command line', () => {
  test('generates a dump and prints its files', async () => {
    const folder = await temporaryFolder();
    const { status, stdout, stderr } = await cli(
      '--output',
      folder,
      '--records',
      '20',
      '--seed',
      'x',
      '--era',
      '2025',
      '--types',
      'labels,artists',
    );
    expect([status, stderr]).toEqual([0, '']);
    expect((await readdir(folder)).sort()).toEqual([
      'discogs_20260101_CHECKSUM.txt',
      'discogs_20260101_artists.xml.gz',
      'discogs_20260101_labels.xml.gz',
    ]);
    const [line] = stdout.split('\n');
    const xml = await collect({ type: 'artists', seed: 'x', era: '2025', records: 20 });
    const [type, records, xmlBytes, , hash, path] = line!.split('\t');
    expect([type, records, xmlBytes]).toEqual(['artists', '20', String(xml.length)]);
    expect(hash).toBe(createHash('sha256').update(xml).digest('hex'));
    expect(path).toBe(join(folder, 'discogs_20260101_artists.xml.gz'));
  });

  test('accepts sizes with units', async () => {
    const folder = await temporaryFolder();
    const { status, stdout } = await cli(
      '--output',
      folder,
      '--size',
      '0.2MB',
      '--types',
      'masters',
      '--version',
      '20200806',
      '--level',
      '1',
    );
    expect(status).toBe(0);
    const [, , xmlBytes] = stdout.split('\t');
    expect(Number(xmlBytes)).toBeGreaterThanOrEqual(200_000);
    expect(Number(xmlBytes)).toBeLessThan(250_000);
    expect(await readdir(folder)).toContain('discogs_20200806_masters.xml.gz');
  });

  test('prints its help', async () => {
    const { status, stdout } = await cli('--help');
    expect(status).toBe(0);
    for (const option of [
      'output',
      'records',
      'size',
      'seed',
      'version',
      'types',
      'era',
      'characters',
      'level',
      'quiet',
    ]) {
      expect(stdout).toContain(`--${option}`);
    }
  });

  test.each<string[]>([
    [],
    ['--output', 'unused'],
    ['--records', '1'],
    ['--output', 'unused', '--records', 'many'],
    ['--output', 'unused', '--size', '5 parsecs'],
    ['--output', 'unused', '--size', '0'],
    ['--output', 'unused', '--records', '1', '--era', '1999'],
    ['--output', 'unused', '--records', '1', '--types', 'tracks'],
    ['--output', 'unused', '--records', '1', '--version', 'newest'],
    ['--output', 'unused', '--records', '1', '--level', '11'],
    ['--output', 'unused', '--records', '1', '--colour'],
    ['--output', 'unused', '--records', '1', 'surplus'],
  ])('wrong usage is status 2, with nothing made: %s %s %s %s %s %s', async (...args) => {
    const { status, stdout, stderr } = await cli(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
    expect(existsSync('unused')).toBe(false);
  });

  test('exits with status 1 if the folder cannot be written', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    const { status, stderr } = await cli('--output', file, '--records', '1');
    expect(status).toBe(1);
    expect(stderr).toContain(file);
  });
});

test('memory use does not grow with the size of the dump', async () => {
  const folder = await temporaryFolder();
  const peak = async (xmlBytes: number): Promise<number> => {
    const script = `
      import { generateDump } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
      await generateDump({ directory: ${JSON.stringify(folder)}, seed: 1, types: ['releases'], xmlBytes: ${xmlBytes}, level: 1 });
      console.log(process.resourceUsage().maxRSS);
    `;
    const { stdout, stderr } = await run(['--input-type=module', '-e', script]);
    expect(stderr).toBe('');
    return Number(stdout);
  };
  const small = await peak(50e6);
  const large = await peak(130e6);
  // 80 MB more of XML: keeping it would show.
  expect(large - small).toBeLessThan(60 * 1024);
}, 120_000);
