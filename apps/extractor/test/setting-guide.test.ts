import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../src/config/load-config.js';
import { SETTING_GUIDE } from '../src/config/setting-guide.js';
import { type Config, SETTINGS, type SettingName } from '../src/config/settings.js';
import { runCli } from './kit/cli.js';

const NAMES = Object.keys(SETTINGS) as SettingName[];

/** Settings whose example is no default, since there is none or it depends on something. */
const WITHOUT_DEFAULT: readonly SettingName[] = [
  'maxWorkers',
  'dumpVersion',
  's3Endpoint',
  'amqpConnection',
  'amqpQueueType',
  'outputDirectory',
  'healthHost',
  'triggerToken',
];

describe('config.example.toml', () => {
  const example = (): Promise<string> => readFile(new URL('../../../config.example.toml', import.meta.url), 'utf8');
  /** With the # removed from every setting, and from nothing else. */
  const uncommented = async (): Promise<string> => (await example()).replaceAll(/^# ([a-z0-9_]+ = )/gm, '$1');

  it('is a valid file as it stands, which sets nothing', async () => {
    expect(parse(await example())).toEqual({});
  });

  it('names every setting, and nothing else', async () => {
    expect(Object.keys(parse(await uncommented())).sort()).toEqual(NAMES.map((name) => SETTINGS[name].toml).sort());
  });

  it('holds the defaults, where there are any', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'example-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const configFile = join(folder, 'config.toml');
    await writeFile(configFile, await uncommented());
    const shown = await loadConfig({ configFile, env: {} });
    const plain: Config = await loadConfig({
      env: { AMQP_CONNECTION: 'amqp://host/' },
      configFile: await empty(folder),
    });
    for (const name of NAMES.filter((one) => !WITHOUT_DEFAULT.includes(one))) {
      expect([name, shown[name]]).toEqual([name, plain[name]]);
    }
  });

  const empty = async (folder: string): Promise<string> => {
    const path = join(folder, 'empty.toml');
    await writeFile(path, '');
    return path;
  };
});

describe('--help', () => {
  it('tells of every setting once', () => {
    const told = Object.values(SETTING_GUIDE).flatMap(({ settings }) => Object.keys(settings));
    expect(told.sort()).toEqual([...NAMES].sort());
  });

  it('of run lists every variable with its default, in lines that fit a screen', async () => {
    const { stdout, status } = await runCli(['run', '--help']);
    expect(status).toBe(0);
    for (const { env, fallback } of Object.values(SETTINGS)) {
      const line = stdout.split('\n').find((text) => text.startsWith(`  ${env} `));
      expect(line, env).toMatch(/\(.+\)$/);
      const value: unknown = fallback();
      if (typeof value === 'number' && env !== 'MAX_WORKERS') expect(line).toContain(`(${value})`);
    }
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  it.each(['', 'run', 'download', 'parse', 'status'])('of %s has examples', async (command) => {
    const { stdout } = await runCli([...(command === '' ? [] : [command]), '--help']);
    expect(stdout).toMatch(/^Examples:\n {2}\S/m);
    expect(stdout).not.toContain('\n\n\n');
  });
});
