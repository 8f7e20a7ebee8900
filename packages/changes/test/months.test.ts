import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { checkMonths } from './kit/oracle.js';

const seed = Number(process.env['MONTHS_SEED'] ?? Date.now() % 2 ** 31);

test(`a consumer has each dump after its pass, whatever crashed before (MONTHS_SEED=${seed})`, async () => {
  await checkMonths(await mkdtemp(join(tmpdir(), 'changes-months-')), seed, 10);
});
