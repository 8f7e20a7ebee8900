import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config/load-config.js';
import { SETTINGS } from '../src/config/settings.js';
import { type ConfigProblem, ExtractorError } from '../src/errors.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};

/** The minimum for a valid configuration. */
const AMQP = { AMQP_CONNECTION: 'amqp://user:canary-password@localhost/' };

const problemsOf = async (sources: Parameters<typeof loadConfig>[0]): Promise<readonly ConfigProblem[]> => {
  const error = await loadConfig(sources).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ExtractorError);
  const { code, facts, message } = error as ExtractorError;
  expect(code).toBe('CONFIG_INVALID');
  expect(message).not.toContain('canary');
  for (const { setting } of facts.problems!) expect(message).toContain(setting);
  return facts.problems!;
};

describe('loadConfig', () => {
  it('has the documented defaults', async () => {
    const config = await loadConfig({ env: AMQP });
    expect(config).toMatchObject({
      discogsRoot: '/discogs-data',
      periodicCheckDays: 15,
      logLevel: 'INFO',
      healthPort: 8000,
      batchSize: 100,
      queueSize: 5000,
      progressLogInterval: 1000,
      stateSaveInterval: 5000,
      maxMalformedRecords: 100,
      minRecordsPercent: 50,
      forceReprocess: false,
      s3Bucket: 'discogs-data-dumps',
      s3Region: 'us-west-2',
      s3Endpoint: undefined,
      dumpSource: 'auto',
      dumpVersion: undefined,
      dataTypes: ['artists', 'labels', 'masters', 'releases'],
      sink: 'amqp',
      outputDirectory: undefined,
      triggerToken: undefined,
    });
    expect(config.maxWorkers).toBeGreaterThanOrEqual(1);
  });

  it('prefers the command line to the environment, and the environment to the file', async () => {
    const configFile = await file(
      'order.toml',
      'queue_size = 11\nbatch_size = 12\nsink = "null"\ndata_types = ["labels"]\ndump_version = 20240101\n',
    );
    const config = await loadConfig({
      configFile,
      env: { QUEUE_SIZE: '21', SINK: 'ndjson' },
      flags: { sink: 'null', dataTypes: 'releases,artists' },
    });
    expect(config).toMatchObject({
      queueSize: 21,
      batchSize: 12,
      sink: 'null',
      dumpVersion: '20240101',
      dataTypes: ['artists', 'releases'],
    });
  });

  it('takes an empty file of a secret for one that is not set', async () => {
    const config = await loadConfig({ env: { ...AMQP, TRIGGER_TOKEN_FILE: await file('empty-secret', '\n') } });
    expect(config.triggerToken).toBeUndefined();
  });

  it('validates only the settings that the command uses', async () => {
    const wrong = {
      AMQP_CONNECTION: 'nonsense',
      TRIGGER_TOKEN_FILE: '/no/such/file',
      QUEUE_SIZE: '0',
      DISCOGS_ROOT: '/x',
    };
    expect(await loadConfig({ env: wrong }, ['discogsRoot', 'dataTypes'])).toEqual({
      discogsRoot: '/x',
      dataTypes: ['artists', 'labels', 'masters', 'releases'],
    });
    expect(await problemsOf({ env: { ...wrong, SINK: 'null' } })).toHaveLength(3);
  });

  it('reads the file that EXTRACTOR_CONFIG names', async () => {
    const path = await file('env.toml', 'sink = "null"\nhealth_port = 9000\n');
    expect(await loadConfig({ env: { EXTRACTOR_CONFIG: path } })).toMatchObject({ healthPort: 9000 });
  });

  it('counts an empty environment variable as not set', async () => {
    expect(await loadConfig({ env: { ...AMQP, BATCH_SIZE: '', AMQP_CONNECTION_FILE: '' } })).toMatchObject({
      batchSize: 100,
    });
  });

  it.each([
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['yes', true],
    ['on', true],
    ['false', false],
    ['0', false],
    ['No', false],
    ['off', false],
  ])('reads FORCE_REPROCESS=%s', async (text, value) => {
    expect((await loadConfig({ env: { ...AMQP, FORCE_REPROCESS: text } })).forceReprocess).toBe(value);
  });

  it.each([
    'amqp:host',
    'amqp://',
    'amqp://user:%zz@host/',
    'amqp://user:canary/1@host/',
    'amqp://127.0.0.1:1/canary@host:5672/',
    'amqp://host/?heartbeat=often',
    'amqp://host/?hartbeat=5',
    'amqp://host/v#canary',
    'amqp://host/?cacertfile=/ca.pem',
    'http://host/',
  ])('refuses %s as the broker URL without showing it', async (AMQP_CONNECTION) => {
    expect(await problemsOf({ env: { AMQP_CONNECTION } })).toMatchObject([{ setting: 'AMQP_CONNECTION' }]);
  });

  it('says what is wrong with the broker URL, and accepts one that is percent-encoded', async () => {
    const env = { AMQP_CONNECTION: 'amqp://user:canary#1@host/' };
    const [problem] = await problemsOf({ env });
    expect(problem?.accepts).toContain('# is %23');
    expect(problem?.accepts).not.toContain('canary');
    const AMQP_CONNECTION = 'amqps://user:canary%231@host/a%40b%2Fc?verify=verify_peer&connection_timeout=5000';
    expect(await loadConfig({ env: { AMQP_CONNECTION } })).toEqual(
      expect.objectContaining({ amqpConnection: [AMQP_CONNECTION] }),
    );
  });

  it('reads the nodes of a cluster from text, from a file and from TOML, and refuses what is no list of them', async () => {
    const nodes = ['amqp://u:a,b@one/v', 'amqp://u:p%2C@two:5673/v', 'amqp://three/v'];
    const texts = [nodes.join(','), ` ${nodes.join(' ,\n ')} `];
    for (const AMQP_CONNECTION of texts) {
      expect((await loadConfig({ env: { AMQP_CONNECTION } })).amqpConnection).toEqual(nodes);
    }
    const path = await file('nodes', `${nodes.join(',\n')}\n`);
    expect((await loadConfig({ env: { AMQP_CONNECTION_FILE: path } })).amqpConnection).toEqual(nodes);
    const configFile = await file('nodes.toml', `amqp_connection = ${JSON.stringify(nodes)}\n`);
    expect((await loadConfig({ env: {}, configFile })).amqpConnection).toEqual(nodes);
    const refused: readonly (readonly [string, RegExp])[] = [
      ['amqp://u:canary@one/,amqp://u:canary@two/v', /virtual hosts/],
      ['amqp://u:canary@one/,amqp://one', /once/],
      ['amqp://u:canary@one/,http://two', /2 of 2: .*amqps:\/\//],
      ['amqp://u:canary@one/,', /2 of 2 is empty/],
      ['amqp://u:canary@one,two/', /comma/],
    ];
    for (const [AMQP_CONNECTION, reason] of refused) {
      const [problem, ...others] = await problemsOf({ env: { AMQP_CONNECTION } });
      expect(others).toEqual([]);
      expect(problem).toMatchObject({ setting: 'AMQP_CONNECTION', accepts: expect.stringMatching(reason) });
      expect(JSON.stringify(problem)).not.toContain('canary');
    }
    const mixed = { AMQP_CONNECTION: 'amqps://one,amqp://two', AMQP_CA_FILE: 'ca' };
    expect(await problemsOf({ env: mixed })).toMatchObject([{ setting: 'AMQP_CA_FILE' }]);
  });

  it('reads the files for TLS, which an amqp:// URL has no use for', async () => {
    const AMQP_CONNECTION = 'amqps://host/';
    const tls = { AMQP_CA_FILE: 'ca', AMQP_CERT_FILE: 'cert', AMQP_KEY_FILE: 'key', AMQP_SERVER_NAME: 'name' };
    expect(await loadConfig({ env: { AMQP_CONNECTION, ...tls } })).toMatchObject({
      amqpCaFile: 'ca',
      amqpCertFile: 'cert',
      amqpKeyFile: 'key',
      amqpServerName: 'name',
    });
    expect((await problemsOf({ env: { ...AMQP, ...tls } })).map(({ setting }) => setting)).toEqual(Object.keys(tls));
    expect(await loadConfig({ env: { SINK: 'null', ...AMQP, ...tls } })).toMatchObject({ amqpCaFile: 'ca' });
    expect(await problemsOf({ env: { AMQP_CONNECTION, AMQP_KEY_FILE: 'key' } })).toMatchObject([
      { setting: 'AMQP_KEY_FILE' },
    ]);
  });

  it('reads names, type and arguments of the queues from the environment and from TOML', async () => {
    const configFile = await file(
      'queues.toml',
      'amqp_exchange = "x"\namqp_queues = ["a-{type}", "b.{type}"]\namqp_queue_type = "quorum"\n' +
        '[amqp_queue_arguments]\nx-quorum-initial-group-size = 3\n',
    );
    expect(await loadConfig({ env: AMQP, configFile })).toMatchObject({
      amqpExchange: 'x',
      amqpQueues: ['a-{type}', 'b.{type}'],
      amqpQueueType: 'quorum',
      amqpQueueArguments: { 'x-quorum-initial-group-size': 3 },
    });
    const env = { ...AMQP, AMQP_QUEUES: 'c-{type}', AMQP_QUEUE_ARGUMENTS: '{"x-overflow":"reject-publish"}' };
    expect(await loadConfig({ env, configFile })).toMatchObject({
      amqpQueues: ['c-{type}'],
      amqpQueueArguments: { 'x-overflow': 'reject-publish' },
    });
  });

  it.each([
    ['AMQP_QUEUES', 'one-queue-for-all'],
    ['AMQP_QUEUES', 'a-{type},a-{type}'],
    ['AMQP_QUEUES', `${'a'.repeat(250)}{type}`],
    ['AMQP_EXCHANGE', 'a'.repeat(256)],
    ['AMQP_QUEUE_TYPE', 'mirrored'],
    ['AMQP_QUEUE_ARGUMENTS', 'x-max-length=5'],
    ['AMQP_QUEUE_ARGUMENTS', '["x-max-length"]'],
    ['AMQP_QUEUE_ARGUMENTS', '{"x-queue-type":"quorum"}'],
    ['AMQP_QUEUE_ARGUMENTS', '{"x-max-length":null}'],
  ])('refuses %s=%s', async (setting, value) => {
    expect(await problemsOf({ env: { ...AMQP, [setting]: value } })).toMatchObject([{ setting }]);
  });

  it('hides the credentials of a URL that is given for another setting', async () => {
    const problems = await problemsOf({ env: { ...AMQP, S3_ENDPOINT: 'ftp://user:canary@host/' } });
    expect(problems).toMatchObject([{ setting: 'S3_ENDPOINT', value: '"ftp://***@host/"' }]);
  });

  it('reads secrets from files, without the newline at the end', async () => {
    const path = await file('secret', 'amqps://user:pass@host/vhost\n');
    expect((await loadConfig({ env: { AMQP_CONNECTION_FILE: path } })).amqpConnection).toEqual([
      'amqps://user:pass@host/vhost',
    ]);
  });

  it('requires a broker for the amqp sink only', async () => {
    expect(await problemsOf({ env: {} })).toMatchObject([{ setting: 'AMQP_CONNECTION' }]);
    expect((await loadConfig({ env: { SINK: 'ndjson' } })).amqpConnection).toBeUndefined();
  });

  it.each<[string, Record<string, string>, string]>([
    ['nothing', {}, 'topic'],
    ['AMQP_CONNECTION and RABBITMQ_HOST', { ...AMQP, RABBITMQ_HOST: 'rabbitmq' }, 'topic'],
    ['RABBITMQ_HOST', { RABBITMQ_HOST: 'rabbitmq' }, 'fanout'],
    ['an empty RABBITMQ_HOST', { RABBITMQ_HOST: '' }, 'topic'],
    ['DISCOGS_EXCHANGE_PREFIX', { DISCOGS_EXCHANGE_PREFIX: 'other' }, 'fanout'],
    ['RABBITMQ_HOST and CONTRACT', { RABBITMQ_HOST: 'rabbitmq', CONTRACT: 'Topic' }, 'topic'],
    ['AMQP_CONNECTION and CONTRACT', { ...AMQP, CONTRACT: 'fanout' }, 'fanout'],
  ])('given %s, chooses the contract, and says so', async (_, env, contract) => {
    const notices: string[] = [];
    const config = await loadConfig({
      env: { SINK: 'null', ...env },
      onNotice: ({ level, text }) => notices.push(`${level} ${text}`),
    });
    expect(config.contract).toBe(contract);
    const isChosen = contract === 'fanout' && !('CONTRACT' in env);
    expect(notices.some((text) => text.startsWith('info') && text.includes('CONTRACT=fanout'))).toBe(isChosen);
    const isIgnored = 'AMQP_CONNECTION' in env && 'RABBITMQ_HOST' in env;
    expect(notices.some((text) => text.startsWith('warn') && text.includes('RABBITMQ_HOST'))).toBe(isIgnored);
  });

  it('builds the address of RabbitMQ from RABBITMQ_*, whose files win', async () => {
    const broker = async (env: Record<string, string>): Promise<string | undefined> =>
      (await loadConfig({ env })).amqpConnection?.join();
    expect(await broker({ CONTRACT: 'fanout' })).toBe('amqp://discogsography:discogsography@rabbitmq:5672/%2F');
    expect(await broker({ CONTRACT: 'topic', RABBITMQ_HOST: 'mq' })).toContain('@mq:5672/');
    expect(await broker({ RABBITMQ_HOST: '::1', RABBITMQ_PORT: '5673', RABBITMQ_USERNAME: 'a@b' })).toBe(
      'amqp://a%40b:discogsography@[::1]:5673/%2F',
    );
    const files = {
      RABBITMQ_USERNAME_FILE: await file('username', ' from-file\n'),
      RABBITMQ_PASSWORD_FILE: await file('password', 'p/w?\n'),
    };
    expect(await broker({ RABBITMQ_HOST: 'mq', RABBITMQ_USERNAME: 'u', RABBITMQ_PASSWORD: 'canary', ...files })).toBe(
      'amqp://from-file:p%2Fw%3F@mq:5672/%2F',
    );
    expect(await broker({ ...AMQP, ...files })).toBe(AMQP.AMQP_CONNECTION);
  });

  it('refuses what belongs to the other contract, by the names that the user gave', async () => {
    const topicOnly = {
      AMQP_EXCHANGE: 'e',
      AMQP_QUEUES: 'q-{type}',
      AMQP_DELETED_QUEUES: 'd-{type}',
      AMQP_QUEUE_TYPE: 'quorum',
      AMQP_QUEUE_ARGUMENTS: '{"x-max-length": 1}',
    };
    const fanoutOnly = { AMQP_EXPECT_QUEUES: 'none', AMQP_EXPECT_SECONDS: '5', AMQP_DECLARE_QUEUES: 'true' };
    const refused = async (env: Record<string, string>, configFile?: string): Promise<string[]> =>
      (await problemsOf({ env: { ...AMQP, ...env }, configFile })).map(({ setting }) => setting);
    expect(await refused({ CONTRACT: 'fanout', ...topicOnly })).toEqual(Object.keys(topicOnly));
    expect(await refused(fanoutOnly)).toEqual(Object.keys(fanoutOnly));
    const toml = await file('fanout.toml', 'contract = "fanout"\namqp_queues = ["q-{type}"]\n');
    expect(await refused({}, toml)).toEqual([`amqp_queues in ${toml}`]);
    const isDefault = { AMQP_DECLARE_QUEUES: 'false', AMQP_EXPECT_SECONDS: '300' };
    expect(await loadConfig({ env: { ...AMQP, ...topicOnly, ...isDefault } })).toMatchObject({ amqpExchange: 'e' });
    // For every sink: the platform would delete what has not changed.
    expect(await refused({ CONTRACT: 'fanout', PUBLISH: 'changed' })).toEqual(['PUBLISH']);
    const changed = await file('changed.toml', 'contract = "fanout"\nsink = "ndjson"\npublish = "changed"\n');
    expect(await refused({}, changed)).toEqual([`publish in ${changed}`]);
    const contradiction = { CONTRACT: 'fanout', AMQP_DECLARE_QUEUES: 'true', AMQP_EXPECT_QUEUES: 'none' };
    expect(await refused(contradiction)).toEqual(['AMQP_DECLARE_QUEUES']);
    // 251 bytes for releases, so that `.dlx` fits; and one more.
    const longest = {
      CONTRACT: 'fanout',
      DISCOGS_EXCHANGE_PREFIX: 'p'.repeat(200),
      AMQP_EXPECT_QUEUES: `{prefix}-${'q'.repeat(41)}-{type}`,
    };
    expect(await loadConfig({ env: { ...AMQP, ...longest } })).toMatchObject({ contract: 'fanout' });
    const tooLong = { ...longest, AMQP_EXPECT_QUEUES: `{prefix}-${'q'.repeat(42)}-{type}` };
    expect(await refused(tooLong)).toEqual(['AMQP_EXPECT_QUEUES']);
    const notices: string[] = [];
    const env = { ...AMQP, DISCOGS_EXCHANGE_PREFIX: 'p' };
    await loadConfig({ env, onNotice: ({ text }) => notices.push(text) });
    expect(notices).toEqual([expect.stringContaining('DISCOGS_EXCHANGE_PREFIX')]);
  });

  it.each([
    [undefined, ['{prefix}-graphinator-{type}', '{prefix}-tableinator-{type}']],
    ['', ['{prefix}-graphinator-{type}', '{prefix}-tableinator-{type}']],
    ['none', []],
    ['{prefix}-a-{type}, b.{type}', ['{prefix}-a-{type}', 'b.{type}']],
  ])('given AMQP_EXPECT_QUEUES=%s, expects %j', async (value, queues) => {
    const env = { ...AMQP, CONTRACT: 'fanout', ...(value !== undefined && { AMQP_EXPECT_QUEUES: value }) };
    expect((await loadConfig({ env })).amqpExpectQueues).toEqual(queues);
    const problems = await problemsOf({ env: { ...env, AMQP_EXPECT_QUEUES: 'none,a-{type}' } });
    expect(problems).toMatchObject([{ setting: 'AMQP_EXPECT_QUEUES' }]);
  });

  it.each([
    [{ RABBITMQ_HOST: 'mq:5672' }, 'RABBITMQ_HOST'],
    [{ RABBITMQ_HOST: 'mq', RABBITMQ_PORT: 'amqp' }, 'RABBITMQ_PORT'],
    [{ RABBITMQ_HOST: 'mq', RABBITMQ_PASSWORD_FILE: '/no/such/file' }, 'RABBITMQ_PASSWORD_FILE'],
    [{ ...AMQP, CONTRACT: 'direct' }, 'CONTRACT'],
    [{ CONTRACT: 'fanout', DISCOGS_EXCHANGE_PREFIX: 'p'.repeat(201) }, 'DISCOGS_EXCHANGE_PREFIX'],
    [{ CONTRACT: 'fanout', DISCOGS_EXCHANGE_PREFIX: 'amq.p' }, 'DISCOGS_EXCHANGE_PREFIX'],
    [{ ...AMQP, EXTRACTOR_SOURCE: 'musicbrainz' }, 'EXTRACTOR_SOURCE'],
  ])('refuses %o, and only that', async (env: Record<string, string>, setting) => {
    expect((await problemsOf({ env })).map((problem) => problem.setting)).toEqual([setting]);
  });

  it('takes the source "discogs" for the default one', async () => {
    const sourceOf = async (flag: string | undefined, env: Record<string, string> = {}): Promise<string> =>
      (await loadConfig({ env: { ...AMQP, ...env }, flags: { dumpSource: flag } })).dumpSource;
    expect(await sourceOf('discogs')).toBe('auto');
    expect(await sourceOf('discogs', { EXTRACTOR_SOURCE: 'musicbrainz' })).toBe('auto');
    expect(await sourceOf(undefined, { EXTRACTOR_SOURCE: 'Discogs', DUMP_SOURCE: '/dumps' })).toBe('/dumps');
    expect(await sourceOf('discogs', { DUMP_SOURCE: '/dumps' })).toBe('/dumps');
    expect(await sourceOf('./discogs')).toBe('./discogs');
  });

  it('takes the log levels and booleans of the platform', async () => {
    const env = { ...AMQP, LOG_LEVEL: 'warn', FORCE_REPROCESS: 'F' };
    expect(await loadConfig({ env })).toMatchObject({ logLevel: 'WARNING', forceReprocess: false });
  });

  it('reports all problems at once, by the names that the user gave, without secrets', async () => {
    const configFile = await file('wrong.toml', 'batch_size = "many"\nno_such_key = 1\nsink = "null"\n');
    const problems = await problemsOf({
      configFile,
      env: {
        AMQP_CONNECTION: 'http://canary-user:canary-password@localhost',
        HEALTH_PORT: '70000',
        LOG_LEVEL: 'LOUD',
        PERIODIC_CHECK_DAYS: '0',
        MAX_WORKERS: '1.5',
        S3_ENDPOINT: 'nowhere',
      },
      flags: { dumpVersion: '20261301', dataTypes: 'artists,films' },
    });
    expect(problems.map(({ setting, value }) => [setting, value])).toEqual(
      expect.arrayContaining([
        ['AMQP_CONNECTION', undefined],
        ['HEALTH_PORT', '"70000"'],
        ['LOG_LEVEL', '"LOUD"'],
        ['PERIODIC_CHECK_DAYS', '"0"'],
        ['MAX_WORKERS', '"1.5"'],
        ['S3_ENDPOINT', '"nowhere"'],
        ['--dump-version', '"20261301"'],
        ['--types', '"artists,films"'],
        [`batch_size in ${configFile}`, '"many"'],
        [`no_such_key in ${configFile}`, undefined],
      ]),
    );
    expect(problems).toHaveLength(10);
  });

  it.each([
    ['a missing file', { configFile: '/no/such/file.toml', env: AMQP }, '--config'],
    ['a missing file', { env: { ...AMQP, EXTRACTOR_CONFIG: '/no/such/file.toml' } }, 'EXTRACTOR_CONFIG'],
    ['an empty file for a required secret', { env: { AMQP_CONNECTION_FILE: '/dev/null' } }, 'AMQP_CONNECTION'],
    ['a missing secret file', { env: { AMQP_CONNECTION_FILE: '/no/such/secret' } }, 'AMQP_CONNECTION_FILE'],
    ['a secret given twice', { env: { ...AMQP, AMQP_CONNECTION_FILE: '/run/secrets/amqp' } }, 'AMQP_CONNECTION_FILE'],
  ])('refuses %s', async (_, sources, setting) => {
    expect(await problemsOf(sources)).toEqual(expect.arrayContaining([expect.objectContaining({ setting })]));
  });

  it('suggests the names that a misspelled one in the file may stand for', async () => {
    const configFile = await file(
      'typos.toml',
      'heath_port = 1\nAMQP_CONECTION = "x"\ndump-versoin = 1\nlevel = 1\nxyz = 1\n',
    );
    const accepts = (await problemsOf({ configFile, env: AMQP })).map((problem) => problem.accepts);
    expect(accepts.slice(0, 4)).toEqual([
      expect.stringMatching(/^the name health_port( |$)/),
      expect.stringMatching(/^the name amqp_connection( |$)/),
      expect.stringMatching(/^the name dump_version( |$)/),
      expect.stringContaining('log_level'),
    ]);
    expect(accepts[4]).toContain('config.example.toml');
    for (const text of accepts) expect(text!.split(' or ').length).toBeLessThanOrEqual(3);
  });

  it('refuses a file that is not TOML', async () => {
    const configFile = await file('no.toml', 'sink = null\n');
    expect((await problemsOf({ configFile, env: AMQP }))[0]!.setting).toBe(configFile);
  });

  it('has unique names; a TOML key is the variable in lower case', () => {
    const definitions = Object.values(SETTINGS);
    expect(new Set(definitions.map(({ env }) => env)).size).toBe(definitions.length);
    for (const { env, toml } of definitions) expect(toml).toBe(env.toLowerCase());
  });
});
