import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { runCli, startCli } from './cli.js';
import { smallDump, writeDump } from './dumps.js';

const VERSION = '20260101';

/** Time for a process to find that the folder is locked, in milliseconds. */
const MAX_START_MS = 10_000;

/**
 * Starts two services together in one data folder, `times` times. Each time one must work and the other exit,
 * regardless of what a killed one left there the time before.
 */
export const startTogether = async (times: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'instances-'));
  try {
    const dumps = join(folder, 'dumps');
    await writeDump(dumps, VERSION, smallDump(20));
    // Without `--once`, the one that works keeps running.
    const args = ['run', '--source', dumps, '--sink', 'ndjson', '--output', join(folder, 'out')];
    const start = () => startCli(args, { env: { DISCOGS_ROOT: join(folder, 'data') } });
    for (let round = 1; round <= times; round++) {
      const both = [start(), start()] as const;
      const loser = await Promise.race([
        both[0].ended.then((result) => ({ result, other: both[1] })),
        both[1].ended.then((result) => ({ result, other: both[0] })),
        sleep(MAX_START_MS, undefined),
      ]);
      if (!loser) {
        for (const { process } of both) process.kill('SIGKILL');
        expect.fail(`round ${round}: after ${MAX_START_MS} ms both are still running`);
      }
      expect(loser.result.status, loser.result.stdout + loser.result.stderr).toBe(1);
      expect(loser.result.stdout).toContain('"code":"FOLDER_LOCKED"');
      expect(loser.result.stdout).toContain(join(folder, 'data'));
      // It reports no work.
      expect(loser.result.stdout).not.toContain('🚀');
      await loser.other.says('Next run');
      loser.other.process.kill('SIGKILL');
      expect(await loser.other.ended).toMatchObject({ signal: 'SIGKILL' });
    }
    expect(await runCli([...args, '--once'], { env: { DISCOGS_ROOT: join(folder, 'data') } })).toMatchObject({
      status: 0,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
