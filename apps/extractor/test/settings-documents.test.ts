import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { describe, expect, it, onTestFinished } from 'vitest';
import { insertSettings, SETTINGS_DOCUMENTS } from '../scripts/settings-documents.js';
import { loadConfig } from '../src/config/load-config.js';
import type { Setting } from '../src/config/setting.js';
import { type Config, SETTING_GROUPS, SETTINGS, type SettingName } from '../src/config/settings.js';
import { runCli } from './kit/cli.js';

const NAMES = Object.keys(SETTINGS) as SettingName[];

const documentAt = (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('documents generated from SETTINGS', () => {
  it.each(SETTINGS_DOCUMENTS)('$path is up to date (npm run settings)', async ({ path, renew }) => {
    const current = await documentAt(path);
    expect(renew(current)).toBe(current);
  });

  it('docs/settings.md has a row for each setting, with all its names', async () => {
    const rows = (await documentAt('docs/settings.md')).split('\n').filter((line) => line.startsWith('|'));
    for (const { env, toml, flag } of Object.values(SETTINGS)) {
      const row = rows.find((line) => line.startsWith(`| \`${env}\``));
      expect(row, env).toContain(`\`${toml}\``);
      if (flag) expect(row, env).toContain(`\`${flag}\``);
    }
  });

  it('insertSettings replaces only the text between the markers', () => {
    const document = 'a\n<!-- settings:begin -->\nold\n<!-- settings:end -->\nb\n';
    expect(insertSettings(document, '$&')).toBe('a\n<!-- settings:begin -->\n\n$&\n\n<!-- settings:end -->\nb\n');
    expect(insertSettings('no markers', 'new')).toBe('no markers');
  });
});

describe('config.example.toml', () => {
  const example = (): Promise<string> => documentAt('config.example.toml');
  /** With the # removed from every setting, and from nothing else. */
  const uncommented = async (): Promise<string> => (await example()).replaceAll(/^# ([a-z0-9_]+ = )/gm, '$1');

  it('is a valid file that sets nothing as it stands', async () => {
    expect(parse(await example())).toEqual({});
  });

  it('names every setting, and nothing else', async () => {
    expect(Object.keys(parse(await uncommented())).sort()).toEqual(NAMES.map((name) => SETTINGS[name].toml).sort());
  });

  it('shows the default of every setting without an example', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'example-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const configFile = join(folder, 'config.toml');
    await writeFile(configFile, await uncommented());
    // The files for TLS need such a URL, and the rules file is read.
    const rules = fileURLToPath(new URL('../../../deploy/data-quality-rules.yaml', import.meta.url));
    const env = { AMQP_CONNECTION: 'amqps://host/', DATA_QUALITY_RULES: rules };
    const shown = await loadConfig({ configFile, env });
    const emptyFile = join(folder, 'empty.toml');
    await writeFile(emptyFile, '');
    const plain: Config = await loadConfig({ env: { AMQP_CONNECTION: 'amqp://host/' }, configFile: emptyFile });
    for (const name of NAMES.filter((each) => (SETTINGS[each] as Setting<unknown>).example === undefined)) {
      expect([name, shown[name]]).toEqual([name, plain[name]]);
    }
  });

  it('wraps at 120 columns', async () => {
    for (const line of (await example()).split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });
});

describe('--help', () => {
  it('has each setting in one group', () => {
    const grouped = Object.values(SETTING_GROUPS).flatMap(({ settings }) => Object.keys(settings));
    expect(grouped.sort()).toEqual([...NAMES].sort());
  });

  it('of run lists every variable with its default, in lines that fit a screen', async () => {
    const { stdout, status } = await runCli(['run', '--help']);
    expect(status).toBe(0);
    for (const { env, defaultValue } of Object.values(SETTINGS)) {
      const line = stdout.split('\n').find((text) => text.startsWith(`  ${env} `));
      expect(line, env).toMatch(/\(.+\)$/);
      const value: unknown = defaultValue();
      if (typeof value === 'number' && env !== 'MAX_WORKERS') expect(line).toContain(`(${value})`);
    }
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  it.each(['', 'run', 'download', 'list', 'parse', 'status', 'health'])('of %s has examples', async (command) => {
    const { status, stdout, stderr } = await runCli([...(command === '' ? [] : [command]), '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Examples:\n {2}\S/m);
    expect(stdout).not.toContain('\n\n\n');
  });
});
