import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deleteQueue, drainQueue, startOwnBroker, type TestBroker } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_TYPES } from '../src/config/data-type.js';
import { createAmqpSink } from '../src/sinks/amqp-sink.js';
import { createNdjsonSink } from '../src/sinks/ndjson-sink.js';
import { createNullSink } from '../src/sinks/null-sink.js';
import { CONTRACT_TARGET, type SinkHarness, sinkContract } from './kit/sink-contract.js';

describe('the null sink passes the contract:', () => {
  const createHarness = async (): Promise<SinkHarness> => ({
    sink: createNullSink(),
    arrived: async () => undefined,
    completions: async () => undefined,
    [Symbol.asyncDispose]: async () => {},
  });
  for (const { name, run } of sinkContract) it(name, () => run(createHarness));
});

describe('the ndjson sink passes the contract:', () => {
  const createHarness = async (): Promise<SinkHarness> => {
    const directory = await mkdtemp(join(tmpdir(), 'sink-contract-'));
    const path = join(directory, CONTRACT_TARGET.version, `${CONTRACT_TARGET.dataType}.ndjson`);
    return {
      sink: createNdjsonSink({ directory, dataFolder: join(directory, 'data') }),
      arrived: async () => (await readFile(path, 'utf8')).trimEnd().split('\n'),
      completions: async () =>
        (await readFile(join(dirname(path), 'extraction_complete.ndjson'), 'utf8')).trimEnd().split('\n'),
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
    };
  };
  for (const { name, run } of sinkContract) it(name, () => run(createHarness));
});

describe('the amqp sink passes the contract:', () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await startOwnBroker();
  });
  afterAll(() => broker?.close());

  const createHarness = async (): Promise<SinkHarness> => ({
    sink: createAmqpSink({ url: [broker.url], queueSize: 100, exchange: 'contract', queues: ['contract-{type}'] }),
    arrived: async () =>
      (await drainQueue(broker.url, `contract-${CONTRACT_TARGET.dataType}`)).map(({ body }) => body.toString()),
    completions: async () => {
      const drained = await Promise.all(DATA_TYPES.map((type) => drainQueue(broker.url, `contract-${type}`)));
      expect(drained.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
      return drained.flat().map(({ body }) => body.toString());
    },
    [Symbol.asyncDispose]: async () => {
      for (const type of DATA_TYPES) await deleteQueue(broker.url, `contract-${type}`);
    },
  });
  for (const { name, run } of sinkContract) it(name, () => run(createHarness));
});
