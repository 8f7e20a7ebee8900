import { createServer } from 'node:net';
import { until } from '@discogs-extractor/test-broker';
import { type RunningCli, startCli } from './cli.js';

/** `discogs-extractor run` as a separate process, and its HTTP interface. */
export interface RunningService extends RunningCli, AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly request: (path: string, options?: RequestInit) => Promise<Response>;
  readonly json: (path: string, options?: RequestInit) => Promise<Record<string, unknown>>;
  /** Waits until `/health` has this `extraction_status`. */
  readonly reaches: (status: string) => Promise<Record<string, unknown>>;
}

/** Starts it on a free port of the loopback interface, and waits until it listens. */
export const startService = async (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<RunningService> => {
  const cli = startCli(['run', ...args], { env: { HEALTH_PORT: '0', HEALTH_HOST: '127.0.0.1', ...env } });
  const line = await cli.says('Status page on ');
  const url = /"url":"(http:\/\/127\.0\.0\.1:\d+)"/.exec(line)?.[1];
  if (url === undefined) throw new Error(`No address in ${line}`);
  const request = (path: string, options?: RequestInit): Promise<Response> =>
    fetch(url + path, { signal: AbortSignal.timeout(10_000), ...options });
  const json = async (path: string, options?: RequestInit): Promise<Record<string, unknown>> =>
    (await (await request(path, options)).json()) as Record<string, unknown>;
  return {
    ...cli,
    url,
    request,
    json,
    reaches: (status) =>
      until(
        () => json('/health'),
        ({ extraction_status }) => extraction_status === status,
      ),
    [Symbol.asyncDispose]: async () => {
      cli.process.kill('SIGTERM');
      await cli.ended;
    },
  };
};

/** A free port of the loopback interface. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
