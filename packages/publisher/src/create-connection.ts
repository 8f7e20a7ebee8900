import { withLinkedAbort } from '@discogs-extractor/internal/abort';
import { awaitExpected } from './await-expected.js';
import { SharedConnection } from './connection/open-connection.js';
import { PublisherError } from './errors.js';
import { PUBLISHER_OPTION_NAMES, type PublisherOptions } from './options.js';
import type { CloseOptions, Publisher } from './publisher.js';
import { checks, resolveOptions } from './resolve-options.js';
import { WindowedPublisher } from './windowed-publisher.js';

/** What {@link createConnection} accepts; described at {@link PublisherOptions}. */
export type PublisherConnectionOptions = Pick<
  PublisherOptions,
  'url' | 'connectTimeoutMs' | 'heartbeatMs' | 'connectionName' | 'tls'
>;

/** The options of a publisher on a connection that is shared: all but those of the connection. */
export type ConnectedPublisherOptions = Omit<PublisherOptions, keyof PublisherConnectionOptions>;

const { url, connectTimeoutMs, heartbeatMs, connectionName, tls, ...CONNECTED_PUBLISHER_OPTION_NAMES } =
  PUBLISHER_OPTION_NAMES;
const CONNECTION_OPTION_NAMES: Readonly<Record<keyof PublisherConnectionOptions, true>> = {
  ...{ url, connectTimeoutMs, heartbeatMs, connectionName, tls },
};

/**
 * A connection that several publishers share. Each has its own channels, window, watermark, topology and events, and
 * fails or is closed by itself. When the connection is lost, they reconnect together, over a new one.
 */
export interface PublisherConnection extends AsyncDisposable {
  /**
   * Opens a publisher, like `createPublisher`; the first one makes the connection.
   * @throws PublisherError what `createPublisher` throws; `CLOSED` if the connection is closed
   */
  createPublisher(options: ConnectedPublisherOptions): Promise<Publisher>;
  /** Closes its publishers, each with these options, then the connection. May be called again. */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Prepares a connection for several publishers; the first of them connects.
 * @throws PublisherError `INVALID_OPTIONS`, `INVALID_URL`
 */
export const createConnection = (options: PublisherConnectionOptions): PublisherConnection => {
  checks.object('', options, CONNECTION_OPTION_NAMES);
  const connection = new SharedConnection(resolveOptions({ ...options, exchange: '' }));
  const publishers = new Set<WindowedPublisher>();
  const closed = new AbortController();
  let closing: Promise<void> | undefined;

  const close = (closeOptions: CloseOptions = {}): Promise<void> => {
    closed.abort(new PublisherError('CLOSED', 'The connection is closed'));
    closing ??= (async () => {
      try {
        await Promise.all([...publishers].map((publisher) => publisher.close(closeOptions)));
      } finally {
        await connection.close();
      }
    })();
    return closing;
  };

  return {
    createPublisher: async (own) => {
      checks.object('', own, CONNECTED_PUBLISHER_OPTION_NAMES);
      closed.signal.throwIfAborted();
      const resolved = resolveOptions({ ...options, ...own });
      await withLinkedAbort([resolved.signal, closed.signal], ({ signal }) =>
        awaitExpected({ ...resolved, signal }, connection),
      );
      const publisher = new WindowedPublisher(resolved, connection);
      publishers.add(publisher);
      void publisher.ended.then(() => publishers.delete(publisher));
      await publisher.start();
      return publisher;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
};
