import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type Authority,
  type Certificate,
  createAuthority,
  sharedBroker,
  startProxy,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPublisher, type PublisherError } from '../src/index.js';

const servers = new Set<Server>();
const sockets = new Set<Socket>();
const listen = async (server: Server): Promise<number> => {
  servers.add(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

let authority: Authority;
let certificate: Certificate;
let https: number;
beforeAll(async () => {
  authority = await createAuthority();
  certificate = await authority.issue('localhost', ['IP:127.0.0.1']);
  const [key, cert] = await Promise.all([readFile(certificate.keyFile), readFile(certificate.certFile)]);
  https = await listen(createHttpsServer({ key, cert }));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await authority?.[Symbol.asyncDispose]();
});

/** The error for an address, which must come before the second attempt. */
const failureOf = async (protocol: string, port: number, tls = {}): Promise<PublisherError> =>
  createPublisher({
    ...{ url: `${protocol}://guest:secret@127.0.0.1:${port}`, exchange: 'e', tls },
    ...{ connectAttempts: 2, connectTimeoutMs: 500, backoff: { initialMs: 1 } },
  }).then(
    () => expect.fail('createPublisher resolved'),
    (error: PublisherError) => error,
  );

describe('createPublisher recognises', () => {
  it('a web server, with and without TLS, also one that waits for a whole request', async () => {
    const http = await listen(createHttpServer());
    expect(await failureOf('amqp', http)).toMatchObject({
      code: 'NOT_AMQP',
      message: expect.stringMatching(/speaks HTTP:/),
    });
    expect(await failureOf('amqps', http)).toMatchObject({
      code: 'NOT_AMQP',
      message: expect.stringMatching(/speaks HTTP:/),
    });
    expect(await failureOf('amqps', https, { caFile: authority.caFile })).toMatchObject({
      code: 'NOT_AMQP',
      message: expect.stringMatching(/speaks HTTP:/),
    });
    const patient = await listen(
      createServer((socket) =>
        socket.on('data', (bytes) => bytes.includes('\r\n\r\n') && socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      ),
    );
    expect(await failureOf('amqp', patient)).toMatchObject({
      code: 'NOT_AMQP',
      message: expect.stringMatching(/speaks HTTP:/),
    });
  });

  it('TLS where none is expected, and none where it is', async () => {
    expect(await failureOf('amqp', https)).toMatchObject({
      code: 'NOT_AMQP',
      message: expect.stringMatching(/amqps:/),
    });
    await using broker = await sharedBroker();
    expect(await failureOf('amqps', broker.port)).toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringMatching(/without TLS/),
    });
  });

  it('other protocols and versions, by what they send', async () => {
    const banner = async (bytes: string): Promise<number> =>
      listen(createServer((socket) => void socket.end(bytes, 'latin1')));
    expect(await failureOf('amqp', await banner('SSH-2.0-OpenSSH_9.6\r\n'))).toMatchObject({
      code: 'NOT_AMQP',
      message: expect.stringMatching(/SSH-2\.0-OpenSSH_9\.6/),
    });
    expect(await failureOf('amqp', await banner('AMQP\x03\x01\0\0'))).toMatchObject({
      code: 'NOT_AMQP',
      message: expect.stringMatching(/version of AMQP.*3\.1\.0\.0/),
    });
    expect(await failureOf('amqp', await banner('\0\x1b[2J'))).toMatchObject({
      code: 'NOT_AMQP',
      message: expect.stringMatching(/\?\?\[2J/),
    });
  });

  it('a peer that sends nothing, or closes connections, which may be a broker later', async () => {
    const silent = await listen(createServer(() => {}));
    const closing = await listen(createServer((socket) => void socket.end()));
    const cases = [
      ['amqp', silent, /sends nothing/],
      ['amqps', silent, /sends nothing/],
      ['amqp', closing, /closes them/],
      ['amqps', closing, /closes them/],
    ] as const;
    const errors = await Promise.all(cases.map(([protocol, port]) => failureOf(protocol, port)));
    for (const [at, [protocol, , pattern]] of cases.entries()) {
      const expected = { code: 'UNREACHABLE', facts: { attempts: 2 }, message: expect.stringMatching(pattern) };
      expect(errors[at], `${protocol} ${pattern}`).toMatchObject(expected);
      expect(errors[at]?.message).not.toContain('secret');
    }
  });

  it('nothing, when the signal is aborted meanwhile, and a broker that comes late', async () => {
    const silent = await listen(createServer(() => {}));
    const url = `amqp://127.0.0.1:${silent}`;
    const signal = AbortSignal.timeout(300);
    await expect(createPublisher({ url, exchange: 'e', connectTimeoutMs: 50, signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await using broker = await sharedBroker();
    await using proxy = await startProxy(broker);
    proxy.setRefusing(true);
    const opening = createPublisher({
      ...{ url: broker.urlFor({ port: proxy.port }), exchange: '', backoff: { initialMs: 1, maxMs: 5 } },
      onEvent: ({ type }) => type === 'backoff' && proxy.setRefusing(false),
    });
    await opening.then((publisher) => publisher.close());
  });
});
