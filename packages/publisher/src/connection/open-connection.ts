import { abortable } from '@discogs-extractor/internal/abort';
import { type ChannelModel, connect, credentials } from 'amqplib';
import { PublisherError } from '../errors.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { loadTls } from './load-tls.js';

/** A connection that the broker has accepted. */
export interface OpenConnection {
  readonly model: ChannelModel;
  /** Why the broker blocks publishing; `undefined` if it does not. */
  readonly blockedReason: string | undefined;
}

/** Where sessions get their connection from. */
export interface ConnectionSource {
  /** Resolves with a connection; rejects with the signal's reason if that aborts first. */
  connect(signal: AbortSignal): Promise<OpenConnection>;
  /** The same for a second connection of the session, which nothing is published on. Absent if there can be none. */
  connectForChecks?(signal: AbortSignal): Promise<OpenConnection>;
  /**
   * Cuts a connection that does not respond, for all of its sessions. Absent if each session has its own one, which it
   * cuts by aborting the signal of `connect`.
   */
  cut?(connection: OpenConnection, reason: Error): void;
}

/** The options of a connection. */
export type ResolvedConnectionOptions = Pick<
  ResolvedOptions,
  'address' | 'heartbeatMs' | 'connectionName' | 'tls' | 'connectTimeoutMs'
>;

/** How long the broker may take to close a connection before the socket is cut. */
export const MAX_CLOSE_MS = 2_000;

const noop = (): void => {};

/** @param signal - destroys the socket at every stage, including the handshake, for which amqplib has no other way */
const openConnection = async (
  { address, heartbeatMs, connectionName, tls, connectTimeoutMs }: ResolvedConnectionOptions,
  signal: AbortSignal,
): Promise<OpenConnection> => {
  const { frameMax, channelMax, authMechanism } = address.parameters;
  const tlsOptions = address.protocol === 'amqps' ? await loadTls(tls) : {};
  const model = await connect(
    {
      protocol: address.protocol,
      hostname: address.hostname,
      port: address.port,
      username: address.username,
      password: address.password,
      // amqplib decodes it again.
      vhost: encodeURIComponent(address.vhost),
      heartbeat: heartbeatMs / 1_000,
      ...(frameMax !== undefined && { frameMax }),
      ...(channelMax !== undefined && { channelMax }),
    },
    {
      ...tlsOptions,
      ...(authMechanism === 'external' && { credentials: credentials.external() }),
      noDelay: true,
      timeout: connectTimeoutMs,
      signal,
      ...(connectionName !== undefined && { clientProperties: { connection_name: connectionName } }),
    } as Parameters<typeof connect>[1] & { recovery?: never },
  );
  const connection = { model, blockedReason: undefined as string | undefined };
  // amqplib emits errors even after the end, so there is always a listener.
  model.on('error', noop);
  model.on('blocked', (reason: string) => {
    connection.blockedReason = reason;
  });
  model.on('unblocked', () => {
    connection.blockedReason = undefined;
  });
  return connection;
};

/** Connections of its own for each session. */
export const createOwnConnections = (options: ResolvedConnectionOptions): ConnectionSource => {
  const { connectionName: name } = options;
  const forChecks = { ...options, connectionName: name === undefined ? undefined : `${name} (checks)` };
  return {
    connect: (signal) => openConnection(options, signal),
    connectForChecks: (signal) => openConnection(forChecks, signal),
  };
};

interface SharedSocket {
  readonly opening: Promise<OpenConnection>;
  /** Aborting destroys the socket. */
  readonly socket: AbortController;
}

/** One connection for the sessions of several publishers. After a loss, the first session that asks opens another. */
export class SharedConnection implements ConnectionSource {
  readonly #options: ResolvedConnectionOptions;
  #current: SharedSocket | undefined;
  #isClosed = false;

  constructor(options: ResolvedConnectionOptions) {
    this.#options = options;
  }

  connect(signal: AbortSignal): Promise<OpenConnection> {
    if (this.#isClosed) return Promise.reject(new PublisherError('CLOSED', 'The connection is closed'));
    this.#current ??= this.#open();
    return abortable(this.#current.opening, signal);
  }

  cut({ model }: OpenConnection, reason: Error): void {
    // Each session listens, and so learns the reason; that of the socket would only be that it was aborted.
    model.emit('error', reason);
  }

  /** Closes the connection in agreement with the broker, which has a short time to respond. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const current = this.#current;
    if (current === undefined) return;
    const timer = setTimeout(() => current.socket.abort(), MAX_CLOSE_MS);
    try {
      const { model } = await current.opening;
      await abortable(model.close(), current.socket.signal);
    } catch {
      // It is lost, or the broker did not respond.
    } finally {
      clearTimeout(timer);
      current.socket.abort();
    }
  }

  #open(): SharedSocket {
    const { connectTimeoutMs } = this.#options;
    const socket = new AbortController();
    const timer = setTimeout(
      () => socket.abort(new Error(`No connection within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    const current = { socket, opening: abortable(openConnection(this.#options, socket.signal), socket.signal) };
    const forget = (): void => {
      socket.abort();
      if (this.#current === current) this.#current = undefined;
    };
    current.opening
      .then(({ model }) => {
        // Sessions that share it listen to it too.
        model.setMaxListeners(0);
        model.on('error', forget);
        model.on('close', forget);
      }, forget)
      .finally(() => clearTimeout(timer));
    return current;
  }
}
