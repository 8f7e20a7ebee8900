import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBrokerUrl } from '../src/broker-address.js';
import type { ExchangeOptions, PublisherOptions, QueueOptions } from '../src/options.js';
import { createRedact, redactedCause } from '../src/redact.js';
import { resolveOptions } from '../src/resolve-options.js';
import { bindingMatchOf, topicMatches } from '../src/topology/binding-match.js';
import { shown } from './support.js';

describe('a topic binding', () => {
  it.each([
    ['artists', 'artists', true],
    ['artists', 'artist', false],
    ['#', 'a.b.c', true],
    ['#', '', true],
    ['*', 'a', true],
    ['*', 'a.b', false],
    ['*', '', true],
    ['a.*', 'a', false],
    ['a.#', 'a', true],
    ['a.#', 'a.b.c', true],
    ['#.c', 'a.b.c', true],
    ['a.#.c', 'a.c', true],
    ['a.#.c', 'a.b.b.c', true],
    ['a.#.c', 'a.b.b', false],
    ['*.*', 'a.b', true],
    ['#.*', 'a', true],
    ['a.*.#', 'a', false],
    ['', '', true],
    ['', 'a', false],
  ])('%j takes %j: %j', (pattern, key, expected) => {
    expect(topicMatches(pattern, key)).toBe(expected);
  });

  it('agrees with a regular expression', () => {
    const word = fc.constantFrom('a', 'b', '');
    const part = fc.constantFrom('a', 'b', '*', '#');
    const words = fc.array(word, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), words, (parts, keyWords) => {
        // Each word and its dot in front: `#` is then simply "any number of these".
        const source = parts
          .map((it) => (it === '#' ? '(?:\\.[^.]*)*' : it === '*' ? '\\.[^.]*' : `\\.${it}`))
          .join('');
        const expected = new RegExp(`^${source}$`).test(`.${keyWords.join('.')}`);
        return topicMatches(parts.join('.'), keyWords.join('.')) === expected;
      }),
      { numRuns: 2_000 },
    );
  });

  it('has other rules for other exchanges', () => {
    expect(bindingMatchOf('direct')?.('#', 'a')).toBe(false);
    expect(bindingMatchOf('fanout')?.('x', 'a')).toBe(true);
    expect(bindingMatchOf('headers')).toBeUndefined();
  });
});

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
  ])('%s', (url, expected) => {
    expect(parseBrokerUrl(url)).toMatchObject(expected);
  });

  it.each([
    '',
    'nonsense',
    'http://u:hunter22@h',
    'amqp://u:hunter22%@h',
    'amqp://h?heartbeat=soon',
    'amqp://u:hunter22@h:99999',
  ])('%j is refused without being repeated', (url) => {
    const error = (() => {
      try {
        return expect.fail(`accepted ${parseBrokerUrl(url).hostname}`);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'INVALID_URL' });
    expect(shown(error)).not.toContain('hunter22');
  });
});

describe('options', () => {
  const valid: PublisherOptions = { url: 'amqp://h', exchange: 'e' };
  it('get their defaults', () => {
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
});

describe('credentials', () => {
  it('vanish from texts, also when they are short or odd', () => {
    const redact = createRedact({ username: 'bob', password: 'p.*s/w$rd' });
    expect(redact("refused for user 'bob' (bobbin), p.*s/w$rd and p.*s%2Fw%24rd")).toBe(
      "refused for user '***' (bobbin), *** and ***",
    );
    expect(redact('failed: amqp://bob:p.*s@host/')).toBe('failed: amqp://***@host/');
  });

  it('vanish from causes, which keep code and name', () => {
    const cause = redactedCause(createRedact({ username: 'u', password: 'hunter22' }), {
      __proto__: Object.assign(new TypeError('no hunter22'), { code: 'EX' }),
    });
    expect(shown(cause)).not.toContain('hunter22');
    const kept = redactedCause(
      createRedact({ username: 'u', password: 'x' }),
      Object.assign(new TypeError('t'), { code: 'EX' }),
    );
    expect(kept).toMatchObject({ name: 'TypeError', code: 'EX', message: 't' });
  });
});
