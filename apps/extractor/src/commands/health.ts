import { isIPv6 } from 'node:net';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import { describeError, EXIT } from '../errors.js';

/** Time for the response, in milliseconds: a busy machine may take seconds. */
const TIMEOUT_MS = 8000;

/**
 * `discogs-extractor health`: whether the service with the same settings responds on this machine, for the health checks
 * of containers. A service without HTTP, or on a port that it picked itself, cannot be asked and counts as healthy.
 * Resolves with the exit status.
 */
export const healthCommand = async (sources: ConfigSources): Promise<number> => {
  const { healthPort: port, healthHost } = await loadConfig(sources, ['healthPort', 'healthHost']);
  if (port === 'off' || port === 0) {
    process.stdout.write(`Not checked: HEALTH_PORT is ${port}\n`);
    return EXIT.done;
  }
  const url = `http://${hostOf(healthHost)}:${port}/health`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    process.stdout.write(`${await response.text()}\n`);
    return response.ok ? EXIT.done : EXIT.failed;
  } catch (error) {
    process.stderr.write(`❌ No response from ${url}: ${describeError(error)}\n`);
    return EXIT.failed;
  }
};

/** The address to connect to; one that stands for all addresses includes the loopback one. */
const hostOf = (host: string | undefined): string => {
  if (host === undefined || host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return isIPv6(host) ? `[${host}]` : host;
};
