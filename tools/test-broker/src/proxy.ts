import { connect, createServer, type Socket } from 'node:net';

/** Bytes waiting out their delay before the sender is asked to pause. */
const MAX_DELAYED_BYTES = 8 << 20;

/** A TCP path that can be injured. */
export interface TcpProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Bytes passed from clients to the target so far. */
  readonly bytesUp: number;
  /** Cuts every connection now. Not one byte passes in either direction after that, on these connections. */
  cut(): void;
  /**
   * Lets `bytes` more pass from the clients to the target and then cuts, in the middle of a frame most likely.
   * Resolves at the cut.
   */
  cutAfter(bytes: number): Promise<void>;
  /** Passes nothing, in either direction, and closes nothing. New connections stall too. */
  stall(): void;
  resume(): void;
  /** Delays every byte by so many milliseconds in each direction. */
  setDelay(milliseconds: number): void;
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
  let stalled = false;
  let refusing = false;
  let delay = 0;
  let bytesUp = 0;
  let cutAt: { bytes: number; done: () => void } | undefined;

  const drop = (link: Link): void => {
    link.cut = true;
    links.delete(link);
    link.client.destroy();
    link.upstream.destroy();
  };
  const cut = (): void => {
    for (const link of [...links]) drop(link);
  };

  /** What is left of a chunk on its way to the target; the rest is beyond a cut. */
  const beforeCut = (link: Link, chunk: Buffer): Buffer => {
    if (!cutAt || chunk.length < cutAt.bytes) {
      if (cutAt) cutAt.bytes -= chunk.length;
      return chunk;
    }
    const { bytes, done } = cutAt;
    cutAt = undefined;
    const rest = chunk.subarray(0, bytes);
    // From here on nothing more passes, but the bytes before the cut must still arrive.
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
    // One queue and one timer: a shorter delay set later must not let new bytes overtake older ones.
    const delayed: { due: number; chunk: Buffer }[] = [];
    let delayedBytes = 0;
    let waiting = false;
    const write = (chunk: Buffer): void => {
      if (link.cut || to.destroyed) return;
      const passing = up ? beforeCut(link, chunk) : chunk;
      if (up) bytesUp += passing.length;
      if (passing.length > 0 && !to.write(passing)) from.pause();
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
        if (delayedBytes <= MAX_DELAYED_BYTES && !stalled) from.resume();
        write(first.chunk);
      }
    };
    to.on('drain', () => {
      if (!stalled) from.resume();
    });
    from.on('data', (chunk) => {
      if (link.cut) return;
      if (delay === 0 && delayed.length === 0) return write(chunk);
      delayed.push({ due: performance.now() + delay, chunk });
      delayedBytes += chunk.length;
      if (delayedBytes > MAX_DELAYED_BYTES) from.pause();
      if (waiting) return;
      waiting = true;
      setTimeout(release, delay);
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
      // Paused by a full buffer that nobody will drain any more, it would never notice its own end.
      if (!stalled) to.resume();
    });
  };

  const server = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    client.setNoDelay(true);
    const upstream = connect({ ...target, noDelay: true });
    const link: Link = { client, upstream, cut: false };
    links.add(link);
    forward(link, client, upstream, true);
    forward(link, upstream, client, false);
    if (stalled) {
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
    stall() {
      stalled = true;
      for (const { client, upstream } of links) {
        client.pause();
        upstream.pause();
      }
    },
    resume() {
      stalled = false;
      for (const { client, upstream } of links) {
        client.resume();
        upstream.resume();
      }
    },
    setDelay(milliseconds) {
      delay = milliseconds;
    },
    setRefusing(value) {
      refusing = value;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
