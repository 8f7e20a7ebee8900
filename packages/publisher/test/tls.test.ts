import { appendFile, readFile, writeFile } from 'node:fs/promises';
import {
  type Authority,
  type Certificate,
  createAuthority,
  drainQueue,
  openTlsListeners,
  startOwnBroker,
  startProxy,
  type TestBroker,
  type TlsListeners,
  until,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createPublisher,
  identifyBroker,
  PublisherError,
  type PublisherEvent,
  type PublisherOptions,
} from '../src/index.js';
import { numbered, publishNumbered } from './support/numbered-messages.js';
import { twoQueues } from './support/publisher-harness.js';

/** RabbitMQ's own TLS listener, with an authority made for the test. The certificate is for `broker.test` only. */
describe('a broker with TLS', () => {
  let broker: TestBroker;
  let authority: Authority;
  let client: Certificate;
  let listeners: TlsListeners;
  /** Without and with a certificate of the client. */
  let url: string;
  let strict: string;

  beforeAll(async () => {
    [broker, authority] = await Promise.all([startOwnBroker(), createAuthority()]);
    client = await authority.issue('publisher-client');
    const server = await authority.issue('broker.test', ['DNS:broker.test']);
    listeners = await openTlsListeners(broker, { ...server, caFile: authority.caFile });
    url = `amqps://127.0.0.1:${listeners.port}`;
    strict = `amqps://127.0.0.1:${listeners.strictPort}`;
  });
  afterAll(async () => {
    await listeners?.[Symbol.asyncDispose]();
    await broker?.evaluate(
      `application:unset_env(rabbit, ssl_cert_login_from), application:set_env(rabbit, ssl_options, []),
       application:set_env(rabbit, auth_mechanisms, ['PLAIN', 'AMQPLAIN']), ok.`,
    );
    await Promise.all([broker?.close(), authority?.[Symbol.asyncDispose]()]);
  });

  /** Publishes a message, or returns the error of `createPublisher`. */
  const publishOne = async (address: string, tls: PublisherOptions['tls'] = {}): Promise<PublisherError | number> => {
    try {
      const options = { backoff: { initialMs: 1, maxMs: 5 }, connectAttempts: 3, ...twoQueues().options };
      await using publisher = await createPublisher({ url: address, tls, ...options });
      publisher.publish(numbered(1));
      await publisher.flush();
      return publisher.confirmed;
    } catch (error) {
      if (error instanceof PublisherError) return error;
      throw error;
    }
  };
  const query = (parameters: Record<string, string>): string =>
    Object.entries(parameters)
      .map((each) => each.map(encodeURIComponent).join('='))
      .join('&');

  it('checks the certificate of each of several nodes for the name of that node', async () => {
    const { caFile } = authority;
    await using proxy = await startProxy({ host: '127.0.0.1', port: listeners.port });
    const right = `${url}?server_name_indication=broker.test`;
    const wrong = `amqps://127.0.0.1:${proxy.port}`;
    const refused: unknown[] = [];
    for (let n = 0; n < 50 && refused.length === 0; n++) {
      const onEvent = (event: PublisherEvent): void => {
        if (event.type === 'lost') refused.push(event.error);
      };
      const { display } = await identifyBroker({ url: [right, wrong], tls: { caFile }, onEvent });
      expect(display).toContain(`:${listeners.port}/`);
    }
    expect(refused).toMatchObject([
      { code: 'TLS_FAILED', facts: { broker: expect.stringContaining(`:${proxy.port}/`) } },
    ]);
    const both = [url, wrong].map((it) => ({ broker: expect.stringContaining(new URL(it).host), code: 'TLS_FAILED' }));
    const error = await identifyBroker({ url: [url, wrong], tls: { caFile } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'TLS_FAILED',
      facts: { nodes: expect.arrayContaining(both.map((it) => expect.objectContaining(it))) },
    });
  });

  it('takes the authority, the name and the certificate from options and from the URL', async () => {
    const { caFile } = authority;
    const servername = 'broker.test';
    expect(await publishOne(url, { caFile, servername })).toBe(1);
    expect(await publishOne(url, { ca: await readFile(caFile), servername })).toBe(1);
    expect(await publishOne(`${url}?${query({ cacertfile: caFile, server_name_indication: servername })}`)).toBe(1);
    expect(await publishOne(`${url}?verify=verify_none`)).toBe(1);

    expect(await publishOne(strict, { caFile, servername, ...client })).toBe(1);
    const { certFile, keyFile } = client;
    const parameters = { cacertfile: caFile, server_name_indication: servername, certfile: certFile, keyfile: keyFile };
    expect(await publishOne(`${strict}?${query(parameters)}`)).toBe(1);
    // One file with both.
    const both = `${certFile}.both`;
    await writeFile(both, await readFile(certFile));
    await appendFile(both, await readFile(keyFile));
    expect(await publishOne(strict, { caFile, servername, certFile: both })).toBe(1);
  });

  it('receives every byte', async () => {
    const { a, options } = twoQueues();
    const tls = { caFile: authority.caFile, servername: 'broker.test' };
    await using publisher = await createPublisher({ url, tls, ...options });
    await publishNumbered(publisher, 1, 2_000, 3_000);
    await publisher.flush();
    const arrived = await drainQueue(broker.url, a);
    expect(arrived).toHaveLength(2_000);
    // `toEqual` would take 20 seconds to compare these bodies byte by byte.
    for (const [at, { body }] of arrived.entries()) {
      expect(body.equals(numbered(at + 1, 3_000).body), `message ${at + 1}`).toBe(true);
    }
  });

  it('lets the client log in with its certificate alone', async () => {
    await broker.evaluate(
      `code:add_patha(filename:join(filelib:wildcard(filename:join(filename:dirname(filename:dirname(code:lib_dir(rabbit))),
         "plugins/rabbitmq_auth_mechanism_ssl-*")), "ebin")),
       application:set_env(rabbit, ssl_cert_login_from, common_name),
       application:set_env(rabbit, ssl_options, [{verify, verify_peer}]),
       rabbit_registry:register(auth_mechanism, <<"EXTERNAL">>, rabbit_auth_mechanism_ssl),
       application:set_env(rabbit, auth_mechanisms, ['PLAIN', 'AMQPLAIN', 'EXTERNAL']), ok.`,
    );
    await broker.createUser('publisher-client', 'unused');
    const tls = { caFile: authority.caFile, servername: 'broker.test', ...client };
    expect(
      await publishOne(`amqps://nobody:wrong@127.0.0.1:${listeners.strictPort}?auth_mechanism=external`, tls),
    ).toBe(1);
    expect(await publishOne(`amqps://nobody:wrong@127.0.0.1:${listeners.strictPort}`, tls)).toMatchObject({
      code: 'BAD_CREDENTIALS',
    });
  });

  it('is refused with TLS_FAILED, whatever is wrong with a certificate', async () => {
    const { caFile } = authority;
    const servername = 'broker.test';
    const other = await authority.issue('other');
    await using stranger = await createAuthority();
    const strangers = await stranger.issue('stranger');
    const cases: [string, string, PublisherOptions['tls'], RegExp][] = [
      ['an unknown authority', url, { servername }, /tls\.caFile/],
      ['another authority', url, { servername, caFile: stranger.caFile }, /tls\.caFile/],
      ['another name', url, { caFile }, /tls\.servername/],
      ['no certificate', strict, { caFile, servername }, /requires a certificate/],
      ['the certificate of a stranger', strict, { caFile, servername, ...strangers }, /does not accept/],
      [
        'the key of another certificate',
        strict,
        { caFile, servername, ...client, keyFile: other.keyFile },
        /check .*pem and .*key/,
      ],
      ['a missing file', url, { caFile: `${caFile}.missing`, servername }, /missing.*tls\.caFile/],
      ['a file without a certificate', url, { caFile: client.keyFile, servername }, /no certificate/],
      ['a file without a key', strict, { caFile, servername, ...client, keyFile: caFile }, /no private key/],
    ];
    for (const [what, address, tls, remedy] of cases) {
      const error = await publishOne(address, tls);
      expect(error, what).toMatchObject({ code: 'TLS_FAILED' });
      expect((error as Error).message, what).toMatch(remedy);
    }
  });

  it('ends a TLS handshake that stalls when the signal is aborted', async () => {
    const controller = new AbortController();
    await using proxy = await startProxy({ host: '127.0.0.1', port: listeners.port });
    proxy.stall();
    const opening = createPublisher({
      url: `amqps://127.0.0.1:${proxy.port}`,
      ...twoQueues().options,
      tls: { caFile: authority.caFile },
      signal: controller.signal,
    });
    await until(() => proxy.connections === 1);
    controller.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });
});
