/** The exchange that the platform's consumers bind to. See docs/wire-contract.md. */
export const PLATFORM_EXCHANGE = 'discogsography-exchange';

/** The queues of the platform's consumers; `{type}` stands for the data type. */
export const PLATFORM_QUEUES: readonly string[] = ['graphinator', 'tableinator'].map(
  (consumer) => `discogsography-${consumer}-{type}`,
);
