import type { DataType } from './data-type.js';

/** The exchange that the platform's consumers bind to. See docs/wire-contract.md. */
export const PLATFORM_EXCHANGE = 'discogsography-exchange';

/** The queues of the platform's consumers; `{type}` stands for the data type. */
export const PLATFORM_QUEUES: readonly string[] = ['graphinator', 'tableinator'].map(
  (consumer) => `discogsography-${consumer}-{type}`,
);

/** Begins the names of exchanges and queues of the platform since March 2026. */
export const PLATFORM_PREFIX = 'discogsography-discogs';

/** The queues that its consumers declare; `{prefix}` stands for {@link PLATFORM_PREFIX}, `{type}` for the data type. */
export const EXPECTED_QUEUES: readonly string[] = ['graphinator', 'tableinator'].map(
  (consumer) => `{prefix}-${consumer}-{type}`,
);

/** The name that a template stands for. @param template - `{type}` stands for the data type */
export const withDataType = (template: string, dataType: DataType): string => template.replaceAll('{type}', dataType);

/** The name of an expected queue. @param template - of {@link EXPECTED_QUEUES}, or the user's */
export const queueNameOf = (template: string, prefix: string, dataType: DataType): string =>
  withDataType(template.replaceAll('{prefix}', prefix), dataType);
