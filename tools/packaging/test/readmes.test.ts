import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { sharedBroker } from '@discogs-extractor/test-broker';
import { describe, expect, inject, test } from 'vitest';
import { HostileServer } from '../../../packages/downloader/test/support/hostile-server.js';
import { type Example, examplesOf } from '../src/readme-examples.js';
import { mustRun, runProcess } from '../src/run-process.js';
import { LIBRARIES, ROOT, SERVICE } from '../src/workspace.js';
import { named, projectOf } from './installed.js';

/*
 * The examples of all READMEs, taken from the files and run: those of a package where it is installed from its tarball, those
 * of the repository beside it. They stand in the READMEs as users will write them; only addresses are exchanged.
 */

const readmeOf = async (path: string): Promise<Example[]> => examplesOf(await readFile(join(ROOT, path), 'utf8'));

/** What stands in an example, and what stands there when it is run. */
type Exchange = readonly [written: string, run: string];

const exchange = (code: string, exchanges: readonly Exchange[]): string => {
  let changed = code;
  for (const [written, run] of exchanges) {
    expect(changed, `the example no longer has ${written}`).toContain(written);
    changed = changed.replaceAll(written, run);
  }
  return changed;
};

/** How each library's examples are run: with what beside them, and what has to come of each. */
interface Staging {
  readonly prepare: (cwd: string) => Promise<readonly Exchange[]>;
  /** For each example in JavaScript or TypeScript what it must have written, in the README's order. */
  readonly written: readonly RegExp[];
}

const dumpIn = (directory: string, records: number) => generateDump({ directory, seed: 'readmes', records });

const STAGINGS: Readonly<Record<string, Staging>> = {
  parser: {
    prepare: async (cwd) => {
      await dumpIn(cwd, 1200);
      return [];
    },
    written: [/^(\d+ .+ [0-9a-f]{64}\n){3}(.+ \d+\n){3}1200 true\n$/],
  },
  'state-marker': {
    prepare: async () => [],
    written: [/^start there is no state marker\n$/, /# pass [1-9]\d*\n# fail 0\n/],
  },
  publisher: {
    prepare: async () => [['amqp://guest:guest@localhost:5672/', (await sharedBroker()).url]],
    written: [/^10000 \[\]\n$/],
  },
  downloader: {
    prepare: async (cwd) => {
      const { files, checksumPath } = await dumpIn(join(cwd, 'site'), 50);
      const paths = [...Object.values(files).map(({ path }) => path), checksumPath];
      const content = await Promise.all(
        paths.map(async (path) => [path.replace(/.*[\\/]/, ''), await readFile(path)] as const),
      );
      const site = await HostileServer.start(new Map(content));
      // A bucket that refuses, as Discogs' own does.
      const bucket = await HostileServer.start();
      bucket.fault = () => ({ kind: 'status', status: 403 });
      return [
        ['createS3Source()', `createS3Source({ endpoint: '${bucket.url}', retry: { attempts: 1 } })`],
        ['createWebSource()', `createWebSource({ baseUrl: '${site.url}', minGapMs: 0 })`],
      ];
    },
    written: [
      /discogs_20260101_artists\.xml\.gz \d+ [0-9a-f]{64} downloaded\n.*labels\.xml\.gz \d+ [0-9a-f]{64} downloaded\n$/,
    ],
  },
};

describe.each(named(LIBRARIES))('the README of %s', (name, published) => {
  const staging = STAGINGS[name]!;

  test('its examples run as they stand, and their types are right', async () => {
    const cwd = projectOf(published);
    const examples = (await readmeOf(`packages/${name}/README.md`)).filter(({ language }) => /^[jt]s$/.test(language));
    expect(examples.length).toBe(staging.written.length);
    const exchanges = await staging.prepare(cwd);
    const files: string[] = [];
    for (const [at, { code, language, line }] of examples.entries()) {
      const file = `example-${line}.${language}`;
      files.push(file);
      await writeFile(join(cwd, file), exchange(code, at === 0 ? exchanges : []));
      const tsx =
        language === 'ts' ? ['--import', pathToFileURL(join(ROOT, 'node_modules/tsx/dist/esm/index.mjs')).href] : [];
      const { status, stdout, stderr } = await runProcess(process.execPath, [...tsx, file], { cwd });
      expect({ line, status, stderr }).toEqual({
        line,
        status: 0,
        stderr: name === 'downloader' ? expect.any(String) : '',
      });
      expect(stdout).toMatch(staging.written[at]!);
    }
    for (const [module, moduleResolution] of [
      ['node16', 'node16'],
      ['esnext', 'bundler'],
    ] as const) {
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        strict: true,
        allowJs: true,
        checkJs: true,
        skipLibCheck: true,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(ROOT, 'node_modules/@types')],
      };
      await writeFile(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
      await mustRun(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], { cwd });
    }
  });

  test('it installs the package by its name', async () => {
    const commands = (await readmeOf(`packages/${name}/README.md`)).filter(({ language }) => language === 'sh');
    expect(commands.map(({ code }) => code)).toContain(`npm install ${published.name}\n`);
  });
});

/** Whether a block is one that a test can run: it calls the command line, and that comes to an end. */
const callsTheCommandLine = ({ language, code }: Example): boolean =>
  language === 'sh' &&
  /(apps\/extractor\/dist\/cli\.js|^discogs-extractor) (run|parse|status)/m.test(code) &&
  !/\brun\b(?!.*--once)/.test(code.replace(/^.*npm run.*$/gm, ''));

describe('commands', () => {
  test.each([
    ['the root', 'README.md'],
    ['the service', 'apps/extractor/README.md'],
  ])('of the README of %s', async (_, path) => {
    const cwd = await mkdtemp(join(inject('installed').folder, 'commands-'));
    await mkdir(join(cwd, 'dumps'));
    await dumpIn(join(cwd, 'dumps'), 30);
    await symlink(join(ROOT, 'apps'), join(cwd, 'apps'), 'junction');
    const url = (await sharedBroker()).url;
    const blocks = (await readmeOf(path)).filter(callsTheCommandLine);
    expect(blocks.length).toBeGreaterThan(0);
    for (const { code, line } of blocks) {
      const commands = code
        .replace(/^npm install --global .*$/gm, '')
        .replaceAll('amqp://user:password@localhost:5672/', url);
      const { status, stdout, stderr } = await runProcess('bash', ['-euo', 'pipefail', '-c', commands], {
        cwd,
        env: {
          PATH: join(projectOf(SERVICE), 'node_modules/.bin') + delimiter + process.env['PATH'],
          // Whatever else listens on this machine.
          HEALTH_PORT: '0',
        },
      });
      expect({ line, status, said: status === 0 ? '' : stdout + stderr }).toEqual({ line, status: 0, said: '' });
    }
  });
});
