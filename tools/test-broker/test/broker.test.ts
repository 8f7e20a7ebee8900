import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startBrokerPool } from '../src/broker-pool.js';
import {
  countMessages,
  deleteQueue,
  drainQueue,
  purgeQueue,
  startBroker,
  startNewBroker,
  type TestBroker,
  uniqueTopology,
  until,
  withConnection,
} from '../src/index.js';
import { leaseBroker } from '../src/leased-broker.js';
import { findFreePorts } from '../src/ports.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startNewBroker();
});
afterAll(async () => {
  await broker?.close();
});

const refusesConnections = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });

const fill = (url: string, queue: string, count: number): Promise<void> =>
  withConnection(url, async (connection) => {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(queue);
    for (let n = 1; n <= count; n++) channel.sendToQueue(queue, Buffer.from(String(n)), { persistent: true });
    await channel.waitForConfirms();
  });

describe('queues', () => {
  it('are drained in order and are empty afterwards', async () => {
    const queue = uniqueTopology().queue('q');
    await fill(broker.url, queue, 2_500);
    expect(await countMessages(broker.url, queue)).toBe(2_500);
    const drained = await drainQueue(broker.url, queue);
    expect(drained.map((it) => Number(it.body.toString()))).toEqual(Array.from({ length: 2_500 }, (_, i) => i + 1));
    expect(drained[0]?.properties.deliveryMode).toBe(2);
    expect(await drainQueue(broker.url, queue)).toEqual([]);
    await fill(broker.url, queue, 3);
    await purgeQueue(broker.url, queue);
    expect(await countMessages(broker.url, queue)).toBe(0);
    await deleteQueue(broker.url, queue);
  });
});

describe('a started broker', () => {
  it('notifies its clients when its application stops, and starts it again', async () => {
    const connection = await connect(broker.url);
    connection.on('error', () => {});
    const closed = once(connection, 'close');
    await broker.stopApp();
    const [error] = await closed;
    expect((error as { code: number }).code).toBe(320);
    await broker.startApp();
    await withConnection(broker.url, async () => {});
  });

  it('closes channels and connections of its clients', async () => {
    const connection = await connect(broker.url);
    connection.on('error', () => {});
    const channel = await connection.createChannel();
    const channelError = once(channel, 'error');
    // RabbitMQ lists a new channel after some delay.
    await until(
      () => broker.evaluate('rabbit_channel:list().'),
      (channels) => channels !== '[]',
    );
    await broker.closeChannels();
    const [error] = await Promise.race([channelError, sleep(10_000, [])]);
    expect((error as { code: number } | undefined)?.code).toBe(406);
    const closed = once(connection, 'close');
    await broker.closeConnections();
    await closed;
  });

  it('blocks publishers under a memory alarm until it is cleared', async () => {
    const connection = await connect(broker.url);
    connection.on('error', () => {});
    const channel = await connection.createChannel();
    const blocked = once(connection, 'blocked');
    await broker.setMemoryAlarm();
    channel.publish('', 'nowhere', Buffer.from('x'));
    await blocked;
    const unblocked = once(connection, 'unblocked');
    await broker.clearMemoryAlarm();
    await unblocked;
    await connection.close();
  });

  it('creates and deletes virtual hosts and users', async () => {
    await broker.createVhost('a/b %');
    await broker.createUser('someone', 'p@ss:w/rd', { vhost: 'a/b %' });
    const url = broker.urlFor({ vhost: 'a/b %', username: 'someone', password: 'p@ss:w/rd' });
    await withConnection(url, async (connection) => (await connection.createChannel()).assertQueue('q'));
    await broker.deleteUser('someone');
    await broker.deleteVhost('a/b %');
    await expect(connect(url)).rejects.toThrow();
  });

  it('runs in its own folder, to which Erlang writes what crashes', async () => {
    const folder = await broker.evaluate('element(2, file:get_cwd()).');
    expect(folder).toBe(await broker.evaluate('os:getenv("HOME").'));
    expect(folder).toContain('test-broker-');
  });

  it('does not outlive a process that is killed', async () => {
    const script = fileURLToPath(new URL('start-tethered.ts', import.meta.url));
    // Another program than RabbitMQ, which takes seconds to start.
    const [port] = (await findFreePorts(1)) as [number];
    const program = `require('node:net').createServer().listen(${port}, '127.0.0.1')`;
    const log = join(await mkdtemp(join(tmpdir(), 'tethered-')), 'log');
    onTestFinished(() => rm(dirname(log), { recursive: true, force: true }));
    const child = execFile(process.execPath, ['--import', 'tsx', script, log, process.execPath, '-e', program]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await until(async () => !(await refusesConnections(port)));
    child.kill('SIGKILL');
    await until(() => refusesConnections(port));
  });
});

describe('an external broker', () => {
  it('is used as it is and can neither be stopped nor blocked', async () => {
    const before = process.env['TEST_AMQP_URL'];
    process.env['TEST_AMQP_URL'] = broker.url;
    try {
      await using external = await startBroker();
      expect(external).toMatchObject({ origin: 'external', port: broker.port, url: broker.url });
      await expect(external.kill9()).rejects.toMatchObject({ code: 'NOT_OWNED' });
      await expect(external.setMemoryAlarm()).rejects.toMatchObject({ code: 'NOT_OWNED' });
      await expect(external.ctl('status')).rejects.toMatchObject({ code: 'NOT_OWNED' });
    } finally {
      if (before === undefined) delete process.env['TEST_AMQP_URL'];
      else process.env['TEST_AMQP_URL'] = before;
    }
    await withConnection(broker.url, async () => {});
  });
});

describe('a pool of brokers', () => {
  const lastOf = <T>(list: readonly T[]): T => list.at(-1)!;

  it('lends a broker to one borrower at a time, resets it in between, and starts another if it was killed', async () => {
    const started: TestBroker[] = [];
    const pool = await startBrokerPool(async () => {
      if (started.length > 0) await broker.start();
      started.push({ ...broker, close: async () => {} });
      return lastOf(started);
    });
    try {
      const first = await leaseBroker(pool.address);
      expect(first).toMatchObject({ url: broker.url, port: broker.port });
      await fill(first.url, 'left-over', 10);
      await first.createVhost('left-over');
      await first.createUser('left-over', 'secret', { vhost: 'left-over' });
      await first.enablePlugins('rabbitmq_consistent_hash_exchange');
      await first.setMemoryAlarm();
      await expect(first.ctl('no_such_command')).rejects.toMatchObject({ code: 'CONTROL_FAILED' });

      // It waits for the first: this pool has no second broker to start.
      await first.close();
      const second = await leaseBroker(pool.address);
      expect(started).toHaveLength(1);
      expect((await second.ctl('list_vhosts')).trim().split('\n').slice(1)).toEqual(['/']);
      const users = '[proplists:get_value(user, User) || User <- rabbit_auth_backend_internal:list_users()].';
      expect(await second.evaluate(users)).toBe('[<<"guest">>]');
      expect(await second.evaluate('rabbit_amqqueue:list().')).toBe('[]');
      expect(await second.evaluate('rabbit_plugins:active().')).toBe('[]');
      await fill(second.url, 'durable', 100);
      // Confirmed messages are on the disk, but the queue's definition is written later, by another process.
      await second.evaluate('mnesia:sync_log().');

      await second.kill9();
      expect(await refusesConnections(second.port)).toBe(true);
      await second.close();
      const third = await leaseBroker(pool.address);
      expect(started).toHaveLength(2);
      // This pool's other broker is the same one, started again: a killed broker loses no durable message.
      expect(await countMessages(third.url, 'durable')).toBe(100);
      await third.close();
    } finally {
      await pool.close();
    }
  });

  it('takes a broker back from a process that is killed', async () => {
    const pool = await startBrokerPool(async () => ({ ...broker, close: async () => {} }));
    try {
      const script = fileURLToPath(new URL('lease-and-wait.ts', import.meta.url));
      const child = execFile(process.execPath, ['--import', 'tsx', script, pool.address]);
      await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
      await fill(broker.url, 'left-over', 1);
      child.kill('SIGKILL');
      const next = await leaseBroker(pool.address);
      await expect.poll(() => next.evaluate('rabbit_amqqueue:list().')).toBe('[]');
      await next.close();
    } finally {
      await pool.close();
    }
  });
});
