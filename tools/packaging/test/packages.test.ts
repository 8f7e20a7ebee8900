import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData, type ResolutionKind } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describe, expect, test } from 'vitest';
import { isNear, measureInstalled, readmeOf, sizeSentence, statedSize } from '../src/installed-size.js';
import { mustRun } from '../src/run-process.js';
import { entryPointsOf, LIBRARIES, PACKAGES, ROOT } from '../src/workspace.js';
import { named, projectOf, tarballOf } from './installed.js';

/*
 * Each package as others get it: packed, and installed from its tarball in an empty project outside of the workspace.
 */

/**
 * The packages are ES modules alone, which `require()` loads in all versions of Node that they support. TypeScript knows
 * that from `module: node20` on; its `node16` for CommonJS and its `node10` came before, and are what is not looked at here.
 */
const NOT_LOOKED_AT: readonly ResolutionKind[] = ['node10', 'node16-cjs'];

describe.each(named(PACKAGES))('%s', (_, published) => {
  test('publint finds nothing', async () => {
    const tarball = await readFile(tarballOf(published));
    const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength);
    const { messages, pkg } = await publint({
      pack: { tarball: bytes as ArrayBuffer },
      level: 'suggestion',
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test('are the types wrong? They are not', async () => {
    const found = await checkPackage(createPackageFromTarballData(await readFile(tarballOf(published))));
    if (found.types === false) throw new Error('no types');
    const problems = found.problems.filter(
      (problem) => !('resolutionKind' in problem) || !NOT_LOOKED_AT.includes(problem.resolutionKind),
    );
    expect(problems).toEqual([]);
  });

  test('has what it needs, and only what it needs', () => {
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
      engines: { node: '>=20.19' },
      repository: { type: 'git', directory: published.folder.slice(ROOT.length).replace(/^\//, '') },
      publishConfig: { access: 'public' },
    });
    expect(manifest.keywords.length).toBeGreaterThan(3);
    for (const [path, target] of Object.entries<Record<string, string> | string>(manifest.exports)) {
      if (typeof target === 'string') continue;
      expect([path, Object.keys(target)[0]]).toEqual([path, 'types']);
    }
  });

  test('the same by import and by require, and no warning', async () => {
    const entries = entryPointsOf(published);
    await writeFile(
      join(projectOf(published), 'both.cjs'),
      `const names = {};
       for (const entry of ${JSON.stringify(entries)}) names[entry] = Object.keys(require(entry)).sort();
       const required = ${JSON.stringify(entries)}.map((entry) => require(entry));
       Promise.all(${JSON.stringify(entries)}.map((entry) => import(entry))).then((imported) => {
         for (const [at, module] of imported.entries()) {
           for (const name of Object.keys(module)) {
             if (module[name] !== required[at][name]) throw new Error(name + ' is there twice');
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
    expect(both.stderr + imported.stderr).toBe('');
    expect(JSON.parse(both.stdout)).toEqual(JSON.parse(imported.stdout));
    for (const names of Object.values<string[]>(JSON.parse(both.stdout))) expect(names.length).toBeGreaterThan(0);
  });
});

describe.each(named(LIBRARIES))('what the README of %s says', (_, published) => {
  test('has the sections that all of them have', () => {
    const sections = [...readFileSync(readmeOf(published), 'utf8').matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    expect(sections).toEqual(
      expect.arrayContaining(['Install', 'Example', 'Options', 'Errors', 'Guarantees', 'Limits', 'Dependencies']),
    );
  });

  test('is as large as its README says', async () => {
    const size = await measureInstalled(projectOf(published));
    const stated = statedSize(readFileSync(readmeOf(published), 'utf8'));
    const hint = `"${sizeSentence(size)}" is measured; npm run sizes writes it into the README`;
    expect(stated, hint).toBeDefined();
    expect(isNear(stated!, size), hint).toBe(true);
  });

  test('each dependency is justified in its README', () => {
    const readme = readFileSync(readmeOf(published), 'utf8');
    const section = readme.split(/^## /m).find((text) => text.startsWith('Dependencies\n')) ?? '';
    const named = [...section.matchAll(/^- `([^`]+)`: \S/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual(Object.keys(published.manifest.dependencies ?? {}).sort());
  });
});

describe.each(named(LIBRARIES))('types of %s', (_, published) => {
  /** Settings that each have a consumer of their own kind. */
  const CONSUMERS = [
    { module: 'node16', moduleResolution: 'node16', file: 'consumer.ts' },
    { module: 'esnext', moduleResolution: 'bundler', file: 'consumer.ts' },
    { module: 'node20', moduleResolution: 'node16', file: 'consumer.cts' },
  ] as const;

  test.each(CONSUMERS)(
    'are right with $module, $moduleResolution, in $file',
    async ({ module, moduleResolution, file }) => {
      const cwd = projectOf(published);
      const name = `tsconfig.${module}.json`;
      const entries = entryPointsOf(published);
      await writeFile(
        join(cwd, file),
        entries.map((entry, at) => `import * as m${at} from '${entry}';\nexport { m${at} };\n`).join(''),
      );
      await writeFile(
        join(cwd, name),
        JSON.stringify({
          compilerOptions: {
            module,
            moduleResolution,
            target: 'es2022',
            lib: ['es2023', 'esnext.disposable'],
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            // The declarations themselves are looked at.
            skipLibCheck: false,
            noEmit: true,
            types: ['node'],
            typeRoots: [join(ROOT, 'node_modules/@types')],
          },
          files: [file],
        }),
      );
      await mustRun(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', name], { cwd });
    },
  );
});

test('a bundle for browsers that makes clean artists has nothing of releases, and nothing of Node', async () => {
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
  expect(text.length).toBeLessThan(10_000);
});
