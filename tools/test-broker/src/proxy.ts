import { connect, createServer, type Socket } from 'node:net';

/** The sender is paused when more bytes than this are being delayed. */
const MAX_DELAYED_BYTES = 8 << 20;

/** A TCP proxy that can cut, stall, delay and refuse connections. */
export interface TcpProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Bytes passed from clients to the target so far. */
  readonly bytesUp: number;
  /** Cuts every open connection. Not one byte passes on them afterwards, in either direction. */
  cut(): void;
  /**
   * Lets `bytes` more pass from the clients to the target and then cuts, most likely within a frame. Resolves when
   * it has cut.
   */
  cutAfter(bytes: number): Promise<void>;
  /** Stops passing bytes in both directions without closing anything. New connections stall too. */
  stall(): void;
  /** Lets at least `bytes` more pass from the clients to the target and then stalls: nothing that follows is answered. */
  stallAfter(bytes: number): void;
  resume(): void;
  /** Delays every byte by `delayMs` in each direction. */
  setDelay(delayMs: number): void;
  /** Refuses (or accepts again) new connections; open ones stay. */
  setRefusing(refusing: boolean): void;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  cut: boolean;
}

/** Starts a proxy on a free loopback port. */
export const startProxy = async (target: { host: string; port: number }): Promise<TcpProxy> => {
  const links = new Set<Link>();
  let isStalled = false;
  let isRefusing = false;
  let delayMs = 0;
  let bytesUp = 0;
  let cutAt: { bytes: number; done: () => void } | undefined;
  let stallAt = Number.POSITIVE_INFINITY;

  const drop = (link: Link): void => {
    link.cut = true;
    links.delete(link);
    link.client.destroy();
    link.upstream.destroy();
  };
  const cut = (): void => {
    for (const link of [...links]) drop(link);
  };

  const stall = (): void => {
    isStalled = true;
    for (const { client, upstream } of links) {
      client.pause();
      upstream.pause();
    }
  };

  /** Returns the part of a chunk that passes before the next cut, and cuts if the chunk reaches it. */
  const beforeCut = (link: Link, chunk: Buffer): Buffer => {
    if (!cutAt || chunk.length < cutAt.bytes) {
      if (cutAt) cutAt.bytes -= chunk.length;
      return chunk;
    }
    const { bytes, done } = cutAt;
    cutAt = undefined;
    const rest = chunk.subarray(0, bytes);
    // Nothing more passes from here on, but the bytes before the cut must still arrive.
    for (const other of [...links]) if (other !== link) drop(other);
    link.cut = true;
    links.delete(link);
    link.client.destroy();
    link.upstream.write(rest, () => {
      link.upstream.destroy();
      done();
    });
    return rest.subarray(0, 0);
  };

  const forward = (link: Link, from: Socket, to: Socket, up: boolean): void => {
    // One queue and one timer, so that bytes after a change to a shorter delay cannot overtake earlier ones.
    const delayed: { due: number; chunk: Buffer }[] = [];
    let delayedBytes = 0;
    let waiting = false;
    const write = (chunk: Buffer): void => {
      if (link.cut || to.destroyed) return;
      const passing = up ? beforeCut(link, chunk) : chunk;
      if (up) bytesUp += passing.length;
      if (passing.length > 0 && !to.write(passing)) from.pause();
      if (bytesUp < stallAt) return;
      stallAt = Number.POSITIVE_INFINITY;
      stall();
    };
    const release = (): void => {
      waiting = false;
      for (;;) {
        const first = delayed[0];
        if (!first || link.cut) return;
        const wait = first.due - performance.now();
        if (wait > 0) {
          waiting = true;
          setTimeout(release, wait);
          return;
        }
        delayed.shift();
        delayedBytes -= first.chunk.length;
        if (delayedBytes <= MAX_DELAYED_BYTES && !isStalled) from.resume();
        write(first.chunk);
      }
    };
    to.on('drain', () => {
      if (!isStalled) from.resume();
    });
    from.on('data', (chunk) => {
      if (link.cut) return;
      if (delayMs === 0 && delayed.length === 0) return write(chunk);
      delayed.push({ due: performance.now() + delayMs, chunk });
      delayedBytes += chunk.length;
      if (delayedBytes > MAX_DELAYED_BYTES) from.pause();
      if (waiting) return;
      waiting = true;
      setTimeout(release, delayMs);
    });
    from.on('end', () => {
      if (!link.cut) to.end();
    });
    from.on('error', () => drop(link));
    from.on('close', () => {
      if (to.destroyed) {
        links.delete(link);
        return;
      }
      to.end();
      // A socket that is paused because of a full buffer would never notice its end, since the buffer no longer drains.
      if (!isStalled) to.resume();
    });
  };

  const server = createServer((client) => {
    if (isRefusing) {
      client.destroy();
      return;
    }
    client.setNoDelay(true);
    const upstream = connect({ ...target, noDelay: true });
    const link: Link = { client, upstream, cut: false };
    links.add(link);
    forward(link, client, upstream, true);
    forward(link, upstream, client, false);
    if (isStalled) {
      client.pause();
      upstream.pause();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });

  const close = async (): Promise<void> => {
    cut();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    host: '127.0.0.1',
    port: (server.address() as { port: number }).port,
    get connections() {
      return links.size;
    },
    get bytesUp() {
      return bytesUp;
    },
    cut,
    cutAfter: (bytes) =>
      new Promise((done) => {
        cutAt = { bytes, done };
      }),
    stall,
    stallAfter(bytes) {
      stallAt = bytesUp + bytes;
    },
    resume() {
      isStalled = false;
      for (const { client, upstream } of links) {
        client.resume();
        upstream.resume();
      }
    },
    setDelay(value) {
      delayMs = value;
    },
    setRefusing(value) {
      isRefusing = value;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
