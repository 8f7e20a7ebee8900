import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { sharedBroker } from '@discogs-extractor/test-broker';
import { FaultyServer } from '@discogs-extractor/test-server';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type Example, parseExamples } from '../src/readme-examples.js';
import { runProcess } from '../src/run-process.js';
import { findTypeErrors } from '../src/type-check.js';
import { LIBRARIES, ROOT, SERVICE } from '../src/workspace.js';
import { named, projectOf, waitUntilInstalled } from './installed.js';

/*
 * Runs the examples of all READMEs as they are written there; only addresses are replaced. Those of a package run in a
 * project that has installed it from its tarball, those of the repository in a folder next to its apps.
 */

beforeAll(waitUntilInstalled, 600_000);

const readExamples = async (path: string): Promise<Example[]> =>
  parseExamples(await readFile(join(ROOT, path), 'utf8'));

/** A text of an example and what replaces it when the example runs. */
type Replacement = readonly [text: string, replacement: string];

const replaceAll = (code: string, replacements: readonly Replacement[]): string => {
  let changed = code;
  for (const [text, replacement] of replacements) {
    expect(changed, `the example no longer contains ${text}`).toContain(text);
    changed = changed.replaceAll(text, replacement);
  }
  return changed;
};

/** How a library's examples run. */
interface ExampleSetup {
  /** Prepares files and servers. Returns what to replace in the first example, the second, and so on. */
  readonly prepare: (cwd: string) => Promise<readonly (readonly Replacement[])[]>;
  /** The output of each example in JavaScript or TypeScript, in the README's order. */
  readonly outputs: readonly RegExp[];
}

const generateDumpIn = (directory: string, records: number) => generateDump({ directory, seed: 'readmes', records });

const SETUPS: Readonly<Record<string, ExampleSetup>> = {
  parser: {
    prepare: async (cwd) => {
      await generateDumpIn(cwd, 1200);
      return [];
    },
    outputs: [
      /^(\d+ .+ [0-9a-f]{64}\n){3}(.+ \d+\n){3}1200 true\n$/,
      /^(\d+ \d+\n)+$/,
      /^(\{"id":"\d+","title":".+","tracks":\d+\}\n)+$/,
      /^release 1\.000 1 \d+\n(release\/\S+ [01]\.\d{3} \d+ \d+\n)+$/,
    ],
  },
  'state-marker': {
    prepare: async (cwd) => {
      // What another program has delivered.
      const marker = await readFile(join(ROOT, 'packages/state-marker/test/fixtures/rust-completed.marker'));
      await mkdir(join(cwd, 'delivered'));
      await writeFile(join(cwd, 'delivered', '.extraction_status_20260101.json'), marker);
      return [[['./data', './delivered']]];
    },
    outputs: [
      /^(discogs_20260101_\w+\.xml\.gz \d+\n){2}$/,
      /^start there is no state marker\n$/,
      /# pass [1-9]\d*\n# fail 0\n/,
    ],
  },
  publisher: {
    prepare: async () => {
      const address: Replacement = ['amqp://guest:guest@localhost:5672/', (await sharedBroker()).url];
      return [[address], [address], [address]];
    },
    outputs: [/^10000 \[\]\n$/, /^2\n$/, /^1 1\n$/],
  },
  'data-quality': {
    prepare: async (cwd) => {
      await generateDumpIn(cwd, 300);
      // It is used together with the parser, which it does not depend on.
      const parser = join(cwd, 'node_modules/@discogs-extractor/parser');
      await rm(parser, { force: true });
      await symlink(join(ROOT, 'packages/parser'), parser, 'junction');
      return [];
    },
    outputs: [/^300 0 \d+\n$/],
  },
  changes: {
    prepare: async () => [],
    outputs: [
      /^\{ published: 3, .*\n\{ published: 1, unchanged: 1, deleted: 1 \}\n\[ \{ id: '1', name: 'ABBA' \}, .*\n$/,
      /^changed 1 \[ 'name' \]\ndeleted 2 \nadded 3 \n0\n$/,
    ],
  },
  downloader: {
    prepare: async (cwd) => {
      const { files, checksumPath } = await generateDumpIn(join(cwd, 'site'), 50);
      const paths = [...Object.values(files).map(({ path }) => path), checksumPath];
      const content = await Promise.all(
        paths.map(async (path) => [path.replace(/.*[\\/]/, ''), await readFile(path)] as const),
      );
      const site = await FaultyServer.start(new Map(content));
      // A bucket that denies access, as that of Discogs does.
      const bucket = await FaultyServer.start();
      bucket.fault = () => ({ kind: 'status', status: 403 });
      return [
        [
          ['createS3Source()', `createS3Source({ endpoint: '${bucket.url}', retry: { attempts: 1 } })`],
          ['createWebSource()', `createWebSource({ baseUrl: '${site.url}', minGapMs: 0 })`],
        ],
      ];
    },
    outputs: [
      /discogs_20260101_artists\.xml\.gz \d+ [0-9a-f]{64} downloaded\n.*labels\.xml\.gz \d+ [0-9a-f]{64} downloaded\n$/,
      /# pass [1-9]\d*\n# fail 0\n/,
    ],
  },
};

describe.each(named(LIBRARIES))('the README of %s', (name, published) => {
  const setup = SETUPS[name]!;

  test('has examples that run as they are written and have no type errors', async () => {
    const cwd = projectOf(published);
    const examples = (await readExamples(`packages/${name}/README.md`)).filter(({ language }) =>
      /^[jt]s$/.test(language),
    );
    expect(examples.length).toBe(setup.outputs.length);
    const replacements = await setup.prepare(cwd);
    const files: string[] = [];
    for (const [at, { code, language, line }] of examples.entries()) {
      const file = `example-${line}.${language}`;
      files.push(file);
      await writeFile(join(cwd, file), replaceAll(code, replacements[at] ?? []));
      const tsx =
        language === 'ts' ? ['--import', pathToFileURL(join(ROOT, 'node_modules/tsx/dist/esm/index.mjs')).href] : [];
      const { status, stdout, stderr } = await runProcess(process.execPath, [...tsx, file], { cwd });
      expect({ line, status, stderr }).toEqual({
        line,
        status: 0,
        stderr: name === 'downloader' ? expect.any(String) : '',
      });
      expect(stdout).toMatch(setup.outputs[at]!);
    }
    // packages.test.ts has the other settings.
    expect(findTypeErrors(cwd, files, { module: 'node16', moduleResolution: 'node16', checkJs: true })).toEqual([]);
  });

  test('installs the package by its name', async () => {
    const commands = (await readExamples(`packages/${name}/README.md`)).filter(({ language }) => language === 'sh');
    expect(commands.map(({ code }) => code)).toContain(`npm install ${published.name}\n`);
  });
});

/** Whether a block calls the command line with a command that ends by itself. */
const callsCommandLine = ({ language, code }: Example): boolean =>
  language === 'sh' &&
  /(apps\/extractor\/dist\/cli\.js|^discogs-extractor) (run|parse|status)/m.test(code) &&
  !/\brun\b(?!.*--once)/.test(code.replace(/^.*npm run.*$/gm, ''));

describe('the commands', () => {
  test.each([
    ['the root', 'README.md'],
    ['the service', 'apps/extractor/README.md'],
  ])('in the README of %s succeed', async (_, path) => {
    const cwd = await mkdtemp(join(inject('installationFolder'), 'commands-'));
    await mkdir(join(cwd, 'dumps'));
    await generateDumpIn(join(cwd, 'dumps'), 30);
    await symlink(join(ROOT, 'apps'), join(cwd, 'apps'), 'junction');
    const url = (await sharedBroker()).url;
    const blocks = (await readExamples(path)).filter(callsCommandLine);
    expect(blocks.length).toBeGreaterThan(0);
    for (const { code, line } of blocks) {
      const commands = code
        .replace(/^npm install --global .*$/gm, '')
        .replaceAll('amqp://user:password@localhost:5672/', url);
      const { status, stdout, stderr } = await runProcess('bash', ['-euo', 'pipefail', '-c', commands], {
        cwd,
        env: {
          PATH: join(projectOf(SERVICE), 'node_modules/.bin') + delimiter + process.env['PATH'],
          // Any free port.
          HEALTH_PORT: '0',
        },
      });
      expect({ line, status, output: status === 0 ? '' : stdout + stderr }).toEqual({ line, status: 0, output: '' });
    }
  });
});
