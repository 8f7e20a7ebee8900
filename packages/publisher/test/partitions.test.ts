import {
  bindQueue,
  connectStreamClient,
  countMessages,
  deleteExchange,
  deleteQueue,
  drainQueue,
  purgeQueue,
  startOwnBroker,
  startProxy,
  type TestBroker,
  unbindQueue,
  uniqueTopology,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  assertContinuity,
  createPublisher,
  discardContinuity,
  type Publisher,
  type PublisherOptions,
  partitionQueueNames,
} from '../src/index.js';
import { murmur3 } from '../src/murmur3.js';
import { superStreamPartitionOf } from '../src/partitions.js';
import { range, withoutDuplicates } from './support/numbered-messages.js';
import { countEvents, openPublisher } from './support/publisher-harness.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startOwnBroker();
  await broker.enablePlugins('rabbitmq_consistent_hash_exchange');
});
afterAll(() => broker?.close());

/** Two queues with partitions that receive the same messages, and one without. */
const partitioned = (count: number, queueType?: 'quorum' | 'stream') => {
  const { exchange, queue } = uniqueTopology('partitions');
  const [a, b, whole] = [queue('a'), queue('b'), queue('whole')];
  const options = {
    url: broker.url,
    exchange,
    queues: [
      ...[a, b].map((name) => ({ name, routingKeys: ['k'], partitions: count, queueType })),
      { name: whole, routingKeys: ['k'] },
    ],
    topologyCheckIntervalMs: 20,
  } satisfies PublisherOptions;
  const token = `token-${exchange}`;
  const start: PublisherOptions = { ...options, continuity: { token, mode: 'start' } };
  const resume: PublisherOptions = { ...options, continuity: { token, mode: 'resume' } };
  return {
    exchange,
    a,
    b,
    whole,
    options,
    token,
    start,
    resume,
    namesOf: (name: string) => partitionQueueNames(name, count),
  };
};

const publishKeyed = async (publisher: Publisher, keys: readonly string[], content = 'x'): Promise<void> => {
  for (const partitionKey of keys) {
    const full = publisher.publish({ routingKey: 'k', body: Buffer.from(`${partitionKey} ${content}`), partitionKey });
    if (full) await full;
  }
};

/** The bodies that each queue has, in order. */
const drainAll = (names: readonly string[]): Promise<string[][]> =>
  Promise.all(names.map(async (name) => (await drainQueue(broker.url, name)).map(({ body }) => body.toString())));

const KEYS = range(1, 500).map((n) => (n % 97 === 0 ? `${n}`.repeat(200) : `${n}`));

describe('a queue with partitions', () => {
  it('has each message in one of them, the same for a key, in order, also after a restart of the broker', async () => {
    const { exchange, a, b, whole, start, resume, namesOf } = partitioned(12);
    const { publisher } = await openPublisher(start);
    await publishKeyed(publisher, KEYS, '1');
    await publishKeyed(publisher, KEYS, '2');
    publisher.publish({ routingKey: 'k', body: Buffer.from('end'), messageId: 'end' });
    await publisher.flush();
    expect(publisher.verified).toBe(1_001);
    await publisher.close();
    expect(publisher.stats).toMatchObject({ missing: 0, returns: 0 });

    const first = (await drainQueue(broker.url, `${a}-0`))[0]!;
    expect(first).toMatchObject({ exchange, routingKey: 'k' });
    expect(first.properties.headers?.['partition-key']).toBe(first.body.toString().split(' ')[0]);
    const others = await drainAll(namesOf(a).slice(1));
    const queues = await drainAll(namesOf(b));
    expect(others.map((each) => each.length)).toEqual(queues.slice(1).map((each) => each.length));
    const partitionOf = new Map<string, number>();
    for (const [index, bodies] of queues.entries()) {
      expect(bodies.at(-1)).toBe('end');
      const rounds = ['1', '2'].map((round) => bodies.filter((body) => body.endsWith(` ${round}`)));
      const keys = rounds.map((round) => round.map((body) => body.split(' ')[0]!));
      expect(bodies).toEqual([...rounds.flat(), 'end']);
      expect(keys[0]).toEqual(keys[1]);
      expect(keys[0]).toEqual(KEYS.filter((key) => keys[0]!.includes(key)));
      for (const key of keys[0]!) partitionOf.set(key, index);
    }
    expect(partitionOf.size).toBe(KEYS.length);
    expect((await drainAll([whole]))[0]).toHaveLength(1_001);

    // A broker that starts again, and a partition that is declared again, change what the broker assigns.
    await broker.stopApp();
    await broker.startApp();
    const { publisher: resumed } = await openPublisher(resume);
    await publishKeyed(resumed, KEYS, '3');
    await resumed.flush();
    await resumed.close();
    const third = await drainAll(namesOf(b));
    await deleteQueue(broker.url, `${b}-0`);
    const { publisher: later } = await openPublisher({
      ...start,
      continuity: { token: `t-${exchange}`, mode: 'start' },
    });
    await publishKeyed(later, KEYS, '4');
    await later.flush();
    await later.close();
    const fourth = await drainAll(namesOf(b));
    for (const [index, bodies] of [...third.entries(), ...fourth.entries()]) {
      expect(withoutDuplicates(bodies.map((body) => partitionOf.get(body.split(' ')[0]!)!))).toEqual([index]);
    }
  });

  it('is looked at as a whole: bindings, exchanges and queues that are removed, messages that are lost', async () => {
    const { exchange, a, b, start, resume, token, namesOf } = partitioned(3);
    const { publisher, events } = await openPublisher(start);
    await publishKeyed(publisher, KEYS);
    await publisher.flush();
    // There is a second way to the exchange, and to each partition for the messages that all of them get.
    await withConnection(broker.url, async (connection) => {
      await (await connection.createChannel()).unbindExchange(a, exchange, 'k');
    });
    await unbindQueue(broker.url, `${a}-1`, exchange, 'every-partition.k');
    await publishKeyed(publisher, KEYS);
    publisher.publish({ routingKey: 'k', body: Buffer.from('end') });
    await publisher.flush();
    expect(publisher.stats.missing).toBe(0);
    const inFirst = await countMessages(broker.url, `${a}-0`);
    await purgeQueue(broker.url, `${a}-0`);
    await publishKeyed(publisher, KEYS.slice(0, 1));
    await publisher.flush();
    expect(publisher.stats.missing).toBeGreaterThanOrEqual(inFirst - 1);
    expect(publisher.stats.missing).toBeLessThanOrEqual(inFirst);
    expect(events).toContainEqual(expect.objectContaining({ type: 'missing', queue: a }));
    const queues = await drainAll(namesOf(a));
    expect(queues.slice(1).map((bodies) => bodies.includes('end'))).toEqual([true, true]);
    expect(queues.flat().length + inFirst).toBe(1_004);
    await assertContinuity({ url: broker.url, token, queues: [a, b], partitions: 3 });

    await publisher.close();
    const { publisher: resumed } = await openPublisher(resume);
    await publishKeyed(resumed, KEYS);
    await resumed.flush();
    await deleteExchange(broker.url, a);
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.createChannel();
      await channel.assertExchange(a, 'x-consistent-hash', { arguments: { 'hash-header': 'partition-key' } });
    });
    await publishKeyed(resumed, KEYS);
    await expect(resumed.flush()).rejects.toMatchObject({
      code: 'TOPOLOGY_LOST',
      facts: { reason: 'exchange-replaced', exchange: a },
    });
    await resumed.close();

    await deleteQueue(broker.url, `${b}-2`);
    await expect(assertContinuity({ url: broker.url, token, queues: [a, b], partitions: 3 })).rejects.toMatchObject({
      code: 'TOPOLOGY_LOST',
      facts: { reason: 'queue-missing', queue: `${b}-2` },
    });
    await expect(openPublisher(resume)).rejects.toMatchObject({ code: 'TOPOLOGY_LOST', facts: { queue: `${b}-2` } });
    await discardContinuity({ url: broker.url, token, exchange, queues: start.queues ?? [] });
    const left = await broker.evaluate(
      `[N || {resource, _, _, N} <- rabbit_exchange:list_names(), binary:match(N, <<"${token}">>) =/= nomatch].`,
    );
    expect(left).not.toMatch(/\.queue\..*-[ab](-\d)?">>/);
  });

  it('shows neither consumers nor dead letters the key by which a message reaches all partitions', async () => {
    for (const queueType of ['classic', 'quorum'] as const) {
      const { exchange, queue } = uniqueTopology('dead');
      const [name, dlx] = [queue('a'), `${exchange}.dlx`];
      // Without a routing key of their own, dead letters keep theirs.
      const keys = ['#', 'k', 'every-partition.#', '1'];
      const deadLetterQueues = keys.map((key) => queue(`dead-${key}`));
      await withConnection(broker.url, async (connection) => {
        const channel = await connection.createChannel();
        await channel.assertExchange(dlx, 'topic');
        for (const [index, each] of deadLetterQueues.entries()) {
          await channel.assertQueue(each);
          await channel.bindQueue(each, dlx, keys[index]!);
        }
      });
      const args = { 'x-dead-letter-exchange': dlx };
      const { publisher } = await openPublisher({
        ...{ url: broker.url, exchange },
        queues: [{ name, routingKeys: ['k'], partitions: 3, queueType, arguments: args }],
      });
      await publishKeyed(publisher, ['1']);
      publisher.publish({ routingKey: 'k', body: Buffer.from('end') });
      await publisher.flush();
      await publisher.close();
      const names = await withConnection(broker.url, async (connection) => {
        const channel = await connection.createChannel();
        const found: string[][] = [];
        for (const partition of partitionQueueNames(name, 3)) {
          for (let message = await channel.get(partition); message; message = await channel.get(partition)) {
            found.push(Object.keys(message.properties.headers ?? {}));
            channel.nack(message, false, false);
          }
        }
        return found;
      });
      // Quorum queues count deliveries.
      const others = names.map((each) => each.filter((header) => header !== 'x-delivery-count'));
      expect(others.sort()).toEqual([[], [], [], ['partition-key']]);
      const [all, direct] = deadLetterQueues as [string, string];
      for (const each of [all, direct]) await until(async () => (await countMessages(broker.url, each)) >= 4);
      const dead = await drainQueue(broker.url, all);
      // Each partition has rejected its own.
      expect(dead.map(({ body }) => body.toString()).sort()).toEqual(['1 x', 'end', 'end', 'end']);
      expect(JSON.stringify(dead)).not.toMatch(/BCC|every-partition/);
      expect(new Set(dead.map(({ properties }) => properties.headers?.['x-death']?.[0]?.queue)).size).toBe(3);
      expect(dead.map(({ routingKey }) => routingKey)).toEqual(['k', 'k', 'k', 'k']);
      // They are routed by it all the same.
      const counts = await Promise.all(deadLetterQueues.slice(1).map((each) => countMessages(broker.url, each)));
      expect(counts).toEqual([4, 3, 0]);
    }
  });

  it('is counted as a whole without continuity', async () => {
    const { exchange, a, options, namesOf } = partitioned(3);
    const { publisher } = await openPublisher({ ...options, queues: options.queues.slice(0, 2) });
    await publishKeyed(publisher, KEYS);
    await publisher.flush();
    // Of one that is not bound, the others get the messages.
    await unbindQueue(broker.url, `${a}-1`, a, '1');
    await publishKeyed(publisher, KEYS);
    await publisher.flush();
    expect((await drainAll(namesOf(a))).flat()).toHaveLength(1_000);
    await publisher.close();
    const { publisher: next } = await openPublisher({ ...options, topologyCheckIntervalMs: 60_000 });
    await publishKeyed(next, KEYS);
    await next.flush();
    for (const name of namesOf(a)) await unbindQueue(broker.url, name, a, '1');
    await publishKeyed(next, KEYS);
    await expect(next.flush()).rejects.toMatchObject({ code: 'TOPOLOGY_MISSING', facts: { queue: a } });
    await next.close();
    await bindQueue(broker.url, `${a}-0`, exchange, 'other');
  });

  it('sends again what a lost connection left open, over all partitions', async () => {
    await using proxy = await startProxy(broker);
    const { a, start, namesOf } = partitioned(3, 'quorum');
    const { publisher } = await openPublisher({ ...start, url: broker.urlFor({ port: proxy.port }), maxInFlight: 50 });
    const keys = range(1, 3_000).map(String);
    const publishing = publishKeyed(publisher, keys);
    expect(
      await broker.evaluate(
        `[amqqueue:get_arguments(Q) || Q <- rabbit_amqqueue:list(<<"/">>), amqqueue:get_name(Q) == rabbit_misc:r(<<"/">>, queue, <<"${a}-2">>)].`,
      ),
    ).toContain('balanced');
    for (const at of [500, 1_500]) {
      await until(() => publisher.confirmed > at);
      proxy.cut();
    }
    await publishing;
    await publisher.flush();
    const { republished } = publisher.stats;
    expect(publisher.stats.reconnects).toBeGreaterThan(0);
    await publisher.close();
    const queues = await drainAll(namesOf(a));
    expect(queues.flat().length).toBeGreaterThanOrEqual(3_000);
    expect(queues.flat().length).toBeLessThanOrEqual(3_000 + republished);
    for (const bodies of queues) {
      const numbers = withoutDuplicates(bodies.map((body) => Number(body.split(' ')[0])));
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    }
    expect(new Set(queues.flat()).size).toBe(3_000);
  });

  it('survives connections that are lost while the exchanges are declared again', async () => {
    await using proxy = await startProxy(broker);
    const { a, start, namesOf } = partitioned(2);
    const { publisher, events } = await openPublisher({
      ...start,
      url: broker.urlFor({ port: proxy.port }),
      backoff: { initialMs: 1, maxMs: 5 },
      // Messages are confirmed, but not verified: the exchanges must be those that had them.
      topologyCheckIntervalMs: 60_000,
    });
    await publishKeyed(publisher, KEYS, '1');
    await until(() => publisher.confirmed === KEYS.length);
    const bytesBefore = proxy.bytesUp;
    proxy.cut();
    await until(() => countEvents(events, 'connected') === 2);
    // What was deleted is not asked for again.
    const setupBytes = proxy.bytesUp - bytesBefore - 400;
    for (let bytes = 600; bytes < setupBytes; bytes += 100) {
      const cut = proxy.cutAfter(bytes);
      if (publisher.state === 'open') proxy.cut();
      await cut;
    }
    await publishKeyed(publisher, KEYS, '2');
    await publisher.flush();
    await publisher.close();
    expect((await drainAll(namesOf(a))).flat()).toHaveLength(2 * KEYS.length);
  });

  it('needs the plug-in, and options that go together', async () => {
    await broker.enablePlugins();
    const { a, options } = partitioned(2);
    await expect(createPublisher({ ...options, backoff: { initialMs: 1 } })).rejects.toMatchObject({
      code: 'PLUGIN_MISSING',
      facts: { exchange: a },
      message: expect.stringContaining('rabbitmq-plugins enable rabbitmq_consistent_hash_exchange'),
    });
    const [first] = options.queues;
    const refused: readonly (readonly [Partial<PublisherOptions>, RegExp])[] = [
      [{ queues: [{ ...first!, partitions: 101 }] }, /queues\[0\]\.partitions/],
      [{ queues: [{ ...first!, partitions: 0 }] }, /queues\[0\]\.partitions/],
      [{ queues: [first!, { name: 'z', routingKeys: ['k'], partitions: 3 }] }, /queues\[1\]\.partitions/],
      [{ queues: [first!, { name: 'z', routingKeys: ['k'], partitions: 2, queueType: 'stream' }] }, /queues\[1\]/],
      [{ queues: [{ ...first!, expected: true }] }, /expected/],
      [{ exchange: { name: 'f', type: 'fanout' } }, /topic or direct/],
      [{ queues: [first!, { name: `${a}-1`, routingKeys: [] }] }, /different names/],
      [{ queues: [first!, { name: a, routingKeys: [] }] }, /different names/],
      [{ exchange: a }, /name of the exchange/],
      [{ properties: { headers: { 'partition-key': '' } } }, /partition-key/],
    ];
    for (const [change, message] of refused) {
      await expect(createPublisher({ ...options, ...change })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringMatching(message),
      });
    }
    await broker.enablePlugins('rabbitmq_consistent_hash_exchange');
    const { publisher } = await openPublisher({ ...options, queues: [{ ...first!, partitions: 1 }] });
    const message = { routingKey: 'k', body: Buffer.of() };
    expect(() => publisher.publish({ ...message, partitionKey: '1' })).toThrow(/no queue has partitions/);
    await publisher.close();
  });
});

describe('a stream with partitions', () => {
  /** Exchange, queues and bindings of a super stream, as the broker has them. */
  const describeTopology = (name: string): Promise<string> =>
    broker.evaluate(`
      X = rabbit_misc:r(<<"/">>, exchange, <<"${name}">>),
      {ok, {exchange, _, Type, Durable, AutoDelete, Internal, Args, _, _, _, _, _}} = rabbit_exchange:lookup(X),
      {{Type, Durable, AutoDelete, Internal, Args},
       lists:sort([{K, N, A, amqqueue:get_arguments(element(2, rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, N))))}
         || {binding, _, K, {resource, _, queue, N}, A} <- rabbit_binding:list_for_source(X)])}.`);

  it('is the super stream that rabbitmq-streams declares, and clients of streams use it', async () => {
    const { a, b, whole, start, namesOf } = partitioned(3, 'stream');
    const theirs = `${a}-theirs`;
    const keys = [...KEYS, ...range(1, 200).flatMap((n) => [`Ä${n}`, `猫${n}🎵`])];
    await using client = await connectStreamClient(broker, { plugins: ['rabbitmq_consistent_hash_exchange'] });
    // What the command rabbitmq-streams add_super_stream --partitions 3 --leader-locator balanced asks for.
    await broker.evaluate(`
      Names = [iolist_to_binary([<<"${theirs}-">>, integer_to_binary(I)]) || I <- [0, 1, 2]],
      ok = rabbit_stream_manager:create_super_stream(<<"/">>, <<"${theirs}">>, Names,
        #{<<"queue-leader-locator">> => <<"balanced">>}, [<<"0">>, <<"1">>, <<"2">>], <<"guest">>).`);
    const { publisher } = await openPublisher(start);
    for (const name of [a, b])
      expect(await describeTopology(name)).toBe((await describeTopology(theirs)).replaceAll(theirs, name));

    await unbindQueue(broker.url, `${a}-1`, a, '1');
    await publishKeyed(publisher, keys);
    publisher.publish({ routingKey: 'k', body: Buffer.from('end') });
    await publisher.flush();
    await publisher.close();
    expect(await countMessages(broker.url, whole)).toBe(keys.length + 1);

    expect(await client.partitionsOf(a)).toEqual(namesOf(a));
    expect(await client.routesOf(a, '2')).toEqual([`${a}-2`]);
    const ours = await client.readSuperStream(a, (messages) => messages.at(-1) === 'end');
    const inPartition = (index: number) => keys.filter((key) => superStreamPartitionOf(key, 3) === index);
    expect(ours).toEqual([0, 1, 2].map((index) => [...inPartition(index).map((key) => `${key} x`), 'end']));
    // The client's own publisher assigns the same partitions.
    await client.publishKeys(theirs, keys);
    const counts = [0, 1, 2].map((index) => inPartition(index).length);
    expect(await client.readSuperStream(theirs, ({ length }, index) => length === counts[index])).toEqual(
      [0, 1, 2].map(inPartition),
    );
  });

  it('hashes keys as clients of streams do', () => {
    const vectors = [
      ['', 0, 0],
      ['', 1, 0x514e28b7],
      ['test', 0, 0xba6bd213],
      ['test', 0x9747b28c, 0x704b81dc],
      ['Hello, world!', 0, 0xc0363e43],
      ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
    ] as const;
    for (const [text, seed, hash] of vectors) expect(murmur3(Buffer.from(text), seed), text).toBe(hash);
    // What rabbitmq-stream-js-client 1.0.0 has for 3 and for 8 partitions.
    const keys = [
      ['0', 2, 5],
      ['1', 2, 6],
      ['12345', 2, 3],
      ['é', 1, 2],
      ['release-1', 1, 2],
    ] as const;
    for (const [key, of3, of8] of keys) {
      expect([superStreamPartitionOf(key, 3), superStreamPartitionOf(key, 8)], key).toEqual([of3, of8]);
    }
  });
});
