import { startOwnBroker, type TestBroker } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { INJURIES } from './injuries.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

describe('nothing is lost when', () => {
  for (const [name, run] of Object.entries(INJURIES)) it(name, () => run(broker), 120_000);
});
