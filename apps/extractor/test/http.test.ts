import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needProgram, until } from '@discogs-extractor/test-broker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli, startCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { type RunningService, startService } from './kit/service.js';

const VERSION = '20260101';
const RECORDS = 20;
const TOKEN = 'a token of the test';
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` };

let base: string;
let dumps: string;
let folder: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'http-'));
  dumps = join(base, 'dumps');
  await writeDump(dumps, VERSION, smallDump(RECORDS));
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'));
});

const env = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  DISCOGS_ROOT: join(folder, 'data'),
  SINK: 'ndjson',
  OUTPUT_DIRECTORY: join(folder, 'output'),
  ...more,
});
const start = (source = dumps, more: Readonly<Record<string, string>> = {}): Promise<RunningService> =>
  startService(['--source', source], env({ TRIGGER_TOKEN: TOKEN, ...more }));
const trigger = (service: RunningService, options: RequestInit = {}): Promise<Response> =>
  service.request('/trigger', { method: 'POST', headers: AUTHORIZED, ...options });

describe('a service that waits for the next run', () => {
  let service: RunningService;
  beforeAll(async () => {
    folder = await mkdtemp(join(base, 'waiting-'));
    service = await start();
    await service.reaches('waiting');
  });
  afterAll(() => service[Symbol.asyncDispose]());

  it('shows numbers that people can read in its status', async () => {
    expect(await (await service.request('/status')).text()).not.toMatch(/\.\d{5}/);
  });

  it('returns its health in the form that the platform expects', async () => {
    const response = await service.request('/health');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    const each = { artists: RECORDS, labels: RECORDS, masters: RECORDS, releases: RECORDS };
    const ago = expect.closeTo(30, -2);
    expect(await response.json()).toEqual({
      status: 'healthy',
      service: 'extractor',
      current_task: null,
      progress: 1,
      extraction_progress: { ...each, total: 4 * RECORDS },
      last_extraction_time: { artists: ago, labels: ago, masters: ago, releases: ago },
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      extraction_status: 'waiting',
    });
  });

  it('reports that it is ready', async () => {
    const response = await service.request('/ready');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ready' });
  });

  it('returns metrics that follow the naming conventions', async () => {
    const promtool = await needProgram('promtool', 'prometheus');
    const response = await service.request('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    const said = await new Promise<string>((resolve) => {
      const child = execFile(promtool, ['check', 'metrics'], (error, stdout, stderr) =>
        resolve(`${error?.code ?? 0} ${stdout}${stderr}`),
      );
      child.stdin!.end(text);
    });
    expect(said).toBe('0 ');

    const value = (name: string): number =>
      Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);
    for (const type of ['artists', 'labels', 'masters', 'releases']) {
      expect(value(`discogs_extractor_records_read_total{data_type="${type}"}`)).toBe(RECORDS);
      expect(value(`discogs_extractor_records_confirmed_total{data_type="${type}"}`)).toBe(RECORDS);
      expect(value(`discogs_extractor_file_state{data_type="${type}",state="completed"}`)).toBe(1);
    }
    expect(value('discogs_extractor_phase{phase="waiting"}')).toBe(1);
    expect(value('discogs_extractor_extraction_status{status="waiting"}')).toBe(1);
    expect(value('discogs_extractor_runs_total{outcome="completed"}')).toBe(1);
    expect(value('discogs_extractor_run_duration_seconds_count{outcome="completed"}')).toBe(1);
    expect(value('discogs_extractor_dump_info{version="20260101"}')).toBe(1);
    expect(value('discogs_extractor_dump_timestamp_seconds')).toBe(Date.UTC(2026, 0, 1) / 1000);
    expect(value('discogs_extractor_dump_age_seconds')).toBeCloseTo((Date.now() - Date.UTC(2026, 0, 1)) / 1000, -2);
    expect(value('discogs_extractor_last_success_timestamp_seconds')).toBeCloseTo(Date.now() / 1000, -2);
    expect(value('discogs_extractor_next_check_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 + 14 * 86_400);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e7);
  });

  it.each([
    ['*/*', 'text/plain'],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1', 'text/plain'],
    ['application/json', 'application/json'],
    ['application/json, text/plain, */*', 'application/json'],
  ])('responds to %s at /metrics with %s', async (accept, type) => {
    const response = await service.request('/metrics', { headers: { Accept: accept } });
    expect(response.headers.get('content-type')?.split(';')[0]).toBe(type);
  });

  it("returns the older extractors' metrics as JSON", async () => {
    expect(await service.json('/metrics', { headers: { Accept: 'application/json' } })).toEqual({
      extraction_progress_artists: RECORDS,
      extraction_progress_labels: RECORDS,
      extraction_progress_masters: RECORDS,
      extraction_progress_releases: RECORDS,
      extraction_progress_total: 4 * RECORDS,
      completed_files: 4,
      active_connections: 0,
      error_count: 0,
    });
  });

  it('responds to HEAD as to GET, without a body', async () => {
    for (const path of ['/', '/health', '/ready', '/metrics', '/status']) {
      const response = await service.request(path, { method: 'HEAD' });
      expect(response.status, path).toBe(200);
      expect(await response.text(), path).toBe('');
    }
  });

  it('reports unknown paths and methods as JSON', async () => {
    const unknown = await service.request('/nothing/here?a=<script>');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ error: 'not found' });
    for (const [path, method, allowed] of [
      ['/health', 'POST', 'GET, HEAD'],
      ['/', 'DELETE', 'GET, HEAD'],
      ['/trigger', 'GET', 'POST'],
    ] as const) {
      const response = await service.request(path, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe(allowed);
    }
  });

  it('restricts browsers to what the page needs', async () => {
    const page = await service.request('/');
    expect(page.headers.get('content-type')).toBe('text/html; charset=UTF-8');
    const policy = page.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    for (const path of ['/', '/health', '/metrics', '/status', '/nothing']) {
      const { headers } = await service.request(path);
      expect(headers.get('content-security-policy'), path).toMatch(/^default-src 'none'/);
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('x-frame-options'), path).toBe('DENY');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('cache-control'), path).toBe('no-store');
      expect(headers.get('access-control-allow-origin'), path).toBeNull();
    }
  });

  it.each([
    ['no token', {}],
    ['a wrong token', { Authorization: 'Bearer something else' }],
    ['a longer token', { Authorization: `Bearer ${TOKEN}x` }],
    ['a shorter token', { Authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['an empty token', { Authorization: 'Bearer ' }],
    ['another scheme', { Authorization: `Basic ${TOKEN}` }],
  ])('cannot be triggered with %s', async (_, headers) => {
    // A body over the limit changes nothing: without the token, the body is not read.
    for (const body of ['{"force_reprocess": true}', 'x'.repeat(100_000)]) {
      const response = await trigger(service, { headers: headers as Record<string, string>, body });
      expect(response.status).toBe(403);
    }
    expect(await service.json('/health')).toMatchObject({ extraction_status: 'waiting' });
  });

  it.each([
    ['not JSON', 400, '{'],
    ['not an object', 400, '[]'],
    ['an unknown field', 400, '{"force": true}'],
    ['not a boolean', 400, '{"force_reprocess": "yes"}'],
    ['too large', 413, JSON.stringify({ force_reprocess: true, more: 'x'.repeat(2000) })],
  ])('refuses a body that is %s', async (_, status, body) => {
    const response = await trigger(service, { body });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status: 'invalid' });
    expect(await service.json('/health')).toMatchObject({ extraction_status: 'waiting' });
  });

  it('refuses a body without an end', async () => {
    const sending = httpRequest(`${service.url}/trigger`, { method: 'POST', headers: AUTHORIZED });
    sending.on('error', () => {});
    const feeding = setInterval(() => sending.write('x'.repeat(100)), 5);
    try {
      const status = await new Promise((resolve) => {
        sending.once('response', (response) => resolve(response.statusCode));
      });
      expect(status).toBe(413);
    } finally {
      clearInterval(feeding);
      sending.destroy();
    }
  });
});

describe('POST /trigger with TRIGGER_OPEN', () => {
  it('starts runs without a token, reads bodies as the platform does, and refuses web pages', async () => {
    await using service = await start(dumps, { TRIGGER_TOKEN: '', TRIGGER_OPEN: 'true', CONTRACT: 'fanout' });
    await service.says('TRIGGER_OPEN is set');
    const health = await service.reaches('waiting');
    expect(health).toMatchObject({
      extraction_progress: { release_groups: 0, total: 4 * RECORDS },
      last_extraction_time: { release_groups: null },
    });
    const json = { 'Content-Type': 'application/json' };
    const call = async (headers: Record<string, string>, body?: string): Promise<[number, unknown]> => {
      const bytes = body === undefined ? null : Buffer.from(body);
      const response = await service.request('/trigger', { method: 'POST', headers, body: bytes });
      return [response.status, await response.json()];
    };
    expect(await call({ ...json, Origin: service.url }, '{}')).toEqual([403, expect.anything()]);
    expect(await call(json, '{"force_reprocess":')).toEqual([400, expect.anything()]);
    expect(await call({ 'Content-Type': 'text/plain' }, '{}')).toEqual([415, expect.anything()]);
    expect(await call(json, '{"force_reprocess":"yes"}')).toEqual([422, expect.anything()]);
    expect((await service.json('/status'))['can_trigger']).toBe(false);
    expect(await call({}, 'anything')).toEqual([202, { status: 'started', force_reprocess: false }]);
    await service.reaches('waiting');
    expect(await call({ 'Content-Type': 'application/json; charset=utf-8' }, '{"force_reprocess":true,"x":1}')).toEqual(
      [202, { status: 'started', force_reprocess: true }],
    );
    expect(await service.reaches('waiting')).toMatchObject({ extraction_progress: { total: 4 * RECORDS } });
  });
});

describe('POST /trigger', () => {
  it('starts a run that finds nothing to do, after a client that left, then one that delivers everything again', async () => {
    await using service = await start(dumps, { LOG_LEVEL: 'DEBUG' });
    await service.reaches('waiting');
    const sending = httpRequest(`${service.url}/trigger`, {
      method: 'POST',
      headers: { ...AUTHORIZED, 'content-length': '100' },
    });
    sending.on('error', () => {});
    await new Promise<void>((resolve) => sending.write('{', () => resolve()));
    await until(
      () => service.request('/metrics'),
      (response) => response.ok,
    );
    sending.destroy();
    await service.says('the client has gone');
    expect(service.output()).not.toContain('"level":"ERROR"');
    const output = join(folder, 'output', VERSION, 'artists.ndjson');
    const first = await readFile(output, 'utf8');

    const plain = await trigger(service);
    expect(plain.status).toBe(202);
    expect(await plain.json()).toEqual({ status: 'started', force_reprocess: false });
    await service.reaches('waiting');
    expect(await readFile(output, 'utf8')).toBe(first);

    const forced = await trigger(service, { body: '{"force_reprocess": true}' });
    expect(forced.status).toBe(202);
    expect(await forced.json()).toEqual({ status: 'started', force_reprocess: true });
    // A client that requests the health after the response must not take the last run for this one.
    expect((await service.json('/health'))['extraction_status']).not.toBe('waiting');
    await service.reaches('waiting');
    expect((await readFile(output, 'utf8')).split('\n').slice(0, -2)).toEqual(first.split('\n').slice(0, -2));
    const metrics = await (await service.request('/metrics')).text();
    expect(metrics).toContain('discogs_extractor_triggers_total{result="accepted"} 2\n');
    expect(metrics).toContain('discogs_extractor_runs_total{outcome="skipped"} 1\n');
    expect(metrics).toContain('discogs_extractor_runs_total{outcome="completed"} 2\n');
  });

  it('responds with 409 during a run, and /ready with 503 without a broker', async () => {
    // The service waits for an unreachable broker, in the middle of its run.
    await using service = await start(dumps, { SINK: 'amqp', AMQP_CONNECTION: 'amqp://127.0.0.1:1/' });
    const ready = await until(
      async () => (await (await service.request('/ready')).json()) as { reasons?: string[] },
      ({ reasons = [] }) => reasons.some((reason) => reason.includes('no connection to the broker')),
    );
    expect(ready).toMatchObject({ status: 'not_ready' });
    expect((await service.request('/ready')).status).toBe(503);
    const response = await trigger(service);
    expect(response.status).toBe(409);
    expect(await response.json()).toEqual({ status: 'already_running' });
    expect((await service.request('/health')).status).toBe(200);
    const metrics = await (await service.request('/metrics')).text();
    expect(metrics).toContain('discogs_extractor_broker_waiting 1\n');
    expect(metrics).toMatch(/^discogs_extractor_broker_connected\{data_type="artists"\} 0$/m);
  });

  it('retries a failed run at once, and keeps the forced reprocessing that it did not reach', async () => {
    await using service = await start();
    await service.reaches('waiting');
    const output = join(folder, 'output', VERSION, 'labels.ndjson');
    // The folder with the dumps disappears, and returns.
    const hidden = `${dumps}-hidden`;
    await rename(dumps, hidden);
    try {
      await trigger(service, { body: '{"force_reprocess": true}' });
      const health = await service.reaches('failed');
      expect(health['error_message']).toMatch(/dumps/);
      expect(await service.json('/status')).toMatchObject({ phase: 'waiting', failures: 1 });
    } finally {
      await rename(hidden, dumps);
    }
    await rm(output);
    await trigger(service);
    await service.reaches('waiting');
    expect((await readFile(output, 'utf8')).split('\n')).toHaveLength(RECORDS + 2);
    expect(await service.json('/status')).toMatchObject({ failures: 0, problems: [{ code: expect.any(String) }] });
  });
});

describe('the HTTP port', () => {
  let taken: ReturnType<typeof createServer>;
  let port: string;
  beforeEach(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = String((taken.address() as { port: number }).port);
  });
  afterEach(() => new Promise((resolve) => taken.close(resolve)));

  it('in use by another program ends the service with status 1 before it delivers anything', async () => {
    const { status, stdout } = await runCli(['run', '--source', dumps], {
      env: env({ HEALTH_PORT: port, HEALTH_HOST: '127.0.0.1' }),
    });
    expect(status).toBe(1);
    expect(stdout).toContain('"code":"HTTP_UNAVAILABLE"');
    expect(stdout).toContain(`port ${port}`);
    expect(await readdir(folder)).not.toContain('output');
  });

  it('in use by another program is a warning in a single run, which continues without HTTP', async () => {
    const { status, stdout } = await runCli(['run', '--once', '--source', dumps, '--types', 'labels'], {
      env: env({ HEALTH_PORT: port, HEALTH_HOST: '127.0.0.1' }),
    });
    expect(status).toBe(0);
    const warning = stdout.split('\n').find((line) => line.includes('HTTP_UNAVAILABLE'));
    expect(JSON.parse(warning!)).toMatchObject({ level: 'WARNING' });
  });

  it('is shown as an address that a browser can open', async () => {
    const cli = startCli(['run', '--source', dumps], { env: env({ HEALTH_PORT: '0' }) });
    expect(await cli.says('Status page on ')).toMatch(/"url":"http:\/\/localhost:\d+"/);
    cli.process.kill('SIGTERM');
    expect(await cli.ended).toMatchObject({ status: 0 });
  });

  it('reports an address that is not one of this machine', async () => {
    const { status, stdout } = await runCli(['run', '--source', dumps], {
      env: env({ HEALTH_PORT: '0', HEALTH_HOST: '192.0.2.1' }),
    });
    expect(status).toBe(1);
    expect(stdout).toContain('HEALTH_HOST');
  });

  it('serves a single run too', async () => {
    // It waits for an unreachable broker.
    const service = await startService(
      ['--once', '--source', dumps],
      env({ SINK: 'amqp', AMQP_CONNECTION: 'amqp://127.0.0.1:1/' }),
    );
    expect(await service.json('/health')).toMatchObject({ extraction_status: 'running' });
    service.process.kill('SIGTERM');
    expect(await service.ended).toMatchObject({ status: 0 });
  });

  it('takes no trigger if no token is set, and is closed at a stop whatever its clients do', async () => {
    const service = await start(dumps, { TRIGGER_TOKEN: '' });
    await service.reaches('waiting');
    for (const headers of [{}, { Authorization: 'Bearer ' }, AUTHORIZED] as Record<string, string>[]) {
      expect((await trigger(service, { headers })).status).toBe(403);
    }
    // One keeps its connection, and another sends a request without an end.
    const slow = connect(Number(new URL(service.url).port), '127.0.0.1');
    slow.on('error', () => {});
    await new Promise<void>((resolve) => slow.write('POST /trigger HTTP/1.1\r\nHost: x\r\n', () => resolve()));
    const startedAt = performance.now();
    service.process.kill('SIGTERM');
    expect(await service.ended).toMatchObject({ status: 0 });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    slow.destroy();
  });
});

describe('a service that is started again after it delivered the dump', () => {
  it('shows everywhere what the state marker knows', async () => {
    const first = await start();
    await first.reaches('waiting');
    await first[Symbol.asyncDispose]();
    await using again = await start();
    const health = await again.reaches('waiting');
    const each = { artists: RECORDS, labels: RECORDS, masters: RECORDS, releases: RECORDS };
    const ago = expect.closeTo(30, -2);
    expect(health).toMatchObject({
      progress: 1,
      extraction_progress: { ...each, total: 4 * RECORDS },
      last_extraction_time: { artists: ago, labels: ago, masters: ago, releases: ago },
    });
    const { files } = (await again.json('/status')) as { files: Record<string, unknown>[] };
    for (const file of files) {
      expect(file).toMatchObject({ state: 'skipped', progress: 1, records: RECORDS, confirmed: RECORDS });
    }
    const metrics = await (await again.request('/metrics')).text();
    expect(metrics).toContain(`discogs_extractor_file_confirmed_records{data_type="artists"} ${RECORDS}\n`);
    expect(metrics).toContain('discogs_extractor_file_state{data_type="artists",state="skipped"} 1\n');
    // What this process has done is another matter.
    expect(metrics).toContain('discogs_extractor_records_confirmed_total{data_type="artists"} 0\n');
    expect(await again.json('/metrics', { headers: { accept: 'application/json' } })).toMatchObject({
      completed_files: 4,
      extraction_progress_total: 4 * RECORDS,
    });
  });
});

describe('a dump with faults', () => {
  it('has its faults in the metrics and on the page, by kind', async () => {
    const faulty = join(folder, 'faulty');
    const contents = smallDump(5);
    await writeDump(faulty, VERSION, {
      ...contents,
      artists:
        '<artists><artist><id>1</id><name>a & b &nope; c</name></artist><artist><id>2</artist><artist><id>3</id></artist></artists>',
    });
    await using service = await start(faulty);
    await service.reaches('waiting');
    const metrics = await (await service.request('/metrics')).text();
    expect(metrics).toMatch(/^discogs_extractor_records_malformed_total\{data_type="artists",reason="[a-z-]+"\} 1$/m);
    expect(metrics).toContain('discogs_extractor_irregularities_total{data_type="artists",kind="bare-ampersand"} 1\n');
    expect(metrics).toContain('discogs_extractor_irregularities_total{data_type="artists",kind="unknown-entity"} 1\n');
    expect(metrics).toContain('discogs_extractor_runs_total{outcome="incomplete"} 1\n');
    // It delivered all that can be delivered; other metrics report the rest.
    expect(metrics).toMatch(/^discogs_extractor_last_success_timestamp_seconds \d/m);
    const { files } = (await service.json('/status')) as { files: Record<string, unknown>[] };
    expect(files[0]).toMatchObject({
      file: dumpFile(VERSION, 'artists'),
      malformed: 1,
      irregularities: { 'bare-ampersand': 1, 'unknown-entity': 1 },
    });
  });
});
