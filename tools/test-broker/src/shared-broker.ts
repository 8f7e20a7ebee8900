import type { TestBroker } from './broker.js';
import { externalBroker, startBroker } from './start-broker.js';

/**
 * The environment variable that carries the shared broker's URL from vitest's main process to its workers. A broker
 * takes seconds to start, so test files that neither stop nor block it share one.
 */
const URL_VARIABLE = 'DISCOGS_EXTRACTOR_TEST_BROKER';

/**
 * For vitest's `globalSetup`: starts the shared broker once per run, however many projects ask for it. Returns a
 * function that stops it.
 */
export const provideSharedBroker = async (): Promise<() => Promise<void>> => {
  if (process.env[URL_VARIABLE]) return async () => {};
  const broker = await startBroker();
  process.env[URL_VARIABLE] = broker.url;
  return async () => {
    delete process.env[URL_VARIABLE];
    await broker.close();
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
