import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxy, type TcpProxy, until } from '../src/index.js';

/** A server that collects what it receives and can send. */
let server: ReturnType<typeof createServer>;
let received: Buffer;
let sockets: Socket[];
let proxy: TcpProxy;
let clients: Socket[];

beforeEach(async () => {
  received = Buffer.alloc(0);
  sockets = [];
  clients = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await startProxy({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await proxy.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const client = async (): Promise<Socket> => {
  const { connect } = await import('node:net');
  const socket = connect(proxy.port, proxy.host);
  socket.on('error', () => {});
  clients.push(socket);
  await once(socket, 'connect');
  return socket;
};

describe('a proxy', () => {
  it('passes bytes both ways', async () => {
    const socket = await client();
    socket.write('up');
    await until(() => received.toString() === 'up');
    const down = once(socket, 'data');
    sockets[0]?.write('down');
    expect(String((await down)[0])).toBe('down');
    expect(proxy.bytesUp).toBe(2);
  });

  it('cuts after an exact number of bytes and passes none afterwards', async () => {
    const socket = await client();
    const closed = once(socket, 'close');
    let down = '';
    socket.on('data', (chunk) => {
      down += String(chunk);
    });
    const cut = proxy.cutAfter(7);
    socket.write('12345');
    await until(() => received.length === 5);
    socket.write('6789012');
    socket.write('more');
    await cut;
    sockets[0]?.write('late');
    await closed;
    await sleep(50);
    expect(received.toString()).toBe('1234567');
    expect(down).toBe('');
    expect(proxy.connections).toBe(0);
  });

  it('serves new connections after a cut', async () => {
    const first = await client();
    await until(() => proxy.connections === 1);
    const closed = once(first, 'close');
    proxy.cut();
    await closed;
    const second = await client();
    second.write('again');
    await until(() => received.toString() === 'again');
  });

  it('closes a connection that its target closed, even while the sender is paused', async () => {
    const socket = await client();
    await until(() => sockets.length === 1);
    sockets[0]?.pause();
    for (let n = 0; n < 200; n++) socket.write(Buffer.alloc(100_000));
    await sleep(50);
    sockets[0]?.destroy();
    await until(() => socket.closed);
    await until(() => proxy.connections === 0);
  });

  it('stalls open and new connections without closing them, and resumes', async () => {
    const first = await client();
    await until(() => sockets.length === 1);
    proxy.stall();
    first.write('a');
    const second = await client();
    second.write('b');
    await sleep(100);
    expect(received.length).toBe(0);
    expect(first.closed || second.closed).toBe(false);
    proxy.resume();
    await until(() => received.length === 2);
  });

  it('stalls after some bytes, so that what follows is neither passed on nor answered', async () => {
    const socket = await client();
    proxy.stallAfter(5);
    socket.write('12345');
    await until(() => received.length === 5);
    const answer = once(socket, 'data');
    sockets[0]!.write('answer');
    socket.write('more');
    await sleep(100);
    expect(received.toString()).toBe('12345');
    expect(socket.bytesRead).toBe(0);
    proxy.resume();
    await until(() => received.toString() === '12345more');
    expect((await answer).toString()).toBe('answer');
  });

  it('delays bytes and keeps their order', async () => {
    const socket = await client();
    proxy.setDelay(60);
    const started = performance.now();
    for (const letter of 'abcdef') {
      socket.write(letter);
      await sleep(3);
    }
    await until(() => received.length === 6);
    expect(performance.now() - started).toBeGreaterThanOrEqual(55);
    expect(received.toString()).toBe('abcdef');
  });

  it('keeps the order when the delay is removed', async () => {
    const socket = await client();
    proxy.setDelay(80);
    socket.write('first ');
    await sleep(20);
    proxy.setDelay(0);
    socket.write('second');
    await until(() => received.length === 12);
    expect(received.toString()).toBe('first second');
  });

  it('refuses connections on request', async () => {
    proxy.setRefusing(true);
    const socket = await client();
    await once(socket, 'close');
    proxy.setRefusing(false);
    (await client()).write('in');
    await until(() => received.toString() === 'in');
  });
});
