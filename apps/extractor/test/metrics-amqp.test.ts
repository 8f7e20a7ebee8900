import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { startOwnBroker, startProxy, type TestBroker, until } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startService } from './kit/service.js';

let base: string;
let broker: TestBroker;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'metrics-amqp-'));
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});

/** The values of a metrics response, by name and labels. */
const valuesOf = (text: string): Map<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );

it('counts messages, confirms, reconnects and blocked seconds', async () => {
  const records = 8_000;
  const dumps = join(base, 'dumps');
  await generateDump({ directory: dumps, version: '20260101', seed: 'metrics', types: ['labels'], records });
  await using proxy = await startProxy({ host: broker.host, port: broker.port });
  await using service = await startService(['--source', dumps, '--types', 'labels'], {
    DISCOGS_ROOT: join(base, 'data'),
    AMQP_CONNECTION: broker.urlFor({ port: proxy.port }),
    QUEUE_SIZE: '200',
  });
  const metrics = async (): Promise<(name: string) => number> => {
    const values = valuesOf(await (await service.request('/metrics')).text());
    return (name) => values.get(`discogs_extractor_${name}{data_type="labels"}`) ?? Number.NaN;
  };

  const under = await until(metrics, (value) => value('messages_confirmed_total') > 500);
  expect(under('broker_connected')).toBe(1);
  expect(under('window_messages')).toBeLessThanOrEqual(200);
  // Without confirms, the messages in the window are sent again over the next connection. The window is empty while the
  // sink waits for the marker to be saved: then try again.
  const stalled = async () => {
    proxy.resume();
    await sleep(20);
    proxy.stall();
    await sleep(500);
    return metrics();
  };
  let reconnects = 0;
  const reconnected = async () => {
    const held = await until(stalled, (value) => value('window_messages') > 0);
    expect(held('window_bytes')).toBeGreaterThan(0);
    proxy.cut();
    proxy.resume();
    reconnects++;
    return until(
      metrics,
      (value) => value('broker_reconnects_total') === reconnects && value('broker_connected') === 1,
    );
  };
  // After a pause, the publisher checks the queues before it sends the messages of the window: then try again, too.
  await until(reconnected, (value) => value('messages_republished_total') > 0);
  expect((await metrics())('broker_connection_failures_total')).toBeGreaterThanOrEqual(1);

  await broker.setMemoryAlarm();
  const blocked = await until(
    metrics,
    (value) => value('broker_blocked') === 1 && value('broker_blocked_seconds_total') > 0.5,
  );
  // What was read and waits for the broker.
  expect(blocked('pipeline_queued_records')).toBeGreaterThan(0);
  expect((await service.request('/ready')).status).toBe(200);
  await broker.clearMemoryAlarm();

  await service.reaches('waiting');
  const end = await metrics();
  expect(end('records_confirmed_total')).toBe(records);
  // `file_complete` is one more.
  expect(end('messages_published_total')).toBe(records + 1);
  expect(end('messages_confirmed_total')).toBe(records + 1);
  expect(end('message_bytes_published_total')).toBeGreaterThan(100 * records);
  expect(end('messages_republished_total')).toBeGreaterThan(0);
  expect(end('messages_nacked_total')).toBe(0);
  expect(end('messages_returned_total')).toBe(0);
  expect(end('window_messages')).toBe(0);
  expect(end('broker_blocked')).toBe(0);
  expect(end('pipeline_queued_records')).toBe(0);
});
