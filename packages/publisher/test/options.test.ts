import { describe, expect, it } from 'vitest';
import { parseBrokerUrl } from '../src/broker-address.js';
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
    ['amqp://h?heartbeat=7', { heartbeatSeconds: 7 }],
    ['amqp://', { hostname: 'localhost' }],
  ])('%s is split into its parts', (url, expected) => {
    expect(parseBrokerUrl(url)).toMatchObject(expected);
  });

  it.each([
    '',
    'nonsense',
    'http://u:hunter22@h',
    'amqp://u:hunter22%@h',
    'amqp://h?heartbeat=soon',
    'amqp://u:hunter22@h:99999',
  ])('%j is refused, and not repeated in the error', (url) => {
    const error = (() => {
      try {
        return expect.fail(`Accepted ${parseBrokerUrl(url).hostname}`);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'INVALID_URL' });
    expect(visibleText(error)).not.toContain('hunter22');
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
      heartbeatMs: 10_000,
      connectAttempts: Number.POSITIVE_INFINITY,
    });
    expect(resolveOptions({ ...valid, url: 'amqp://h?heartbeat=0' }).heartbeatMs).toBe(0);
    expect(resolveOptions({ ...valid, url: 'amqp://h?heartbeat=7' }).heartbeatMs).toBe(7_000);
    expect(resolveOptions({ ...valid, url: 'amqp://h?heartbeat=7', heartbeatMs: 3_000 }).heartbeatMs).toBe(3_000);
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
    { properties: { priority: 1 } as object },
    { exchange: 'é'.repeat(128) },
    { properties: { deliveryMode: 3 as 2 } },
    { exchange: '', queues: [{ name: 'q', routingKeys: ['k'] }] },
    { queues: [{ name: '', routingKeys: [] }] },
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
