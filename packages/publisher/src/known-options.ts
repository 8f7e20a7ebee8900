import { PublisherError } from './errors.js';
import type { PublisherOptions } from './options.js';

const NAMES: Readonly<Record<keyof PublisherOptions, true>> = {
  url: true,
  exchange: true,
  queues: true,
  properties: true,
  maxInFlight: true,
  maxBytes: true,
  backoff: true,
  connectAttempts: true,
  reconnectAttempts: true,
  connectTimeout: true,
  heartbeat: true,
  confirmTimeout: true,
  nackAttempts: true,
  nackBackoff: true,
  topologyCheckInterval: true,
  topologyCheckCounts: true,
  connectionName: true,
  tls: true,
  signal: true,
  onConfirmed: true,
  onEvent: true,
};

/** Refuses a name that is no option: a misspelt one would silently not count. @throws PublisherError `INVALID_OPTIONS` */
export const assertKnownOptions = (options: object): void => {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) {
      throw new PublisherError(
        'INVALID_OPTIONS',
        `${name} is no option; there are only ${Object.keys(NAMES).join(', ')}`,
      );
    }
  }
};
