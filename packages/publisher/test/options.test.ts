import { describe, expect, it } from 'vitest';
import { parseBrokerUrls } from '../src/broker-address.js';
import type { ExchangeOptions, PublisherOptions, QueueOptions } from '../src/options.js';
import { resolveOptions } from '../src/resolve-options.js';
import { visibleText } from './support/publisher-harness.js';

describe('a broker URL', () => {
  it.each([
    ['amqp://h', { hostname: 'h', port: 5672, vhost: '/', username: 'guest', password: 'guest' }],
    ['amqp://h/', { vhost: '/' }],
    ['amqp://h/%2F', { vhost: '/' }],
    ['amqp://h/v', { vhost: 'v' }],
    ['amqp://h/a%2Fb%25', { vhost: 'a/b%' }],
    ['amqps://h', { protocol: 'amqps', port: 5671 }],
    ['amqp://u:p%40@h:1/', { username: 'u', password: 'p@', port: 1, display: 'amqp://h:1/%2F' }],
    ['amqp://u@h', { username: 'u', password: '' }],
    ['amqp://[::1]:7', { hostname: '::1', port: 7 }],
    ['amqp://', { hostname: 'localhost' }],
    ['AMQP://h', { protocol: 'amqp' }],
    ['amqp://h//', { vhost: '/' }],
    ['amqp://h/a%40b%2Fc', { vhost: 'a@b/c', display: 'amqp://h:5672/a%40b%2Fc' }],
    ['amqp://h/..', { vhost: '..' }],
    ['amqp://u:p:s@h', { username: 'u', password: 'p:s' }],
    [
      'amqp://h?heartbeat=7&connection_timeout=900&frame_max=8192&channel_max=16&auth_mechanism=EXTERNAL',
      {
        parameters: {
          heartbeatSeconds: 7,
          connectTimeoutMs: 900,
          frameMax: 8_192,
          channelMax: 16,
          authMechanism: 'external',
        },
      },
    ],
    [
      'amqps://h?cacertfile=/ca+1.pem&certfile=%2Fc.pem&keyfile=k.pem&verify=verify_none&server_name_indication=n',
      {
        parameters: { caFile: '/ca+1.pem', certFile: '/c.pem', keyFile: 'k.pem', isVerified: false, serverName: 'n' },
      },
    ],
  ])('%s is split into its parts', (url, expected) => {
    expect(parseBrokerUrls(url)).toMatchObject([expected]);
  });

  it.each([
    '',
    'nonsense',
    'http://u:hunter22@h',
    'amqp://u:hunter22%@h',
    'amqp://h?heartbeat=soon',
    'amqp://u:hunter22@h:99999',
    'amqp://u:hunter22@h:0',
    'amqp://u:a/hunter22@h',
    'amqp://u:1/hunter22@h',
    'amqp://u:1?hunter22@h',
    'amqp://u:1#hunter22@h',
    'amqp://u:hunter22@h/v@w',
    'amqp://u%3Ahunter22%40h',
    'amqp://u:hun\nter22@h',
    'amqp:u:hunter22@h',
    'u:hunter22@h',
    'amqp://u:hunter22@h/%ff',
    'amqp://h#fragment',
    'amqp://h/v#',
    'amqp://h?heartbeat=',
    'amqp://h?heartbeat=65536',
    'amqp://h?heartbeat=1&heartbeat=2',
    'amqp://h?hartbeat=1',
    'amqp://h?toString=1',
    'amqp://h?connection_timeout=0',
    'amqp://h?channel_max=1',
    'amqp://h?frame_max=100',
    'amqp://h?auth_mechanism=amqplain',
    'amqp://h?cacertfile=/ca.pem',
    'amqps://h?cacertfile=',
    'amqps://h?verify=yes',
    'amqps://h?server_name_indication=disable',
    'amqps://h?depth=2',
  ])('%j is refused, and not repeated in the error', (url) => {
    const error = (() => {
      try {
        return expect.fail(`Accepted ${parseBrokerUrls(url)[0]?.hostname}`);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'INVALID_URL' });
    expect(visibleText(error)).not.toContain('hunter22');
  });
});

describe('the URLs of several nodes', () => {
  it('are split into their parts, and each keeps its own parameters', () => {
    const url = ['amqps://a/v?server_name_indication=n', 'amqps://b:1/v', 'amqps://[::1]/v'];
    const { nodes, address } = resolveOptions({ url, exchange: 'e', tls: { caFile: 'ca.pem' } });
    expect(nodes.map(({ tls }) => tls)).toMatchObject([
      { caFile: 'ca.pem', servername: 'n' },
      { caFile: 'ca.pem', servername: undefined },
      { caFile: 'ca.pem', servername: undefined },
    ]);
    expect(address).toEqual({ vhost: 'v', display: 'amqps://a:5671/v, amqps://b:1/v, amqps://[::1]:5671/v' });
  });

  it.each([
    ['none', []],
    ['different virtual hosts', ['amqp://u:hunter22@a/v', 'amqp://u:hunter22@b/w']],
    ['an address twice', ['amqp://u:hunter22@a', 'amqp://v:hunter22@a:5672/']],
    ['hosts that are no URLs', 'amqp://u:hunter22@a,b'],
    ['one that cannot be read', ['amqp://u:hunter22@a', 'http://u:hunter22@b']],
  ])('are refused: %s', (_, url) => {
    expect(() => resolveOptions({ url, exchange: 'e' })).toThrow(
      expect.objectContaining({ code: 'INVALID_URL', message: expect.not.stringContaining('hunter22') }),
    );
  });

  it('are refused if one of them has no TLS that the options are for', () => {
    const options: PublisherOptions = { url: ['amqps://a', 'amqp://b'], exchange: 'e', tls: { caFile: 'ca.pem' } };
    expect(() => resolveOptions(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
  });
});

describe('options', () => {
  const valid: PublisherOptions = { url: 'amqp://h', exchange: 'e' };
  it('are filled in with defaults', () => {
    expect(
      resolveOptions({ ...valid, queues: [{ name: 'q', routingKeys: ['k'], queueType: 'quorum' }] }),
    ).toMatchObject({
      exchange: { name: 'e', type: 'topic', durable: true },
      queues: [{ name: 'q', durable: true, arguments: { 'x-queue-type': 'quorum' } }],
      properties: { deliveryMode: 2, mandatory: true },
      maxInFlight: 5_000,
      nodes: [{ heartbeatMs: 10_000, connectTimeoutMs: 15_000 }],
      connectAttempts: Number.POSITIVE_INFINITY,
    });
    expect(resolveOptions({ ...valid, url: 'amqp://h?connection_timeout=900' }).nodes[0].connectTimeoutMs).toBe(900);
    const url = 'amqps://h?cacertfile=ca.pem&certfile=cert.pem&verify=verify_none&server_name_indication=n';
    expect(resolveOptions({ ...valid, url }).nodes[0].tls).toEqual({
      caFile: 'ca.pem',
      certFile: 'cert.pem',
      servername: 'n',
      rejectUnauthorized: false,
    });
    expect(
      resolveOptions({
        ...valid,
        url,
        tls: { ca: 'x', cert: 'y', key: 'z', servername: 'm', rejectUnauthorized: true },
      }).nodes[0].tls,
    ).toEqual({ ca: 'x', cert: 'y', key: 'z', servername: 'm', rejectUnauthorized: true });
    expect(resolveOptions({ ...valid, url: 'amqp://h?heartbeat=0' }).nodes[0].heartbeatMs).toBe(0);
    expect(resolveOptions({ ...valid, url: 'amqp://h?heartbeat=7' }).nodes[0].heartbeatMs).toBe(7_000);
    expect(resolveOptions({ ...valid, url: 'amqp://h?heartbeat=7', heartbeatMs: 3_000 }).nodes[0].heartbeatMs).toBe(
      3_000,
    );
  });

  it.each([
    undefined,
    null,
    'amqp://h',
    { url: 'amqp://h' },
    { exchange: null },
    { exchange: {} },
    { queue: 'q' },
    { queues: 'q' },
    { queues: ['q'] },
    { queues: [{ name: 'q' }] },
    { queues: [{ name: 'q', routingKeys: 'k' }] },
    { queues: [{ name: 'q', routingKeys: [], queueType: 'quorom' }] },
    { queues: [{ name: 'q', routingKeys: [], durable: 'yes' }] },
    { queues: [{ name: 'q', routingKeys: [], arguments: { 'x-max-length': Symbol('many') } }] },
    { properties: { contentType: 5 } },
    { properties: { appId: 'é'.repeat(128) } },
    { properties: { mandatory: 'no' } },
    { properties: { headers: { nested: [{ deep: () => {} }] } } },
    { signal: 'stop' },
    { signal: null },
    { onEvent: 'console' },
    { onConfirmed: {} },
    { connectionName: 5 },
    { tls: true },
    { tls: { ca: 'x' } },
    { url: 'amqps://h', exchange: 'e', tls: { cafile: 'ca.pem' } },
    { url: 'amqps://h', exchange: 'e', tls: { caFile: '' } },
    { url: 'amqps://h', exchange: 'e', tls: { ca: 'x', caFile: 'ca.pem' } },
    { url: 'amqps://h', exchange: 'e', tls: { keyFile: 'key.pem' } },
    { url: 'amqps://h', exchange: 'e', tls: { rejectUnauthorized: 'no' } },
  ])('are checked for callers without types: %j', (options) => {
    const given = options && typeof options === 'object' && !('url' in options) ? { ...valid, ...options } : options;
    expect(() => resolveOptions(given as PublisherOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS' }),
    );
  });

  it.each<Partial<PublisherOptions>>([
    { heartbeatMs: 65_536_000 },
    { heartbeatMs: 1_500 },
    { queues: ['k', 'l'].map((key) => ({ name: 'twice', routingKeys: [key] })) },
    { maxInFlight: 0 },
    { maxInFlight: 1.5 },
    { maxBytes: Number.NaN },
    { heartbeatMs: -1_000 },
    { connectAttempts: 0 },
    { confirmTimeoutMs: 2 ** 31 },
    { backoff: { factor: 0.5 } },
    { backoff: { initialMs: -1 } },
    { backoff: { initial: 100 } as object },
    { queues: [{ name: 'q', routingKeys: [], exclusive: true } as QueueOptions] },
    { exchange: { name: 'e', internal: true } as ExchangeOptions },
    { properties: { persistent: true } as object },
    { properties: { priority: -1 } },
    { exchange: { name: 'e', tipe: 'fanout' } as object as ExchangeOptions },
    { queues: [{ name: 'q', routingKeys: [], durabel: true } as QueueOptions] },
    { queues: [{ name: 'q', routingKeys: [], arguments: { 'x-max-length': Number.NaN, nested: [{ a: () => {} }] } }] },
    { declare: 'active' as 'passive' },
    { declare: false, queues: [{ name: 'q', routingKeys: [] }] },
    { maxMessageBytes: 0 },
    { onReturned: 'log' as never },
    { onRefused: 1 as never },
    { exchange: 'é'.repeat(128) },
    { properties: { deliveryMode: 3 as 2 } },
    { exchange: '', queues: [{ name: 'q', routingKeys: ['k'] }] },
    { queues: [{ name: '', routingKeys: [] }] },
    { expectTimeoutMs: -1 },
    { exchange: { name: 'e', expected: 'yes' as never } },
    { queues: [{ name: 'q', routingKeys: [], expected: true, deadLetter: { exchange: 'x', queue: 'd' } }] },
    { queues: [{ name: 'q', routingKeys: [], deadLetter: { exchange: 'x' } as never }] },
    { queues: [{ name: 'q', routingKeys: [], deadLetter: { exchange: 'x', queue: 'd', key: 'k' } as never }] },
    { queues: [{ name: 'q', routingKeys: [], deadLetter: { exchange: '', queue: { name: '' } } }] },
  ])('%j are refused', (options) => {
    expect(() => resolveOptions({ ...valid, ...options })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS' }),
    );
  });

  it('are refused with a message that names the option', () => {
    const queue = { name: 'q', routingKeys: ['k'], durable: 'yes' as unknown as boolean };
    expect(() => resolveOptions({ ...valid, queues: [queue] })).toThrow(
      'queues[0].durable must be true or false, got "yes"',
    );
    expect(() => resolveOptions({ ...valid, backoff: { initial: 1 } as object })).toThrow(
      'Unknown option "backoff.initial"; expected one of initialMs, maxMs, factor',
    );
  });
});
