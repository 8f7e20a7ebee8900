import { startOwnBroker, type TestBroker } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { FAULTS } from './support/fault-injection.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

describe('accounts for every message when', () => {
  for (const [name, run] of Object.entries(FAULTS)) it(name, () => run(broker), 120_000);
});
