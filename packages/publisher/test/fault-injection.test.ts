import { startOwnBroker, type TestBroker } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { BROKER_FAULTS, PUBLISHER_FAULTS } from './support/fault-injection.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

// Much of the time passes in rabbitmqctl and in timeouts, so these run next to each other.
describe.concurrent('accounts for every message when', () => {
  for (const [name, run] of Object.entries(PUBLISHER_FAULTS)) it(name, () => run(broker), 120_000);
});

describe('accounts for every message when', () => {
  for (const [name, run] of Object.entries(BROKER_FAULTS)) it(name, () => run(broker), 120_000);
});
