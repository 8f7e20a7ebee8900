import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { BrokerAddress } from '../broker-address.js';

/** What answers at a port. */
export type Peer =
  /** AMQP 0-9-1, as it should be. */
  | { readonly kind: 'amqp' }
  | { readonly kind: 'tls' }
  /** `name` for people: HTTP, another version of AMQP, or how its first line begins. */
  | { readonly kind: 'other'; readonly name: string }
  /** It accepts connections, but sends nothing, or closes them. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'closing' }
  /** No connection. */
  | { readonly kind: 'unreachable' };

const AMQP_HEADER = Buffer.from('AMQP\0\0\x09\x01', 'latin1');
/** Some servers wait for the end of a line, or of a header of HTTP, before they complain. */
const END_OF_HTTP_HEADER = '\r\n\r\n';
const MAX_WAIT_MS = 1_000;
const MAX_SHOWN_CHARACTERS = 40;

/** The first bytes that a peer sends after a greeting; what happened if there are none. */
type Answer = Buffer | 'silent' | 'closing' | 'unreachable';

const greet = (socket: Socket, connectedEvent: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve) => {
    let isConnected = false;
    let isGreeted = false;
    const end = (answer: Answer): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(answer);
    };
    const onAbort = (): void => end('unreachable');
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    socket.once('connect', () => {
      isConnected = true;
    });
    const endWithout = (): void => end(isConnected ? 'closing' : 'unreachable');
    socket.once(connectedEvent, () => socket.write(AMQP_HEADER));
    socket.setTimeout(MAX_WAIT_MS).on('timeout', () => {
      if (!isConnected || isGreeted) return end(isConnected ? 'silent' : 'unreachable');
      isGreeted = true;
      socket.write(END_OF_HTTP_HEADER);
    });
    socket.once('data', end);
    socket.once('error', endWithout);
    socket.once('close', endWithout);
  });

/** Whether a TLS handshake gets an answer that is TLS, be it a refusal. */
const speaksTls = (options: ConnectionOptions, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTls({ ...options, rejectUnauthorized: false });
    const end = (isTls: boolean): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(isTls);
    };
    const onAbort = (): void => end(false);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    socket.setTimeout(MAX_WAIT_MS, onAbort);
    socket.once('secureConnect', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) => end(/_ALERT_/.test(error.code ?? '')));
    socket.once('close', onAbort);
  });

const recognize = (bytes: Buffer): Peer => {
  const text = bytes.toString('latin1');
  // A method frame on channel 0: `connection.start`.
  if (text.startsWith('\x01\0\0')) return { kind: 'amqp' };
  if (text.startsWith('\x15\x03')) return { kind: 'tls' };
  if (text.startsWith('HTTP/')) return { kind: 'other', name: 'HTTP' };
  if (text.startsWith('AMQP')) {
    return { kind: 'other', name: `another version of AMQP than 0-9-1 (${[...bytes.subarray(4, 8)].join('.')})` };
  }
  const line = text.split(/[\r\n]/)[0]?.replaceAll(/[^\x20-\x7e]/g, '?');
  return { kind: 'other', name: `another protocol (it sent ${JSON.stringify(line?.slice(0, MAX_SHOWN_CHARACTERS))})` };
};

/**
 * Finds out what answers at the address of a broker, with connections of its own. Takes a few seconds at most.
 * @param tls - greets over TLS, with these options
 */
export const identifyPeer = async (
  { hostname, port }: Pick<BrokerAddress, 'hostname' | 'port'>,
  tls: ConnectionOptions | undefined,
  signal: AbortSignal,
): Promise<Peer> => {
  const target = { host: hostname, port };
  const answer = tls
    ? await greet(connectTls({ ...tls, ...target }), 'secureConnect', signal)
    : await greet(connectTcp(target), 'connect', signal);
  if (Buffer.isBuffer(answer)) return recognize(answer);
  if (answer === 'unreachable' || tls) return { kind: answer };
  const servername = isIP(hostname) === 0 ? hostname : undefined;
  return (await speaksTls({ ...target, ...(servername !== undefined && { servername }) }, signal))
    ? { kind: 'tls' }
    : { kind: answer };
};
