import { startOwnBroker, type TestBroker, uniqueTopology, withConnection } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identifyBroker, inspectQueues, PublisherError } from '../src/index.js';
import { openPublisher, twoQueues, visibleText } from './support/publisher-harness.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
});

/** What the broker reports about itself. */
const ABOUT = { product: 'RabbitMQ', version: expect.stringMatching(/^\d+\.\d+\.\d+/) };

describe('the identity of a broker', () => {
  it('has its cluster name and virtual host but no credentials, and reading it declares nothing', async () => {
    const vhost = uniqueTopology('identity').exchange;
    const clusterName = `cluster-${vhost}`;
    const before = await broker.evaluate('rabbit_nodes:cluster_name().');
    await broker.createVhost(vhost);
    await broker.createUser('reader', 'secret-of-reader', { vhost, configure: '^$', write: '^$', read: '^$' });
    await broker.evaluate(`rabbit_nodes:set_cluster_name(<<"${clusterName}">>, <<"test">>).`);
    try {
      const url = broker.urlFor({ vhost, username: 'reader', password: 'secret-of-reader' });
      const identity = await identifyBroker({ url });
      const display = `amqp://127.0.0.1:${broker.port}/${vhost}`;
      expect(identity).toEqual({ display, vhost, clusterName, ...ABOUT });
      expect(visibleText(identity)).not.toContain('reader');
      const owned = `length(rabbit_exchange:list(<<"${vhost}">>)) + length(rabbit_amqqueue:list(<<"${vhost}">>))`;
      const builtIn = `length(rabbit_exchange:list(<<"/">>))`;
      expect(await broker.evaluate(`${owned} - ${builtIn}.`)).toBe('0');
      expect(await broker.evaluate('length(rabbit_networking:connections()).')).toBe('0');
    } finally {
      await broker.evaluate(`rabbit_nodes:set_cluster_name(${before}, <<"test">>).`);
      await broker.deleteVhost(vhost);
      await broker.deleteUser('reader');
    }
  });

  it('is the same for a publisher, also after its end', async () => {
    const { options } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    const identity = await identifyBroker({ url: broker.url });
    expect(publisher.broker).toEqual(identity);
    await publisher.close();
    expect(publisher.broker).toEqual(identity);
  });

  it('rejects with the errors of createPublisher, and refuses options that it does not have', async () => {
    const wrong = identifyBroker({ url: broker.urlFor({ password: 'wrong' }) });
    await expect(wrong).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
    const nobody = identifyBroker({ url: broker.urlFor({ port: 1 }), connectAttempts: 1 });
    await expect(nobody).rejects.toMatchObject({ code: 'UNREACHABLE', facts: { attempts: 1 } });
    const withQueues = identifyBroker({ url: broker.url, queues: [] } as Parameters<typeof identifyBroker>[0]);
    await expect(withQueues).rejects.toBeInstanceOf(PublisherError);
    await expect(withQueues).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    const reason = new Error('stopped');
    const stopped = identifyBroker({ url: broker.url, signal: AbortSignal.abort(reason) });
    await expect(stopped).rejects.toBe(reason);
  });
});

describe('an inspection of queues', () => {
  it('counts messages and consumers, also next to a queue that is missing, finds exchanges, and takes nothing', async () => {
    const { exchange, options, a: full, b: empty } = twoQueues();
    const { publisher } = await openPublisher({ url: broker.url, ...options });
    await publisher.close();
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createConfirmChannel();
      channel.sendToQueue(full, Buffer.from('x'));
      await channel.waitForConfirms();
      await channel.consume(empty, () => {});
      for (let times = 0; times < 2; times++) {
        const {
          broker: identity,
          queues,
          exchanges,
        } = await inspectQueues({
          url: broker.url,
          queues: [full, 'nowhere', empty],
          exchanges: ['nowhere', exchange],
        });
        expect([...exchanges]).toEqual([exchange]);
        expect(identity).toMatchObject(ABOUT);
        expect([...queues]).toEqual([
          [full, { messages: 1, consumers: 0 }],
          ['nowhere', undefined],
          [empty, { messages: 0, consumers: 1 }],
        ]);
      }
    });
    const invalid = inspectQueues({ url: broker.url } as Parameters<typeof inspectQueues>[0]);
    await expect(invalid).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});
