import { provideTestBrokers } from './shared-broker.js';

let stop: (() => Promise<void>) | undefined;

/** Runs in vitest's main process before the tests. */
export const setup = async (): Promise<void> => {
  stop = await provideTestBrokers();
};

export const teardown = async (): Promise<void> => {
  await stop?.();
};
