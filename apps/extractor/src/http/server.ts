import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';
import { createApp } from './app.js';
import { loadPage } from './page.js';
import type { ServiceView } from './service-view.js';
import type { TriggerRouteOptions } from './trigger-route.js';

export interface HttpServerOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on. @default all of the machine's, IPv6 and IPv4 */
  readonly host?: string | undefined;
  readonly view: ServiceView;
  readonly trigger: TriggerRouteOptions;
}

/** A server that listens. */
export interface HttpServer extends AsyncDisposable {
  readonly port: number;
  /** For people: `http://host:port`. */
  readonly url: string;
  /** Ends it: requests under way get a moment to be answered. Idempotent. */
  close(): Promise<void>;
}

/** No answer takes longer than a moment, and no request has more than a kilobyte. */
const REQUEST_MS = 10_000;
const GOODBYE_MS = 250;

/**
 * Serves the service's status over HTTP (DESIGN 7.3).
 *
 * @throws ExtractorError `HTTP_UNAVAILABLE` where it cannot listen
 */
export const createHttpServer = async ({ port, host, view, trigger }: HttpServerOptions): Promise<HttpServer> => {
  const app = createApp({ view, page: await loadPage(), trigger });
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: REQUEST_MS / 2 },
    getRequestListener(app.fetch),
  );
  const address = await listen(server, port, host);
  // Such as too many open files when a connection comes: the next one may do better.
  server.on('error', (error) => trigger.logger.warn({ error: describeError(error) }, '⚠️ HTTP: a connection failed'));

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      const cut = setTimeout(() => server.closeAllConnections(), GOODBYE_MS);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      server.closeIdleConnections();
    });
    return closing;
  };
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { port: address.port, url: `http://${shown}:${address.port}`, close, [Symbol.asyncDispose]: close };
};

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'Another program listens there. Stop it, or set HEALTH_PORT to another port (0 takes a free one, off does without)',
  EACCES: 'This user may not use that port. Set HEALTH_PORT to one from 1024 on',
  EADDRNOTAVAIL: 'This machine does not have that address. Set HEALTH_HOST to one that it has, or leave it out',
  ENOTFOUND: 'That name is not known. Set HEALTH_HOST to an address of this machine, or leave it out',
};

const listen = (server: Server, port: number, host: string | undefined): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const where = host === undefined ? `port ${port}` : `${host}, port ${port}`;
      const advice = ADVICE[errorCodeOf(error) ?? ''] ?? 'Check HEALTH_PORT and HEALTH_HOST';
      reject(
        new ExtractorError(
          'HTTP_UNAVAILABLE',
          `HTTP cannot be served on ${where}: ${describeError(error)}. ${advice}.`,
          { port },
          { cause: error },
        ),
      );
    };
    server.once('error', fail);
    server.listen({ port, host }, () => {
      server.off('error', fail);
      resolve(server.address() as AddressInfo);
    });
  });
