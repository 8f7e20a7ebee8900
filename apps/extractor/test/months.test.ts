import { it } from 'vitest';
import { ndjsonMonths } from './kit/month-sinks.js';
import { checkMonths, SHORT_MONTHS } from './kit/months.js';

const SEED = Number(process.env['MONTHS_SEED'] ?? 1);

it(`consumers have each dump after its file_complete, also after kills, MONTHS_SEED=${SEED}`, async ({ annotate }) => {
  await annotate(JSON.stringify(await checkMonths(SEED, SHORT_MONTHS, async (folder) => ndjsonMonths(folder))));
});
