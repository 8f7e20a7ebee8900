import type { TestBroker } from './broker.js';
import { startBrokerPool } from './broker-pool.js';
import { externalBroker, POOL_VARIABLE, startBroker, startNewBroker } from './start-broker.js';

/**
 * The environment variable that carries the shared broker's URL from vitest's main process to its workers. A broker
 * takes seconds to start, so test files that neither stop nor block it share one.
 */
const URL_VARIABLE = 'DISCOGS_EXTRACTOR_TEST_BROKER';

/**
 * For vitest's `globalSetup`: starts the shared broker and the pool of `startOwnBroker` once per run, however many
 * projects ask for them. Returns a function that stops them.
 */
export const provideTestBrokers = async (): Promise<() => Promise<void>> => {
  if (process.env[POOL_VARIABLE]) return async () => {};
  const broker = await startBroker();
  const pool = await startBrokerPool(startNewBroker);
  process.env[URL_VARIABLE] = broker.url;
  process.env[POOL_VARIABLE] = pool.address;
  return async () => {
    delete process.env[URL_VARIABLE];
    delete process.env[POOL_VARIABLE];
    await Promise.all([broker.close(), pool.close()]);
  };
};

/**
 * Returns the run's shared broker, or starts one if there is none. Close it in either case: that leaves a shared broker
 * running.
 */
export const sharedBroker = async (): Promise<TestBroker> => {
  const url = process.env[URL_VARIABLE];
  return url ? externalBroker(url) : startBroker();
};
