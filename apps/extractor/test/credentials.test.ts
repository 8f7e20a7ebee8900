import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwnBroker, type TestBroker, until } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, runCli } from './kit/cli.js';
import { smallDump, writeDump } from './kit/dumps.js';
import { type RunningService, startService } from './kit/service.js';

/** With characters that URLs encode; it must not appear in any encoding. */
const PASSWORD = 'canary/pass word#1';
const TOKEN = 'canary-token-2';
const S3_SECRET = 'canary-secret-key-3';
const USER = 'canary-user-4';

const SPELLINGS = [PASSWORD, TOKEN, S3_SECRET, USER].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64'),
]);
/** `\0USER\0PASSWORD`, as sent by the PLAIN login of AMQP. */
const LOGIN = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64');

let base: string;
let folder: string;
let dumps: string;
let broker: TestBroker;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'credentials-'));
  dumps = join(base, 'dumps');
  await writeDump(dumps, '20260101', smallDump(20));
  broker = await startOwnBroker();
  await broker.createUser(USER, PASSWORD);
});
afterAll(async () => {
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'));
});

const env = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  DISCOGS_ROOT: join(folder, 'data'),
  AMQP_CONNECTION: broker.urlFor({ username: USER, password: PASSWORD }),
  TRIGGER_TOKEN: TOKEN,
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: S3_SECRET,
  LOG_LEVEL: 'DEBUG',
  ...more,
});

/** All files of the data folder: state marker, metadata, lock, quarantine. */
const filesOf = async (directory: string): Promise<string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ parentPath, name }) => `${name}\n${await readFile(join(parentPath, name), 'latin1')}`),
  );
};

const expectNoSecret = (what: string, text: string): void => {
  for (const secret of [...SPELLINGS, LOGIN]) {
    const at = text.indexOf(secret);
    expect(at === -1 ? '' : `${what}: …${text.slice(Math.max(0, at - 80), at + 80)}…`).toBe('');
  }
};

const expectClean = async ({ stdout, stderr }: CliResult): Promise<void> => {
  expectNoSecret('standard output', stdout);
  expectNoSecret('standard error', stderr);
  for (const file of await filesOf(join(folder, 'data'))) expectNoSecret('data folder', file);
};

const expectCleanHttp = async (service: RunningService): Promise<void> => {
  const authorized = { Authorization: `Bearer ${TOKEN}` };
  const requests: [string, RequestInit?][] = [
    ...['/', '/health', '/ready', '/metrics', '/status', '/nothing'].map((path): [string] => [path]),
    ['/metrics', { headers: { Accept: 'application/json' } }],
    ['/trigger', { method: 'POST' }],
    ['/trigger', { method: 'POST', headers: { Authorization: 'Bearer wrong' } }],
    ['/trigger', { method: 'POST', headers: authorized, body: `{"${TOKEN}": 1}` }],
    ['/trigger', { method: 'POST', headers: authorized, body: 'x'.repeat(5000) }],
    [`/${encodeURIComponent(TOKEN)}`, { headers: authorized }],
  ];
  for (const [path, options] of requests) {
    const response = await service.request(path, options);
    const headers = JSON.stringify([...response.headers]);
    expectNoSecret(`${options?.method ?? 'GET'} ${path}`, headers + (await response.text()));
  }
};

const stop = async (service: RunningService): Promise<void> => {
  service.process.kill('SIGTERM');
  await expectClean(await service.ended);
};

describe('no credential is shown', () => {
  it('by a successful run', async () => {
    const service = await startService(['--source', dumps], env());
    await service.reaches('waiting');
    expect(await service.json('/health')).toMatchObject({ extraction_progress: { total: 80 } });
    await expectCleanHttp(service);
    const started = await service.request('/trigger', {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}` },
    });
    expect(started.status).toBe(202);
    await service.reaches('waiting');
    await stop(service);
  });

  it('if the broker refuses the login', async () => {
    const service = await startService(
      ['--source', dumps],
      env({ AMQP_CONNECTION: broker.urlFor({ username: USER, password: `${PASSWORD} wrong` }) }),
    );
    await service.reaches('failed');
    // Between runs too, without any connection.
    const ready = await service.request('/ready');
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('BAD_CREDENTIALS');
    await expectCleanHttp(service);
    await stop(service);
    // One error about the broker, before anything is fetched.
    const errors = service
      .output()
      .split('\n')
      .filter((line) => line.includes('"level":"ERROR"'));
    expect(errors.filter((line) => line.includes('BAD_CREDENTIALS'))).toHaveLength(1);
    expect(await readdir(join(folder, 'data'))).toEqual(['.extractor.lock']);
    const status = await runCli(['status'], { env: env() });
    await expectClean(status);
    expect(status.stdout).toContain('Nothing has been delivered');
  });

  it('if the broker is unreachable', async () => {
    const service = await startService(
      ['--source', dumps],
      env({ AMQP_CONNECTION: broker.urlFor({ username: USER, password: PASSWORD, port: 1 }) }),
    );
    await until(
      () => service.request('/ready'),
      ({ status }) => status === 503,
    );
    await service.says('no connection to the broker');
    await expectCleanHttp(service);
    await stop(service);
  });

  it('if the virtual host does not exist', async () => {
    const service = await startService(
      ['--source', dumps],
      env({ AMQP_CONNECTION: broker.urlFor({ username: USER, password: PASSWORD, vhost: 'nowhere' }) }),
    );
    await service.reaches('failed');
    await expectCleanHttp(service);
    await stop(service);
  });

  it('if the URL of an unreachable source contains a password', async () => {
    const password = encodeURIComponent(PASSWORD);
    const service = await startService(
      ['--source', 'web'],
      env({ WEB_URL: `http://${USER}:${password}@127.0.0.1:1/`, LOG_LEVEL: 'DEBUG' }),
    );
    await service.says('Could not fetch the dump listing');
    await expectCleanHttp(service);
    await stop(service);
  });

  it.each([
    ['a URL with another scheme', { AMQP_CONNECTION: `http://${USER}:${encodeURIComponent(PASSWORD)}@localhost/` }],
    ['a password that is not encoded', { AMQP_CONNECTION: `amqp://${USER}:${PASSWORD}@localhost/` }],
    ['an invalid port', { AMQP_CONNECTION: `amqp://${USER}:${encodeURIComponent(PASSWORD)}@localhost:port/` }],
    ['no URL', { AMQP_CONNECTION: PASSWORD }],
    ['a token given twice', { TRIGGER_TOKEN_FILE: '/dev/null' }],
    ['a URL in another setting', { S3_ENDPOINT: `amqp://${USER}:${encodeURIComponent(PASSWORD)}@localhost/` }],
  ])('if the configuration has %s', async (_, more) => {
    const result = await runCli(['run', '--once', '--source', dumps], { env: env(more) });
    expect(result.status).toBe(2);
    await expectClean(result);
  });

  it('if the TOML file is invalid', async () => {
    await mkdir(folder, { recursive: true });
    const config = join(folder, 'config.toml');
    await writeFile(
      config,
      `amqp_connection = "amqp://${USER}:${encodeURIComponent(PASSWORD)}@localhost\ntrigger_token = ${TOKEN}\n`,
    );
    const result = await runCli(['run', '--once', '--config', config], { env: { DISCOGS_ROOT: join(folder, 'data') } });
    expect(result.status).toBe(2);
    await expectClean(result);
  });

  it('if the URL of the proxy contains a password', async () => {
    const service = await startService(
      ['--source', 'web'],
      env({
        WEB_URL: 'http://dumps.invalid/',
        HTTP_PROXY: `http://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/`,
        LOG_LEVEL: 'DEBUG',
      }),
    );
    await service.says('Could not fetch the dump listing');
    await expectCleanHttp(service);
    await stop(service);
  });
});

describe('expectNoSecret', () => {
  it('finds a credential', () => {
    expect(() => expectNoSecret('here', `amqp://${USER}:${encodeURIComponent(PASSWORD)}@host`)).toThrow();
    expect(() => expectNoSecret('here', `PLAIN ${LOGIN}`)).toThrow();
  });
});
