import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll } from 'vitest';
import { INTERNAL } from '../../../../tsup.preset.js';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

/** The folder of the built children, within the package so that they find its dependencies. */
let built: string;

beforeAll(async () => {
  built = await mkdtemp(join(PACKAGE, 'node_modules', '.children-'));
  await build({
    config: false,
    entry: ['deliver', 'faults', 'save-loop'].map((name) => join(PACKAGE, 'test', 'children', `${name}.ts`)),
    outDir: built,
    format: ['esm'],
    target: 'node20',
    noExternal: [INTERNAL],
    outExtension: () => ({ js: '.mjs' }),
    silent: true,
  });
});

afterAll(() => rm(built, { recursive: true, force: true }));

/** Starts a script of this folder, built from the current sources; `wrapper` is a command that runs the rest. */
export const startChild = (name: string, args: readonly string[], wrapper: readonly string[] = []): ChildProcess => {
  const script = join(built, `${name}.mjs`);
  const [command, ...rest] = [...wrapper, process.execPath, script, ...args];
  return spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
};

/** Runs a script to its end and returns the JSON that it prints. Rejects with its error output if it fails. */
export const runChild = async (
  name: string,
  args: readonly string[],
  wrapper?: readonly string[],
): Promise<unknown> => {
  const child = startChild(name, args, wrapper);
  let output = '';
  let errorOutput = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput += text;
  });
  const status = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  if (status !== 0) throw new Error(`${[...(wrapper ?? []), name].join(' ')} ended with ${status}: ${errorOutput}`);
  return JSON.parse(output);
};
