import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  deleteQueue,
  purgeQueue,
  startOwnBroker,
  type TestBroker,
  until,
  withConnection,
} from '@discogs-extractor/test-broker';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CliResult, runCli } from './kit/cli.js';
import { smallDump, writeDump } from './kit/dumps.js';
import { freePort } from './kit/service.js';

const VERSION = '20260101';
const RECORDS = 20;

let folder: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-'));
  data = join(folder, 'data');
  await writeDump(join(folder, 'dumps'), VERSION, smallDump(RECORDS));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const deliver = async (sink: string, env: Record<string, string> = {}): Promise<void> => {
  const args = ['run', '--once', '--source', join(folder, 'dumps'), '--sink', sink];
  expect(await runCli(args, { env: { DISCOGS_ROOT: data, ...env } })).toMatchObject({ status: 0 });
};
const verify = (env: Record<string, string> = {}, ...more: string[]): Promise<CliResult> =>
  runCli(['verify', ...more], { env: { DISCOGS_ROOT: data, ...env } });
/** The verdicts by place, without what is the same in all of them: `artists.ndjson`, `graphinator-artists`. */
const verdictsOf = ({ stdout }: CliResult): Record<string, unknown> => {
  const { places } = JSON.parse(stdout) as { places: { place: string; found: number | null; verdict: string }[] };
  return Object.fromEntries(
    places.map(({ place, found, verdict }) => [place.replace(/.*\/|^discogsography-/g, ''), `${verdict} ${found}`]),
  );
};
const HELD = RECORDS + 1;

/** Starts the management plugin of a broker, until it is disposed of. */
const startManagement = async (broker: TestBroker): Promise<AsyncDisposable & { readonly port: number }> => {
  const port = await freePort();
  const ensure = async (plugins: string, intervalMs: number): Promise<void> => {
    await broker.evaluate(
      `{ok, File} = application:get_env(rabbit, enabled_plugins_file),
       ok = file:write_file(File, "${plugins}.\\n"),
       application:load(rabbitmq_management),
       application:set_env(rabbitmq_management, tcp_config, [{port, ${port}}, {ip, "127.0.0.1"}]),
       application:set_env(rabbit, collect_statistics_interval, ${intervalMs}),
       {ok, _, _} = rabbit_plugins:ensure(File).`,
    );
  };
  await ensure('[rabbitmq_management]', 500);
  return { port, [Symbol.asyncDispose]: () => ensure('[]', 5000) };
};

it('compares NDJSON files with their count, size and content', async () => {
  expect(await verify()).toMatchObject({ status: 1, stderr: expect.stringContaining(data) });
  await deliver('ndjson');
  const complete = await verify();
  expect(complete).toMatchObject({ status: 0, stderr: '' });
  expect(complete.stdout).toMatch(/^ {2}artists +\S+artists\.ndjson +21 +21 +complete$/m);

  // The output folder is in the data folder, and moves with it.
  const old = data;
  data = `${old}-moved`;
  await rename(old, data);
  expect(await verify()).toMatchObject({ status: 0, stderr: '' });

  const path = (type: string): string => join(data, 'ndjson', VERSION, `${type}.ndjson`);
  const lines = (await readFile(path('artists'), 'utf8')).split('\n');
  await writeFile(path('artists'), [...lines.slice(0, 5), ...lines.slice(6)].join('\n'));
  await writeFile(path('labels'), (await readFile(path('labels'), 'utf8')).replace('N ä 7', 'N ö 7'));
  await appendFile(path('masters'), '{"type":"data"}\n');
  await rm(path('releases'));
  const changed = await verify({}, '--json', '--dump-version', VERSION);
  expect(changed.status).toBe(1);
  expect(verdictsOf(changed)).toEqual({
    'artists.ndjson': `short ${HELD - 1}`,
    'labels.ndjson': `changed ${HELD}`,
    'masters.ndjson': `changed ${HELD + 1}`,
    'releases.ndjson': 'short 0',
  });
});

it('compares queues with what they hold, takes nothing out, and says what cannot be known', async () => {
  await using broker = await startOwnBroker();
  await using management = await startManagement(broker);
  const env = { AMQP_CONNECTION: broker.url };
  await deliver('amqp', env);
  const consumers = ['graphinator', 'tableinator'];
  const types = ['artists', 'labels', 'masters', 'releases'];
  const complete = Object.fromEntries(
    types.flatMap((type) => consumers.map((name) => [`${name}-${type}`, `complete ${HELD}`])),
  );
  // Those that follow show that nothing was taken out.
  const first = await verify(env, '--json');
  expect(first.status).toBe(0);
  expect(verdictsOf(first)).toEqual(complete);

  await withConnection(broker.url, async (connection) => {
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue('discogsography-graphinator-artists', Buffer.from('more'));
    await channel.waitForConfirms();
    // A consumer that has acknowledged one message, and waits.
    let isAcked = false;
    await channel.prefetch(1);
    await channel.consume('discogsography-graphinator-labels', (message) => {
      if (isAcked) return;
      isAcked = true;
      channel.ack(message!);
    });
    await purgeQueue(broker.url, 'discogsography-graphinator-masters');
    await deleteQueue(broker.url, 'discogsography-graphinator-releases');
    const changes = { 'graphinator-artists': `more ${HELD + 1}`, 'graphinator-masters': 'short 0' };
    const expected = { ...complete, ...changes, 'graphinator-releases': 'short 0' };
    const alone = await until(
      () => verify(env, '--json'),
      (result) => isAcked && verdictsOf(result)['graphinator-labels'] !== `complete ${HELD}`,
    );
    expect(alone.status).toBe(1);
    expect(verdictsOf(alone)).toEqual({ ...expected, 'graphinator-labels': 'unknown null' });

    // The management API knows what the consumer has taken, and what else was changed, some seconds later: each queue
    // reports at a time of its own.
    const known = { ...expected, 'graphinator-labels': `complete ${HELD}` };
    const managed = await until(
      () => verify({ ...env, AMQP_MANAGEMENT_URL: `http://127.0.0.1:${management.port}` }, '--json'),
      (result) => result.stdout !== '' && isDeepStrictEqual(verdictsOf(result), known),
    );
    expect(managed.status).toBe(1);
  });

  const before = await broker.evaluate('rabbit_nodes:cluster_name().');
  await broker.evaluate('rabbit_nodes:set_cluster_name(<<"another">>, <<"test">>).');
  try {
    expect(verdictsOf(await verify(env, '--json'))).toMatchObject({ 'tableinator-artists': 'unknown null' });
  } finally {
    await broker.evaluate(`rabbit_nodes:set_cluster_name(${before}, <<"test">>).`);
  }
  expect(await verify()).toMatchObject({ status: 2, stderr: expect.stringContaining('AMQP_CONNECTION') });
});
