import { describe, it } from 'vitest';
import { amqpMonths, ndjsonMonths } from '../kit/month-sinks.js';
import { checkMonths, LONG_MONTHS } from '../kit/months.js';

const ROUNDS = Number(process.env['MONTHS_ROUNDS'] ?? 3);
const SEED = Number(process.env['MONTHS_SEED'] ?? Date.now() % 2 ** 31);

describe(`consumers have each dump after its file_complete, over ${LONG_MONTHS.months} months and ${LONG_MONTHS.kills} kills`, () => {
  for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
    it(`NDJSON files, MONTHS_SEED=${seed}`, { timeout: 900_000 }, async ({ annotate }) => {
      await annotate(JSON.stringify(await checkMonths(seed, LONG_MONTHS, async (folder) => ndjsonMonths(folder))));
    });
    it(`RabbitMQ, MONTHS_SEED=${seed}`, { timeout: 900_000 }, async ({ annotate }) => {
      await annotate(JSON.stringify(await checkMonths(seed, LONG_MONTHS, amqpMonths)));
    });
  }
});
