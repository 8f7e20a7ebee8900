import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'vitest';
import { checkKills } from './check-kills.js';

/** Registers the test with this many kills. `KILL_SEED` repeats a run. */
export const testKills = (kills: number): void => {
  const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 2 ** 31);
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'state-marker-kill-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  test(
    `a process killed while it saves leaves a complete marker, never an older one (${kills} kills, KILL_SEED=${seed})`,
    {
      timeout: 60_000 + kills * 5000,
    },
    () => checkKills(directory, kills, seed),
  );
};
