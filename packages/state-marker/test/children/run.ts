import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll } from 'vitest';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

/** Where the children stand as JavaScript: what is run is the source as it is now, and starts in no time. */
let compiled: string;

beforeAll(async () => {
  compiled = await mkdtemp(join(tmpdir(), 'state-marker-children-'));
  await writeFile(join(compiled, 'package.json'), '{ "type": "module" }');
  await symlink(join(PACKAGE, 'node_modules'), join(compiled, 'node_modules'));
  for (const folder of ['src', 'test']) {
    for (const name of await readdir(join(PACKAGE, folder), { recursive: true })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
      const text = await readFile(join(PACKAGE, folder, name), 'utf8');
      const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
      const { outputText } = ts.transpileModule(text, { compilerOptions });
      const target = join(compiled, folder, name.replace(/\.ts$/, '.js'));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, outputText);
    }
  }
});

afterAll(() => rm(compiled, { recursive: true, force: true }));

/** Starts a file of this folder as a process of its own; `wrapper` is a command that runs the rest. */
export function startChild(name: string, args: readonly string[], wrapper: readonly string[] = []): ChildProcess {
  const script = join(compiled, 'test', 'children', `${name}.js`);
  const [command, ...rest] = [...wrapper, process.execPath, script, ...args];
  return spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a child to its end and gives the JSON that it prints. Rejects with its complaint if it fails. */
export async function runChild(name: string, args: readonly string[], wrapper?: readonly string[]): Promise<unknown> {
  const child = startChild(name, args, wrapper);
  let output = '';
  let complaint = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const status = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  if (status !== 0) throw new Error(`${[...(wrapper ?? []), name].join(' ')} ended with ${status}: ${complaint}`);
  return JSON.parse(output);
}
