/** Where the platform's consumers look for records (DESIGN 2.3). */
export const PLATFORM_EXCHANGE = 'discogsography-exchange';

/** The queues of each data type; `{type}` stands for its name. */
export const PLATFORM_QUEUES: readonly string[] = ['graphinator', 'tableinator'].map(
  (consumer) => `discogsography-${consumer}-{type}`,
);
