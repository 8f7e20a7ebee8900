import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData, type ResolutionKind } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, describe, expect, test } from 'vitest';
import { formatSize, isClose, measureInstalled, parseStatedSize, readmeOf } from '../src/installed-size.js';
import { mustRun } from '../src/run-process.js';
import { findTypeErrors } from '../src/type-check.js';
import { entryPointsOf, LIBRARIES, PACKAGES, ROOT } from '../src/workspace.js';
import { named, projectOf, tarballOf, waitUntilInstalled } from './installed.js';

/*
 * Each package as its users get it: packed, and installed from its tarball in an empty project outside the workspace.
 */

beforeAll(waitUntilInstalled, 600_000);

/**
 * The packages contain ES modules only, which `require()` loads in all versions of Node that they support. TypeScript
 * knows that from `module: node20` on. Its older settings `node16` (for CommonJS) and `node10` report false
 * errors.
 */
const IGNORED_RESOLUTIONS: readonly ResolutionKind[] = ['node10', 'node16-cjs'];

describe.each(named(PACKAGES))('%s', (_, published) => {
  test('passes publint', async () => {
    const tarball = await readFile(tarballOf(published));
    const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength);
    const { messages, pkg } = await publint({
      pack: { tarball: bytes as ArrayBuffer },
      level: 'suggestion',
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test('passes are-the-types-wrong', async () => {
    const found = await checkPackage(createPackageFromTarballData(await readFile(tarballOf(published))));
    if (found.types === false) throw new Error('no types');
    const problems = found.problems.filter(
      (problem) => !('resolutionKind' in problem) || !IGNORED_RESOLUTIONS.includes(problem.resolutionKind),
    );
    expect(problems).toEqual([]);
  });

  test('contains the built files, README and licence, and a complete manifest', () => {
    const installed = join(projectOf(published), 'node_modules', published.name);
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    for (const file of ['README.md', 'LICENSE', 'package.json']) expect(files).toContain(file);
    expect(files.filter((file) => /\.(test|bench)\.|^(src|test|bench|scripts|assembly)$/.test(file))).toEqual([]);
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    expect(JSON.stringify(manifest)).not.toContain('workspace:');
    expect(manifest).toMatchObject({
      type: 'module',
      sideEffects: false,
      license: 'MIT',
      engines: { node: '^20.19 || >=22.12' },
      repository: { type: 'git', directory: published.folder.slice(ROOT.length).replace(/^\//, '') },
      publishConfig: { access: 'public' },
    });
    expect(manifest.keywords.length).toBeGreaterThan(3);
    for (const [path, target] of Object.entries<Record<string, string> | string>(manifest.exports)) {
      if (typeof target === 'string') continue;
      expect([path, Object.keys(target)[0]]).toEqual([path, 'types']);
    }
  });

  test('contains the licences of what is bundled, and finds everything else in its dependencies', () => {
    const installed = join(projectOf(published), 'node_modules', published.name);
    const files = readdirSync(join(installed, 'dist')).filter((file) => file.endsWith('.js'));
    const sources = files.map((file) => readFileSync(join(installed, 'dist', file), 'utf8')).join('\n');
    // Before each module, esbuild writes the path that it was bundled from.
    const bundled = [...sources.matchAll(/^\/\/ .*\/node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\/.*\.[cm]?js$/gm)];
    const licenses = bundled.length > 0 ? readFileSync(join(installed, 'dist/LICENSES'), 'utf8') : '';
    for (const [, name] of bundled) expect(licenses).toMatch(new RegExp(`^${name} \\d`, 'm'));
    const { dependencies = {} } = published.manifest;
    const imported = [...sources.matchAll(/^(?:import|export|\} from)\b[^'"\n]*['"]([@a-z][^'"\n]*)['"];?$/gm)]
      .map(([, path]) => path!)
      .filter((path) => !isBuiltin(path));
    for (const path of imported) expect(Object.keys(dependencies)).toContain(/^(?:@[^/]+\/)?[^/]+/.exec(path)![0]);
  });

  test('exports the same objects to import and to require, without a warning', async () => {
    const entries = entryPointsOf(published);
    await writeFile(
      join(projectOf(published), 'both.cjs'),
      `const names = {};
       for (const entry of ${JSON.stringify(entries)}) names[entry] = Object.keys(require(entry)).sort();
       const required = ${JSON.stringify(entries)}.map((entry) => require(entry));
       Promise.all(${JSON.stringify(entries)}.map((entry) => import(entry))).then((imported) => {
         for (const [at, module] of imported.entries()) {
           for (const name of Object.keys(module)) {
             if (module[name] !== required[at][name]) throw new Error(name + ' exists twice');
           }
         }
         console.log(JSON.stringify(names));
       });`,
    );
    await writeFile(
      join(projectOf(published), 'imported.js'),
      `${entries.map((entry, at) => `import * as m${at} from '${entry}';`).join('\n')}
       console.log(JSON.stringify({ ${entries.map((entry, at) => `'${entry}': Object.keys(m${at}).sort()`).join(', ')} }));`,
    );
    const cwd = projectOf(published);
    const both = await mustRun(process.execPath, ['both.cjs'], { cwd });
    const imported = await mustRun(process.execPath, ['imported.js'], { cwd });
    // Node 22.12 can do it, and still warns of it.
    const stderr = process.version.startsWith('v22.12.') ? '' : both.stderr;
    expect(stderr + imported.stderr).toBe('');
    expect(JSON.parse(both.stdout)).toEqual(JSON.parse(imported.stdout));
    for (const names of Object.values<string[]>(JSON.parse(both.stdout))) expect(names.length).toBeGreaterThan(0);
  });
});

describe.each(named(LIBRARIES))('the README of %s', (_, published) => {
  test('has the common sections', () => {
    const sections = [...readFileSync(readmeOf(published), 'utf8').matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    expect(sections).toEqual(
      expect.arrayContaining(['Install', 'Example', 'Options', 'Errors', 'Guarantees', 'Limits', 'Dependencies']),
    );
  });

  test('states the installed size', async () => {
    const size = await measureInstalled(projectOf(published));
    const stated = parseStatedSize(readFileSync(readmeOf(published), 'utf8'));
    const hint = `Measured: "${formatSize(size)}". Run npm run sizes to write it into the README`;
    expect(stated, hint).toBeDefined();
    expect(isClose(stated!, size), hint).toBe(true);
  });

  test('gives a reason for each dependency', () => {
    const readme = readFileSync(readmeOf(published), 'utf8');
    const section = readme.split(/^## /m).find((text) => text.startsWith('Dependencies\n')) ?? '';
    const named = [...section.matchAll(/^- `([^`]+)`: \S/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual(Object.keys(published.manifest.dependencies ?? {}).sort());
  });
});

describe.each(named(LIBRARIES))('types of %s', (_, published) => {
  /** Settings of two kinds of consumers. That bundlers find the same declarations, are-the-types-wrong shows. */
  const CONSUMERS = [
    { module: 'node16', moduleResolution: 'node16', file: 'consumer.ts' },
    { module: 'node20', moduleResolution: 'node16', file: 'consumer.cts' },
  ] as const;

  test.each(CONSUMERS)(
    'have no errors with $module, $moduleResolution, in $file',
    async ({ module, moduleResolution, file }) => {
      const project = projectOf(published);
      const imports = entryPointsOf(published).map(
        (entry, at) => `import * as m${at} from '${entry}';\nexport { m${at} };\n`,
      );
      await writeFile(join(project, file), imports.join(''));
      expect(findTypeErrors(project, [file], { module, moduleResolution, checkDeclarations: true })).toEqual([]);
    },
  );
});

test('the type check reports a name that a package does not export', async () => {
  const project = projectOf(LIBRARIES[0]!);
  await writeFile(
    join(project, 'wrong.ts'),
    "import { doesNotExist } from '@discogs-extractor/parser';\ndoesNotExist();\n",
  );
  const errors = findTypeErrors(project, ['wrong.ts'], { module: 'node16', moduleResolution: 'node16' });
  expect(errors).toEqual([expect.stringContaining("has no exported member 'doesNotExist'")]);
});

test.each([false, true])('the parser takes what fetch returns; with the types of a browser: %s', async (dom) => {
  const project = projectOf(LIBRARIES[0]!);
  const program = `
    import { type DumpInput, encodeRecords } from '@discogs-extractor/parser';
    const response = await fetch('http://localhost/');
    const inputs: DumpInput[] = [response, response.body!, await response.blob(), await response.arrayBuffer()];
    inputs.push(response.body!.pipeThrough(new DecompressionStream('gzip')), Buffer.from(''), new Uint8Array());
    for (const input of inputs) encodeRecords(input, { onProgress: ({ records }) => console.log(records) });
  `;
  await writeFile(join(project, 'fetch.mts'), program);
  expect(findTypeErrors(project, ['fetch.mts'], { module: 'node20', moduleResolution: 'node16', dom })).toEqual([]);
});

test('a browser bundle that only uses toArtist contains neither the code for releases nor Node modules', async () => {
  const { outputFiles, warnings } = await build({
    stdin: {
      contents: "import { toArtist } from '@discogs-extractor/parser/shape'; console.log(toArtist({}));",
      resolveDir: projectOf(LIBRARIES[0]!),
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
  const { text } = outputFiles[0]!;
  expect(text).toContain('namevariations');
  expect(text).not.toMatch(/resource_url|main_release|node:|WebAssembly/);
  expect(text.length).toBeLessThan(12_000);
});
