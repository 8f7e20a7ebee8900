import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';
import {
  countMessages,
  createAuthority,
  deleteQueue,
  drainQueue,
  openTlsListeners,
  startOwnBroker,
  type TestBroker,
  until,
} from '@discogs-extractor/test-broker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DATA_TYPES } from '../src/config/data-type.js';
import { type CliResult, runCli, startCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';

const VERSION = '20260101';
const RECORDS = 150;
const QUEUES = DATA_TYPES.flatMap((type) =>
  ['graphinator', 'tableinator'].map((consumer) => ({ type, queue: `discogsography-${consumer}-${type}` })),
);

let broker: TestBroker;
let base: string;
let dumps: string;
let folder: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'run-amqp-'));
  dumps = join(base, 'dumps');
  await generateDump({ directory: dumps, version: VERSION, seed: 11, records: RECORDS });
  // The platform's queue names are fixed, so these tests need a broker that is theirs alone.
  broker = await startOwnBroker();
});
afterAll(async () => {
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'));
});
afterEach(async () => {
  for (const { queue } of QUEUES) await deleteQueue(broker.url, queue);
});

const env = (url = broker.url): Record<string, string> => ({
  DISCOGS_ROOT: join(folder, 'data'),
  AMQP_CONNECTION: url,
});
const ARGS = ['run', '--once', '--source'];
const run = (): Promise<CliResult> => runCli([...ARGS, dumps], { env: env() });

describe('run --once --sink amqp', () => {
  it('delivers over TLS, with the authority, name and certificate that the settings name', async () => {
    await using authority = await createAuthority();
    const server = await authority.issue('broker.test', ['DNS:broker.test']);
    await using listeners = await openTlsListeners(broker, { ...server, caFile: authority.caFile });
    const { certFile, keyFile } = await authority.issue('extractor');
    const strict = env(`amqps://guest:guest@127.0.0.1:${listeners.strictPort}`);
    const settings = { AMQP_CA_FILE: authority.caFile, AMQP_SERVER_NAME: 'broker.test' };
    const identity = { AMQP_CERT_FILE: certFile, AMQP_KEY_FILE: keyFile };
    const args = [...ARGS, dumps, '--types', 'labels'];
    const [untrusted, anonymous] = await Promise.all([
      runCli(args, { env: { ...strict, ...identity } }),
      runCli([...args, '--data', join(folder, 'other')], { env: { ...strict, ...settings } }),
    ]);
    expect(untrusted.status).toBe(1);
    expect(untrusted.stdout).toContain('AMQP_CA_FILE');
    expect(anonymous.status).toBe(1);
    expect(anonymous.stdout).toContain('AMQP_CERT_FILE');
    expect(await runCli(args, { env: { ...strict, ...settings, ...identity } })).toMatchObject({ status: 0 });
    expect(await countMessages(broker.url, 'discogsography-graphinator-labels')).toBe(RECORDS + 1);
  });

  it('delivers to every queue what the ndjson sink writes, byte for byte and in order, and nothing the second time', async () => {
    for (let times = 0; times < 2; times++) expect(await run()).toMatchObject({ status: 0, stderr: '' });
    const output = join(folder, 'output');
    const ndjson = await runCli([...ARGS, dumps, '--sink', 'ndjson', '--output', output], {
      env: { DISCOGS_ROOT: join(folder, 'ndjson-data') },
    });
    expect(ndjson.status).toBe(0);

    for (const { type, queue } of QUEUES) {
      const messages = await drainQueue(broker.url, queue);
      expect(messages).toHaveLength(RECORDS + 1);
      const lines = (await readFile(join(output, VERSION, `${type}.ndjson`), 'utf8')).split('\n').slice(0, RECORDS);
      expect(messages.slice(0, RECORDS).map(({ body }) => Buffer.from(body).toString())).toEqual(lines);
      expect(JSON.parse(Buffer.from(messages.at(-1)!.body).toString())).toMatchObject({
        type: 'file_complete',
        data_type: type,
        total_processed: RECORDS,
        file: dumpFile(VERSION, type),
      });
      const { id, sha256 } = JSON.parse(lines[0]!) as { id: string; sha256: string };
      expect(messages[0]!.properties).toMatchObject({
        contentType: 'application/json',
        contentEncoding: 'application/json',
        deliveryMode: 2,
        messageId: `${VERSION}:${type}:${id}:${sha256}`,
      });
    }
  });

  it('keeps records that are too large for the broker, within the budget of malformed records', async () => {
    const odd = join(folder, 'odd');
    const large = new Set([30, 200]);
    const artist = (id: number): string =>
      `<artist><id>${id}</id><profile>${'x'.repeat(large.has(id) ? 100_000 : 100)}</profile></artist>`;
    const artists = Array.from({ length: 400 }, (_, at) => artist(at + 1)).join('');
    await writeDump(odd, VERSION, { ...smallDump(1), artists: `<artists>${artists}</artists>` });
    const args = [...ARGS, odd, '--types', 'artists'];
    const idsIn = async (queue: string): Promise<string[]> => {
      const messages = await drainQueue(broker.url, queue);
      return [...new Set(messages.map(({ body }) => (JSON.parse(String(body)) as { id?: string }).id ?? 'complete'))];
    };
    const numbers = (from: number, to: number): string[] =>
      Array.from({ length: to - from + 1 }, (_, at) => from + at)
        .filter((id) => !large.has(id))
        .map(String);
    const [queue] = QUEUES.filter(({ type }) => type === 'artists').map((each) => each.queue);
    await broker.evaluate('application:set_env(rabbit, max_message_size, 65536).');
    try {
      // The second one is one too many. Everything before it is delivered, and not sent again.
      const strict = await runCli(args, { env: { ...env(), MAX_MALFORMED_RECORDS: '1' } });
      expect(strict.status).toBe(1);
      expect(strict.stdout).toMatch(/RECORD_REFUSED/);
      expect(strict.stdout).toMatch(/Record 200 .*100\d{3} bytes/);
      expect(await idsIn(queue!)).toEqual(expect.arrayContaining(numbers(1, 199)));

      const tolerant = await runCli(args, { env: env() });
      // Not everything is delivered.
      expect(tolerant.status, tolerant.stdout).toBe(1);
      expect(tolerant.stdout).toContain('artists: 398 records delivered, 2 parts not');
      const { stdout } = await runCli(['verify', '--json'], { env: env() });
      const { places } = JSON.parse(stdout) as { places: { expected: number }[] };
      expect(places.map(({ expected }) => expected)).toEqual([399, 399]);
      const messages = await drainQueue(broker.url, queue!);
      const bodies = messages.map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>);
      expect(bodies.at(-1)).toMatchObject({ type: 'file_complete', total_processed: 398, undelivered: 2 });
      expect([...new Set(bodies.slice(0, -1).map(({ id }) => id))]).toEqual(numbers(200, 400));
      const quarantine = join(folder, 'data', 'quarantine', VERSION, 'artists');
      expect((await readdir(quarantine)).sort()).toEqual(
        [30, 200].flatMap((id) => ['.json', '.message.json'].map((end) => `record-${`${id}`.padStart(13, '0')}${end}`)),
      );
      const kept = await readFile(join(quarantine, 'record-0000000000200.message.json'), 'utf8');
      expect(JSON.parse(kept)).toMatchObject({ type: 'data', id: '200', profile: 'x'.repeat(100_000) });
    } finally {
      await broker.evaluate('application:set_env(rabbit, max_message_size, 134217728).');
    }
  });

  it('sends no file_complete if no record was taken, or if refused and malformed ones are too many together', async () => {
    const odd = join(folder, 'odd');
    await writeDump(odd, VERSION, {
      ...smallDump(1),
      artists: `<artists><artist><id>1</id><profile>${'x'.repeat(3000)}</profile></artist></artists>`,
      labels:
        `<labels><label><id>1</id><profile>${'x'.repeat(3000)}</profile></label>\n<label><id>2</id></label>` +
        `<!--${'x'.repeat(4_000_000)}-->\n<label><</label></labels>`,
    });
    const args = [...ARGS, odd, '--types', 'artists,labels'];
    const { status, stdout } = await runCli(args, {
      env: { ...env(), AMQP_MAX_MESSAGE_BYTES: '2000', MAX_MALFORMED_RECORDS: '1' },
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/"delivered":0.*NO_RECORDS.*artists.*malformed: 0, refused: 1, empty: 0/);
    expect(stdout).toMatch(/RECORD_REFUSED.*labels.*MAX_MALFORMED_RECORDS=1/);
    for (const type of ['artists', 'labels']) {
      const messages = await drainQueue(broker.url, `discogsography-graphinator-${type}`);
      expect(messages.map(({ body }) => String(body)).join()).not.toContain('file_complete');
    }
  });

  it('delivers a record whose id is too long for a message id', async () => {
    const odd = join(folder, 'odd');
    const id = 'ä'.repeat(200);
    await writeDump(odd, VERSION, { ...smallDump(1), artists: `<artists><artist><id>${id}</id></artist></artists>` });
    expect(await runCli([...ARGS, odd, '--types', 'artists'], { env: env() })).toMatchObject({ status: 0 });
    const [message] = await drainQueue(broker.url, 'discogsography-graphinator-artists');
    expect(JSON.parse(Buffer.from(message!.body).toString())).toMatchObject({ id });
    expect(message!.properties.messageId).toMatch(new RegExp(`^${VERSION}:artists:ä{80,}:[0-9a-f]{64}$`));
  });

  it.each(['quorum', 'stream'])('delivers to %s queues', async (AMQP_QUEUE_TYPE) => {
    const args = [...ARGS, dumps, '--types', 'labels'];
    expect(await runCli(args, { env: { ...env(), AMQP_QUEUE_TYPE } })).toMatchObject({ status: 0 });
    const listed = await broker.evaluate(
      '[{element(4, amqqueue:get_name(Queue)), amqqueue:get_type(Queue)} || Queue <- rabbit_amqqueue:list()].',
    );
    for (const { queue } of QUEUES.filter(({ type }) => type === 'labels')) {
      expect(listed).toMatch(new RegExp(`"${queue}">>,\\s*rabbit_${AMQP_QUEUE_TYPE}_queue`));
      // A stream reports its length with a short delay.
      await expect.poll(() => countMessages(broker.url, queue), { timeout: 30_000 }).toBe(RECORDS + 1);
    }
  });

  it('finds out before the download whether a run can work, and names the settings if not', async () => {
    // With a check, everything is there as for a run, but nothing is fetched or delivered.
    const check = ['run', '--check', '--source', dumps, '--types', 'labels'];
    const deliver = [...ARGS, dumps, '--types', 'labels'];
    const queues = QUEUES.filter(({ type }) => type === 'labels');
    const checked = await runCli(check, { env: env() });
    expect(checked, checked.stdout).toMatchObject({ status: 0 });
    const data = env()['DISCOGS_ROOT']!;
    expect(await readdir(data)).toEqual(['.extractor.lock']);
    for (const { queue } of queues) expect(await countMessages(broker.url, queue)).toBe(0);

    const quorum = { ...env(), AMQP_QUEUE_TYPE: 'quorum' };
    for (const args of [check, deliver]) {
      const result = await runCli(args, { env: quorum });
      expect(result.status).toBe(1);
      // One error, before anything is fetched.
      expect(result.stdout.split('"level":"ERROR"')).toHaveLength(2);
      expect(result.stdout).toContain('TOPOLOGY_CONFLICT');
      expect(result.stdout).toContain('AMQP_QUEUE_TYPE');
      expect(await readdir(data)).toEqual(['.extractor.lock']);
    }
    expect(await runCli(deliver, { env: env() })).toMatchObject({ status: 0 });
    const delivered = await runCli(check, { env: env() });
    expect(delivered.status).toBe(0);
    expect(delivered.stdout).toContain('is delivered already');
    const elsewhere = { ...env(), AMQP_EXCHANGE: 'elsewhere' };
    const refused = await runCli(check, { env: elsewhere });
    expect(refused.status).toBe(1);
    expect(refused.stdout).toContain('DESTINATION_CHANGED');
    for (const { queue } of queues) expect(await countMessages(broker.url, queue)).toBe(RECORDS + 1);
  });

  it('resumes after a stop, and loses nothing', async () => {
    const many = join(folder, 'many');
    const records = 6_000;
    await generateDump({ directory: many, version: VERSION, seed: 12, records, types: ['artists'] });
    const options = { env: { ...env(), QUEUE_SIZE: '200' } };
    const args = [...ARGS, many, '--types', 'artists'];
    const queue = 'discogsography-graphinator-artists';
    const stopped = startCli(args, options);
    await until(async () => (await countMessages(broker.url, queue).catch(() => 0)) > 500);
    stopped.process.kill('SIGINT');
    expect(await stopped.ended).toMatchObject({ status: 0 });
    expect(await countMessages(broker.url, queue)).toBeLessThan(records);
    expect(await runCli(args, options)).toMatchObject({ status: 0 });

    const messages = await drainQueue(broker.url, queue);
    const ids = messages.slice(0, -1).map(({ properties }) => String(properties.messageId));
    expect(new Set(ids).size).toBe(records);
    // A graceful stop collects the confirms under way, so that nothing is sent twice.
    expect(ids).toHaveLength(records);
    expect(Buffer.from(messages.at(-1)!.body).toString()).toContain('file_complete');
  });
});
