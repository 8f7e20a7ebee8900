import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import type { Options } from 'tsup';

type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number];

export const INTERNAL = /^@discogs-extractor\/internal\//;

/**
 * The build of all packages: ES modules only, since Node 20.19 and newer can `require()` them, with source maps.
 */
export const preset = (overrides: Options = {}): Options => ({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  clean: true,
  // The private package is not published, so it is bundled.
  noExternal: [INTERNAL],
  sourcemap: true,
  treeshake: true,
  splitting: false,
  ...overrides,
});

/**
 * Writes the type declarations of these entries to `dist`. Each file is read on its own, without the compiler, which
 * takes a twentieth of the time. What an entry exports, directly or not, must therefore have explicit types; a build
 * fails and names the place if one is missing. Errors of types are found by `npm test`.
 */
export const writeDeclarations = async (entries: readonly string[]): Promise<void> => {
  const build = await rolldown({
    input: [...entries],
    external: (id) => !/^[./]/.test(id) && !INTERNAL.test(id),
    plugins: [dts({ emitDtsOnly: true, oxc: true, tsconfig: false })],
  });
  try {
    await build.write({ dir: 'dist', format: 'es' });
  } finally {
    await build.close();
  }
};

/** The build of a library: the preset, and declarations. */
export const library = ({ entry = ['src/index.ts'], ...overrides }: Options & { entry?: string[] } = {}): Options =>
  preset({ ...overrides, entry, onSuccess: () => writeDeclarations(entry) });

/** Writes the licences of the packages that are bundled to `dist/LICENSES`. Fails if a package has none. */
const writeLicenses: EsbuildPlugin = {
  name: 'write-licenses',
  setup: (build) => {
    build.initialOptions.metafile = true;
    build.onEnd(async ({ metafile }) => {
      // The innermost folder that npm or pnpm installed a bundled file in.
      const folders = Object.keys(metafile?.inputs ?? {}).flatMap(
        (path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? [],
      );
      const texts = await Promise.all([...new Set(folders)].map(licenseOf));
      await mkdir('dist', { recursive: true });
      await writeFile(join('dist', 'LICENSES'), texts.sort().join(`\n${'-'.repeat(80)}\n\n`));
    });
  },
};

const licenseOf = async (folder: string): Promise<string> => {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file, so it cannot be bundled`);
  return `${name} ${version} (${license})\n\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`;
};

/**
 * Bundles the part of zod that a package uses, with its licence. The whole of zod is a hundred modules, mostly
 * translations, which take as long to load as Node itself. It works only with `import * as z from 'zod'`.
 */
export const withZod: Options = { noExternal: [INTERNAL, 'zod'], esbuildPlugins: [writeLicenses] };

/** The libraries, which a program bundles from their sources: their builds have copies of zod and `internal` in them. */
const LIBRARIES = Object.fromEntries(
  ['parser', 'publisher', 'state-marker', 'downloader', 'data-quality/drift', 'data-quality', 'changes'].map((name) => {
    const [folder, entry = 'index'] = name.split('/');
    const path = `./packages/${folder}/src/${entry}.ts`;
    return [`@discogs-extractor/${name}`, fileURLToPath(new URL(path, import.meta.url))];
  }),
);

/**
 * Bundles every dependency of a program, except for `external` ones, with their licences: to find and load hundreds of
 * modules takes longer than Node's own start. CommonJS modules need a `require` for Node's modules.
 */
export const withDependencies = ({ external }: { readonly external: readonly string[] }): Options => ({
  noExternal: [new RegExp(`^(?!(${external.join('|')})$)`)],
  esbuildPlugins: [writeLicenses],
  esbuildOptions: (options) => {
    options.alias = LIBRARIES;
  },
  banner: {
    js: "import { createRequire as toRequire } from 'node:module'; const require = toRequire(import.meta.url);",
  },
  splitting: true,
  // Most of it is code of others.
  sourcemap: false,
  // What esbuild leaves out is enough, and Rollup takes seconds for the rest.
  treeshake: false,
});
