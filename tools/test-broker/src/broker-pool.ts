import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestBroker } from './broker.js';
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
import { ACTOR, ALL_PERMISSIONS, permissionsOf } from './owned-broker.js';

/**
 * Makes a broker as good as new: no connections, queues, exchanges, users or policies of the last lease, no alarm, and
 * the default limits.
 */
const RESET = `
  [rabbit_vhost:delete(Name, ${ACTOR}) || Name <- rabbit_vhost:list_names()],
  [rabbit_auth_backend_internal:delete_user(proplists:get_value(user, User), ${ACTOR})
    || User <- rabbit_auth_backend_internal:list_users(), proplists:get_value(user, User) =/= <<"guest">>],
  ok = rabbit_vhost:add(<<"/">>, ${ACTOR}),
  ${permissionsOf('guest', '/', ALL_PERMISSIONS)},
  application:set_env(rabbit, max_message_size, 134217728),
  vm_memory_monitor:set_vm_memory_high_watermark(0.6),
  ok.`;

/** A server that lends brokers to the processes of a test run. */
export interface BrokerPool {
  /** `HOST:PORT`, for `leaseBroker`. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Starts a pool. A connection to it is a lease: it gets a broker of its own, which no other process uses until the
 * connection ends. A broker takes ten seconds to start, so one that is returned is reset and lent again.
 *
 * @param startNewBroker - starts a broker when none is free
 */
export const startBrokerPool = async (startNewBroker: () => Promise<TestBroker>): Promise<BrokerPool> => {
  const free: Promise<TestBroker>[] = [];
  const all = new Set<TestBroker>();
  const leases = new Set<Promise<void>>();
  const sockets = new Set<Socket>();

  const startOne = async (): Promise<TestBroker> => {
    const broker = await startNewBroker();
    all.add(broker);
    return broker;
  };
  const discard = async (broker: TestBroker): Promise<void> => {
    all.delete(broker);
    await broker.close();
  };
  const reset = async (broker: TestBroker, hasPlugins: boolean): Promise<TestBroker> => {
    try {
      if (hasPlugins) await broker.enablePlugins();
      const result = await broker.evaluate(RESET);
      if (result.trim() === 'ok') return broker;
    } catch {
      // It was killed or stopped, or is another version of RabbitMQ than the expression is written for.
    }
    await discard(broker);
    return startOne();
  };

  const lend = async (socket: Socket): Promise<void> => {
    const ended = once(socket, 'close');
    let broker: TestBroker;
    try {
      broker = await (free.shift() ?? startOne());
    } catch (error) {
      writeMessage<LeaseGrant>(socket, { error: describe(error) });
      socket.end();
      return;
    }
    const { origin, host, port } = broker;
    writeMessage<LeaseGrant>(socket, { origin, host, port });
    const calls = new Set<Promise<void>>();
    let hasPlugins = false;
    readMessages<LeaseCall>(createInterface(socket), ({ id, method, args }) => {
      hasPlugins ||= method === 'enablePlugins';
      const call = callMethod(broker, method, args)
        .then(
          (result): LeaseReply => ({ id, result }),
          (error): LeaseReply => ({ id, error: describe(error) }),
        )
        .then((reply) => {
          if (socket.writable) writeMessage(socket, reply);
        });
      calls.add(call);
      void call.finally(() => calls.delete(call));
    });
    await ended;
    await Promise.all(calls);
    // In the background: the next lease waits for it only if it comes at once.
    const next = reset(broker, hasPlugins);
    next.catch(() => {});
    free.push(next);
  };

  const server = createServer((socket) => {
    // A process that is killed resets its connection: that ends its lease like any other end.
    socket.on('error', () => {});
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const lease = lend(socket);
    leases.add(lease);
    void lease.finally(() => leases.delete(lease));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // The pool must not keep the test run alive.
  server.unref();
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.allSettled(leases);
      await Promise.allSettled(free);
      await Promise.all([...all].map((broker) => broker.close()));
    },
  };
};

const callMethod = async (broker: TestBroker, method: LeasedMethod, args: readonly unknown[]): Promise<unknown> => {
  if (!LEASED_METHODS.includes(method)) throw new TestBrokerError('CONTROL_FAILED', `A lease has no method ${method}`);
  return (broker[method] as (...args: unknown[]) => Promise<unknown>)(...args);
};

const describe = (error: unknown): LeaseError => ({
  code: error instanceof TestBrokerError ? error.code : 'CONTROL_FAILED',
  message: error instanceof Error ? error.message : String(error),
});
