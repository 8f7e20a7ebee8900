import { provideSharedBroker } from './shared-broker.js';

let end: (() => Promise<void>) | undefined;

/** vitest calls this once before a project's tests. */
export const setup = async (): Promise<void> => {
  end = await provideSharedBroker();
};

export const teardown = async (): Promise<void> => {
  await end?.();
};
