/**
 * Bundles modules into strings in generated sources: what is started or imported from a string needs no file that a
 * bundler would have to find.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsup';

/**
 * Returns the text of a module with everything that it imports.
 *
 * @param {string} entry
 * @param {'cjs' | 'esm'} format
 */
export const bundle = async (entry, format) => {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
  try {
    await build({
      config: false,
      entry: { bundle: entry },
      outDir: folder,
      format: [format],
      outExtension: () => ({ js: '.js' }),
      platform: 'node',
      target: 'node20',
      noExternal: [/.*/],
      minify: true,
      treeshake: true,
      splitting: false,
      silent: true,
    });
    return await readFile(join(folder, 'bundle.js'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/**
 * Returns the URL of a module that needs no file.
 *
 * @param {string} module
 */
export const dataUrl = (module) => `data:text/javascript;base64,${Buffer.from(module).toString('base64')}`;

/**
 * Writes a source that exports a string.
 *
 * @param {string} target
 * @param {{ script: string, entry: string, constant: string, meaning: string }} about
 * @param {string} text
 */
export const writeSource = async (target, { script, entry, constant, meaning }, text) => {
  await writeFile(
    target,
    `// Written by ${script} from ${entry}. Not to be edited.\n\n/** ${meaning} */\nexport const ${constant}: string =\n  ${JSON.stringify(text)};\n`,
  );
  process.stdout.write(`${entry}: ${text.length} bytes\n`);
};
