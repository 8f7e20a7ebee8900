import { abortable } from '@discogs-extractor/internal/abort';
import { type ChannelModel, connect, credentials } from 'amqplib';
import { PublisherError } from '../errors.js';
import type { BrokerNode, ResolvedOptions } from '../resolve-options.js';
import { loadTls } from './load-tls.js';
import { NodeRotation } from './node-rotation.js';

/** A connection that the broker has accepted. */
export interface OpenConnection {
  readonly model: ChannelModel;
  /** Why the broker blocks publishing; `undefined` if it does not. */
  readonly blockedReason: string | undefined;
}

/** A connection on its way. */
export interface Connecting {
  /** The node that it is made to. */
  readonly node: BrokerNode;
  /** Rejects with the reason of the signal if that aborts first. */
  readonly opened: Promise<OpenConnection>;
}

/** Where sessions get their connection from. */
export interface ConnectionSource {
  /** The order of the nodes. */
  readonly rotation: NodeRotation;
  /** Connects to the next node. */
  connect(signal: AbortSignal): Connecting;
  /** Makes a second connection for a session, which nothing is published on. Absent if there can be none. */
  connectForChecks?(node: BrokerNode, signal: AbortSignal): Promise<OpenConnection>;
  /**
   * Cuts a connection that does not respond, for all of its sessions. Absent if each session has its own one, which it
   * cuts by aborting the signal of `connect`.
   */
  cut?(connection: OpenConnection, reason: Error): void;
}

/** The options of a connection. */
export type ResolvedConnectionOptions = Pick<ResolvedOptions, 'nodes' | 'connectionName'>;

/** How long the broker may take to close a connection before the socket is cut. */
export const MAX_CLOSE_MS = 2_000;

const noop = (): void => {};

/** @param signal - destroys the socket at every stage, including the handshake, for which amqplib has no other way */
const openConnection = async (
  { address, heartbeatMs, tls, connectTimeoutMs }: BrokerNode,
  connectionName: string | undefined,
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
export const createOwnConnections = ({ nodes, connectionName: name }: ResolvedConnectionOptions): ConnectionSource => {
  const rotation = new NodeRotation(nodes);
  const nameForChecks = name === undefined ? undefined : `${name} (checks)`;
  return {
    rotation,
    connect: (signal) => {
      const node = rotation.take();
      return { node, opened: openConnection(node, name, signal) };
    },
    connectForChecks: (node, signal) => openConnection(node, nameForChecks, signal),
  };
};

interface SharedSocket extends Connecting {
  /** Aborting destroys the socket. */
  readonly socket: AbortController;
}

/** One connection for the sessions of several publishers. After a loss, the first session that asks opens another. */
export class SharedConnection implements ConnectionSource {
  readonly rotation: NodeRotation;
  readonly #connectionName: string | undefined;
  #current: SharedSocket | undefined;
  #isClosed = false;

  constructor({ nodes, connectionName }: ResolvedConnectionOptions) {
    this.rotation = new NodeRotation(nodes);
    this.#connectionName = connectionName;
  }

  connect(signal: AbortSignal): Connecting {
    if (this.#isClosed) throw new PublisherError('CLOSED', 'The connection is closed');
    this.#current ??= this.#open();
    const { node, opened } = this.#current;
    return { node, opened: abortable(opened, signal) };
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
      const { model } = await current.opened;
      await abortable(model.close(), current.socket.signal);
    } catch {
      // It is lost, or the broker did not respond.
    } finally {
      clearTimeout(timer);
      current.socket.abort();
    }
  }

  #open(): SharedSocket {
    const node = this.rotation.take();
    const { connectTimeoutMs } = node;
    const socket = new AbortController();
    const timer = setTimeout(
      () => socket.abort(new Error(`No connection within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    const opened = abortable(openConnection(node, this.#connectionName, socket.signal), socket.signal);
    const current = { socket, node, opened };
    const forget = (): void => {
      socket.abort();
      if (this.#current === current) this.#current = undefined;
    };
    opened
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
