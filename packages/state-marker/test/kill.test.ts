import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'vitest';
import { checkKills } from './check-kills.js';

const KILLS = 10;
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 2 ** 31);

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'state-marker-kill-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test(
  `a process killed while it saves leaves a complete marker, never an older one (${KILLS} kills, KILL_SEED=${seed})`,
  {
    timeout: 60_000 + KILLS * 5000,
  },
  () => checkKills(directory, KILLS, seed),
);
