import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { amqpUrl, type TestBroker } from './broker.js';
import { TestBrokerError } from './errors.js';
import { readMessages, writeMessage } from './json-lines.js';
import {
  LEASED_METHODS,
  type LeaseCall,
  type LeasedMethod,
  type LeaseError,
  type LeaseGrant,
  type LeaseReply,
} from './lease-protocol.js';

/**
 * Borrows a broker from the pool at `address`. `close` returns it; so does the end of this process, however it ends.
 * @throws TestBrokerError what starting a broker throws
 */
export const leaseBroker = async (address: string): Promise<TestBroker> => {
  const [poolHost, poolPort] = address.split(':') as [string, string];
  const socket = connect(Number(poolPort), poolHost);
  const lines = createInterface(socket);
  const grant = await new Promise<LeaseGrant>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new TestBrokerError('START_FAILED', 'The pool of brokers has closed')));
    lines.once('line', (line) => resolve(JSON.parse(line) as LeaseGrant));
  });
  if (grant.error) throw toError(grant.error);

  const pending = new Map<number, { resolve: (result: unknown) => void; reject: (error: unknown) => void }>();
  readMessages<LeaseReply>(lines, ({ id, result, error }) => {
    const call = pending.get(id);
    pending.delete(id);
    if (error) call?.reject(toError(error));
    else call?.resolve(result);
  });
  socket.once('close', () => {
    for (const { reject } of pending.values()) {
      reject(new TestBrokerError('CONTROL_FAILED', 'The pool of brokers has closed'));
    }
  });
  let calls = 0;
  const call = (method: LeasedMethod, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++calls;
      pending.set(id, { resolve, reject });
      writeMessage<LeaseCall>(socket, { id, method, args });
    });
  const methods = Object.fromEntries(
    LEASED_METHODS.map((method) => [method, (...args: unknown[]) => call(method, args)]),
  ) as Pick<TestBroker, LeasedMethod>;

  const { origin, host, port } = grant;
  const urlFor: TestBroker['urlFor'] = (other) =>
    amqpUrl({ host, port, username: 'guest', password: 'guest', vhost: '/', ...other });
  const close = async (): Promise<void> => {
    if (socket.closed) return;
    const closed = once(socket, 'close');
    socket.end();
    await closed;
  };
  return { origin, url: urlFor({}), host, port, urlFor, ...methods, close, [Symbol.asyncDispose]: close };
};

const toError = ({ code, message }: LeaseError): TestBrokerError => new TestBrokerError(code, message);
