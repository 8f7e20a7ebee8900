import { startOwnBroker, type TestBroker } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { BROKER_FAULTS, PUBLISHER_FAULTS } from '../support/fault-injection.js';

const RUNS = Number(process.env['CHAOS_RUNS'] ?? 20);

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

describe(`accounts for every message, ${RUNS} times, when`, () => {
  for (const [name, run] of Object.entries({ ...PUBLISHER_FAULTS, ...BROKER_FAULTS })) {
    for (let round = 1; round <= RUNS; round++) it(`${name} (${round})`, () => run(broker), 120_000);
  }
});
