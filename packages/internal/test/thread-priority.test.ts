import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** Sets the niceness of a thread that starts for this, since the test's own thread could not be set back. */
const nicenessAfter = async (niceness: number | undefined): Promise<number> => {
  const source = await readFile(new URL('../src/thread-priority.ts', import.meta.url), 'utf8');
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const code = `${ts.transpileModule(source, { compilerOptions }).outputText}
    import { getPriority } from 'node:os';
    import { parentPort } from 'node:worker_threads';
    setThreadNiceness(${niceness});
    parentPort.postMessage(getPriority(Number(basename(readlinkSync('/proc/thread-self')))));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const [result] = await once(worker, 'message');
  await worker.terminate();
  return result as number;
};

test.runIf(process.platform === 'linux')('sets the niceness of the calling thread, and of no other', async () => {
  const before = getPriority();
  expect(await nicenessAfter(Math.min(19, before + 7))).toBe(Math.min(19, before + 7));
  expect(getPriority()).toBe(before);
});

test.runIf(process.platform === 'linux')('changes nothing for undefined', async () => {
  expect(await nicenessAfter(undefined)).toBe(getPriority());
});
