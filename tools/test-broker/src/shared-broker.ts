import type { TestBroker } from './broker.js';
import { givenBroker, startBroker } from './start-broker.js';

/**
 * Carries the shared broker's address from vitest's main process to its workers. A broker takes seconds to start,
 * so test files that do not injure it share one.
 */
const SHARED = 'DISCOGS_EXTRACTOR_TEST_BROKER';

/**
 * For vitest's `globalSetup`: starts the shared broker once per run, however many projects ask, and answers what ends
 * it.
 */
export const provideSharedBroker = async (): Promise<() => Promise<void>> => {
  if (process.env[SHARED]) return async () => {};
  const broker = await startBroker();
  process.env[SHARED] = broker.url;
  return async () => {
    delete process.env[SHARED];
    await broker.close();
  };
};

/** The run's shared broker, else one of this process's own. Close it in either case; the shared one stays. */
export const sharedBroker = async (): Promise<TestBroker> => {
  const url = process.env[SHARED];
  return url ? givenBroker(url) : startBroker();
};
