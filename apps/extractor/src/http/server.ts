import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';
import { createApp } from './app.js';
import { loadPage } from './page.js';
import type { ServiceView } from './service-view.js';
import type { TriggerOptions } from './trigger-route.js';

export interface HttpServerOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on. @default every address of the machine, IPv6 and IPv4 */
  readonly host?: string | undefined;
  readonly view: ServiceView;
  readonly trigger: TriggerOptions;
}

/** A listening server. */
export interface HttpServer extends AsyncDisposable {
  readonly port: number;
  /** For people: `http://host:port`. */
  readonly url: string;
  /** Closes the server; requests in progress get {@link CLOSE_TIMEOUT_MS} to end. Idempotent. */
  close(): Promise<void>;
}

/** Time that a client has to send its request, in milliseconds; requests are small. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Time for requests in progress when the server is closed, in milliseconds. */
const CLOSE_TIMEOUT_MS = 250;

/**
 * Serves the service's status over HTTP.
 *
 * @throws ExtractorError `HTTP_UNAVAILABLE` if it cannot listen
 */
export const createHttpServer = async ({ port, host, view, trigger }: HttpServerOptions): Promise<HttpServer> => {
  const app = createApp({ view, page: await loadPage(), trigger });
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 2,
    },
    getRequestListener(app.fetch),
  );
  const address = await listen(server, port, host);
  // For example too many open files when a client connects: the next connection may succeed.
  server.on('error', (error) => trigger.logger.warn({ error: describeError(error) }, '⚠️ HTTP: a connection failed'));

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      const cut = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      server.closeIdleConnections();
    });
    return closing;
  };
  return { port: address.port, url: urlOf(address), close, [Symbol.asyncDispose]: close };
};

/** `0.0.0.0` and `::` are every address of the machine, and not ones to open in a browser. */
const urlOf = ({ address, family, port }: AddressInfo): string => {
  if (address === '::' || address === '0.0.0.0') return `http://localhost:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
};

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'Another program listens there. Stop it, or set HEALTH_PORT to another port (0: any free one; off: no HTTP)',
  EACCES: 'This user may not use that port. Set HEALTH_PORT to one from 1024 on',
  EADDRNOTAVAIL: 'This machine does not have that address. Set HEALTH_HOST to one of its addresses, or leave it unset',
  ENOTFOUND: 'That host name is unknown. Set HEALTH_HOST to an address of this machine, or leave it unset',
};

const listen = (server: Server, port: number, host: string | undefined): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const where = host === undefined ? `port ${port}` : `${host}, port ${port}`;
      const advice = ADVICE[errorCodeOf(error) ?? ''] ?? 'Check HEALTH_PORT and HEALTH_HOST';
      reject(
        new ExtractorError('HTTP_UNAVAILABLE', `Cannot serve HTTP on ${where}: ${describeError(error)}. ${advice}.`, {
          facts: { port },
          cause: error,
        }),
      );
    };
    server.once('error', fail);
    server.listen({ port, host }, () => {
      server.off('error', fail);
      resolve(server.address() as AddressInfo);
    });
  });
