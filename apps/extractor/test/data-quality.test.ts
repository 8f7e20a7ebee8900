import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drainQueue, startOwnBroker, uniqueTopology, until } from '@discogs-extractor/test-broker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli, startCli, statusUrlOf } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { editMarker, readMarker } from './kit/markers.js';
import { readReports } from './kit/reports.js';

const VERSION = '20260101';
/** Of the artists. */
const RECORDS = 1_500;
const ARTISTS = dumpFile(VERSION, 'artists');

/** Every seventh artist is skipped, every tenth has no name, and every fifth has a number in its urls. */
const artists = (): string => {
  const records = Array.from({ length: RECORDS }, (_, index) => {
    const number = index + 1;
    const urls = `<urls><url>a</url><url>${number % 5 === 0 ? 7 : 'b'}</url></urls>`;
    return `<artist><id>${number}</id><name>${number % 10 === 0 ? '' : `N&amp;${number}`}</name><profile>${number % 7 === 0 ? 'Do not  use' : ''}</profile>${urls}</artist>`;
  });
  return `<artists>\n${records.join('\n')}\n</artists>`;
};
const isSkipped = (number: number): boolean => number % 7 === 0;
const SKIPPED = Math.floor(RECORDS / 7);
const UNNAMED = Math.floor(RECORDS / 10) - Math.floor(RECORDS / 70);

const rulesText = ({
  failAbove,
  more = '',
  pattern = '^\\d+$',
}: {
  failAbove?: number;
  more?: string;
  pattern?: string;
}) => `
skip_records:
  artists:
    - { field: profile, contains: do not  use, reason: junk }
filters:
  artists:
    - { field: urls.url, remove_matching: '${pattern}', reason: numbers }
rules:
  artists:
    - { name: no-name, field: name, condition: { type: required }, severity: error${failAbove === undefined ? '' : `, fail_above: ${failAbove}`} }
    - { name: short-name, field: name, condition: { type: length, min: 4 }, severity: info }
${more}
`;

let folder: string;
let dumps: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-quality-'));
  dumps = join(folder, 'dumps');
  await writeDump(dumps, VERSION, { ...smallDump(3), artists: artists() });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const writeRules = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};
const linesOf = async (...path: string[]): Promise<string[]> =>
  (await readFile(join(folder, ...path), 'utf8')).trimEnd().split('\n');
const errorsOf = ({ stdout }: CliResult): { code?: string; error?: string; message: string }[] =>
  stdout
    .split('\n')
    .filter((line) => line.includes('"level":"ERROR"'))
    .map((line) => JSON.parse(line) as { code?: string; error?: string; message: string });

describe('rules for records', () => {
  it('skip, change and flag them, and fail the file where a rule is violated too often', async () => {
    const data = join(folder, 'ndjson-data');
    const run = (rules: string, ...more: string[]): Promise<CliResult> =>
      runCli(
        [
          ...['run', '--once', '--source', dumps, '--sink', 'ndjson', '--output', join(folder, 'out')],
          ...['--data-quality-rules', rules, ...more],
        ],
        { env: { DISCOGS_ROOT: data, MAX_FLAGGED_RECORDS: '50' } },
      );
    const strict = await writeRules('strict.yaml', rulesText({ failAbove: 5 }));
    const failed = await run(strict);
    expect(failed.status).toBe(1);
    const { code, error } = errorsOf(failed).find((each) => each.code !== undefined)!;
    expect(code).toBe('RULES_EXCEEDED');
    for (const fact of ['no-name', `${UNNAMED} of ${RECORDS}`, '5 %', 'fail_above', strict])
      expect(error).toContain(fact);
    const output = ['out', VERSION, 'artists.ndjson'];
    expect((await linesOf(...output)).map((line) => JSON.parse(line).type)).toEqual(
      Array(RECORDS - SKIPPED).fill('data'),
    );
    expect((await linesOf('out', VERSION, 'labels.ndjson')).at(-1)).toContain('file_complete');
    const status = await runCli(['status', '--data', data]);
    expect(status.stdout).toMatch(new RegExp(`${SKIPPED} skipped, .*${UNNAMED} errors`));

    const lenient = await writeRules('lenient.yaml', rulesText({ failAbove: 50 }));
    const done = await run(lenient);
    expect(done, done.stdout).toMatchObject({ status: 0 });
    expect(done.stdout).toContain(`Resuming artists after record ${RECORDS}`);
    expect(done.stdout).not.toContain('again');
    const lines = await linesOf(...output);
    expect(lines).toHaveLength(RECORDS - SKIPPED + 1);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ type: 'file_complete', total_processed: RECORDS });
    expect(JSON.parse(lines[4]!)).toMatchObject({ id: '5', urls: { url: ['a'] } });

    const progress = (await readMarker(data, VERSION))!.processing_phase.progress_by_file[ARTISTS];
    expect(progress).toMatchObject({
      records_extracted: RECORDS,
      messages_published: RECORDS - SKIPPED,
      omitted: SKIPPED,
      annotations: {
        quality: {
          skipped: SKIPPED,
          error: UNNAMED,
          filtered: { 'urls.url': RECORDS / 5 - Math.floor(RECORDS / 35) },
          kept_records: 50,
          violations: { 'no-name': { severity: 'error', violations: UNNAMED, records: UNNAMED } },
        },
      },
    });
    const reports = join(data, 'flagged', VERSION, 'artists');
    const names = await readdir(reports);
    expect(names.filter((name) => name.endsWith('.xml'))).toHaveLength(50);
    expect(await readFile(join(reports, '7.xml'), 'utf8')).toContain(
      '<name>N&amp;7</name><profile>Do not  use</profile>',
    );
    expect(await linesOf('ndjson-data', 'flagged', VERSION, 'artists', 'skipped.jsonl')).toHaveLength(SKIPPED);
    expect(await readdir(join(data, 'flagged', VERSION))).toEqual(['artists']);
    // What was left out on purpose is not missing.
    const verified = await runCli(['verify'], { env: { DISCOGS_ROOT: data, OUTPUT_DIRECTORY: join(folder, 'out') } });
    expect(verified, verified.stdout + verified.stderr).toMatchObject({ status: 0 });

    // A delivered dump stays as it is.
    const other = await writeRules('other.yaml', rulesText({ pattern: '^7+$' }));
    const changed = await run(other);
    expect(changed.status).toBe(0);
    expect(changed.stdout).toContain('delivered earlier under other skip_records or filters');
    expect((await run(other, '--force-reprocess')).status).toBe(0);
    expect(await linesOf('ndjson-data', 'flagged', VERSION, 'artists', 'skipped.jsonl')).toHaveLength(SKIPPED);
  });

  it('say so where they skip all records', async () => {
    const rules = await writeRules(
      'all.yaml',
      'skip_records: { artists: [{ field: urls.url, contains: a, reason: x }] }',
    );
    const done = await runCli(['run', '--once', '--source', dumps, '--sink', 'null', '--data-quality-rules', rules], {
      env: { DISCOGS_ROOT: join(folder, 'all-data'), DATA_TYPES: 'artists' },
    });
    expect(done, done.stdout).toMatchObject({ status: 0 });
    for (const subject of ['artists', `Dump ${VERSION}`])
      expect(done.stdout).toContain(`${subject}: nothing to deliver, since the rules skip all ${RECORDS} records`);
  });

  it('lose and double no line of the reports when the service is killed, and none on the wire', async () => {
    await using broker = await startOwnBroker();
    const vhost = uniqueTopology('quality').exchange;
    await broker.createVhost(vhost);
    const url = broker.urlFor({ vhost });
    const data = join(folder, 'amqp-data');
    const env = {
      ...{ DISCOGS_ROOT: data, AMQP_CONNECTION: url, CONTRACT: 'fanout', AMQP_DECLARE_QUEUES: 'true' },
      ...{ QUEUE_SIZE: '100', STATE_SAVE_INTERVAL: '100', HEALTH_PORT: '0', MAX_FLAGGED_RECORDS: '40' },
    };
    const args = (rules: string): string[] => [
      ...['run', '--once', '--source', dumps, '--types', 'artists', '--data-quality-rules', rules],
    ];
    const watermark = async (): Promise<number> => {
      const progress = (await readMarker(data, VERSION))?.processing_phase.progress_by_file[ARTISTS];
      return progress?.messages_published ?? 0;
    };
    const killAfter = async (rules: string, records: number): Promise<void> => {
      const running = startCli(args(rules), { env });
      await until(async () => (await watermark()) > records);
      running.process.kill('SIGKILL');
      await running.ended;
      expect(await watermark()).toBeLessThan(RECORDS - SKIPPED);
    };
    const rules = await writeRules('first.yaml', rulesText({}));
    await killAfter(rules, 100);

    // Other filters would make the file a mixture.
    const refused = await runCli(args(await writeRules('filters.yaml', rulesText({ pattern: '^7+$' }))), { env });
    expect(refused.status).toBe(1);
    expect(errorsOf(refused).at(-1)!.code).toBe('RULES_CHANGED');

    // Other rules only change the reports, which begin again without the records being sent again.
    const more = '    - { name: long-name, field: name, condition: { type: length, max: 5 }, severity: warning }';
    const second = await writeRules('second.yaml', rulesText({ more }));
    await killAfter(second, (await watermark()) + 100);
    await rm(join(data, 'flagged', VERSION, 'artists', 'violations.jsonl'));
    // The service stays up after the dump is delivered.
    const last = startCli(
      args(second).filter((arg) => arg !== '--once'),
      { env },
    );
    const address = await statusUrlOf(last);
    await last.says('Next run at');
    const { files } = (await (await fetch(`${address}status`)).json()) as { files: { quality: unknown }[] };
    expect(files[0]!.quality).toMatchObject({
      skipped: SKIPPED,
      rules: { 'no-name': { severity: 'error', violations: UNNAMED } },
    });
    const metrics = await (await fetch(`${address}metrics`)).text();
    const labels = 'data_type="artists",rule="no-name",severity="error"';
    expect(metrics).toContain(`discogs_extractor_file_rule_violations{${labels}} ${UNNAMED}\n`);
    last.process.kill('SIGTERM');
    const { status, stdout } = await last.ended;
    expect(status, stdout).toBe(0);
    expect(stdout).toContain('again, to report on them and not to deliver them');

    const flagged = join(folder, 'parsed');
    const file = join(dumps, ARTISTS);
    const parsed = await runCli(
      ['parse', file, '--contract', 'fanout', '--flagged', flagged, '--data-quality-rules', second],
      { env: { MAX_FLAGGED_RECORDS: '40' } },
    );
    expect(parsed.status, parsed.stderr).toBe(0);
    expect(parsed.stderr).toContain(`no-name (error): ${UNNAMED} violations in ${UNNAMED} records`);
    expect(await readReports(join(data, 'flagged', VERSION, 'artists'))).toEqual(await readReports(flagged));
    const bodies = (await drainQueue(url, 'discogsography-discogs-graphinator-artists')).map(({ body }) =>
      String(body),
    );
    const records = bodies.filter((body) => !body.includes('_complete"'));
    expect([...new Set(records)]).toEqual(parsed.stdout.trimEnd().split('\n'));
    // At most the window of each kill is sent again.
    expect(records.length - new Set(records).size).toBeLessThanOrEqual(2 * 100);
    expect(JSON.parse(bodies.find((body) => body.includes('file_complete'))!)).toMatchObject({
      total_processed: RECORDS,
    });
    expect(records.filter((body) => isSkipped(Number(JSON.parse(body).id)))).toEqual([]);
  }, 120_000);

  it('are read before anything begins: what is wrong with them is an error of usage', async () => {
    const data = join(folder, 'never');
    const bad = await writeRules(
      'bad.yaml',
      `
skip_records: { artist: [] }
rules:
  labels:
    - { name: 'a b', field: name, condition: { type: regex, pattern: '(?=x)' }, severity: error }
    - { name: ok, field: name, condition: { type: range, min: 2, max: 1 }, severity: bad, fail_above: 101 }
    - { name: ok, field: name, condition: { type: required }, severity: error, extra: 1 }
`,
    );
    const env = { DISCOGS_ROOT: data, DATA_QUALITY_RULES: bad };
    for (const args of [
      ['run', '--once', '--source', dumps, '--sink', 'null'],
      ['run', '--check', '--source', dumps, '--sink', 'null'],
      ['parse', join(dumps, ARTISTS)],
    ]) {
      const { status, stdout, stderr } = await runCli(args, { env });
      expect(status, args.join(' ')).toBe(2);
      expect(stdout).toBe('');
      for (const text of [
        'DATA_QUALITY_RULES',
        'bad.yaml:2',
        'artist',
        'a b',
        '?=',
        'severity',
        'fail_above',
        'extra',
      ]) {
        expect(stderr).toContain(text);
      }
    }
    const absent = await runCli(['run', '--data-quality-rules', join(folder, 'absent.yaml')], {
      env: { DISCOGS_ROOT: data, AMQP_CONNECTION: 'http://x', HEALTH_PORT: '-1' },
    });
    expect(absent.status).toBe(2);
    for (const text of ['--data-quality-rules', 'absent.yaml', 'ENOENT', 'AMQP_CONNECTION', 'HEALTH_PORT']) {
      expect(absent.stderr).toContain(text);
    }
    const flagged = await runCli(['parse', join(dumps, ARTISTS), '--flagged', join(folder, 'x')]);
    expect([flagged.status, flagged.stdout]).toEqual([2, '']);
    for (const option of ['--flagged', '--quarantine']) {
      const nameless = await runCli(['parse', join(dumps, ARTISTS), option, '']);
      expect([nameless.status, nameless.stdout]).toEqual([2, '']);
      expect(nameless.stderr).toContain(`${option} needs the name of a folder`);
    }
    expect(await readdir(folder)).not.toContain('never');
  });

  it('fail the file before its first record if the reports cannot be written, and lose nothing', async () => {
    const data = join(folder, 'blocked-data');
    const reports = join(data, 'flagged', VERSION, 'artists');
    await mkdir(join(data, 'flagged', VERSION), { recursive: true });
    await writeFile(reports, '');
    const args = [
      ...[
        'run',
        '--once',
        '--source',
        dumps,
        '--types',
        'artists',
        '--sink',
        'ndjson',
        '--output',
        join(folder, 'out2'),
      ],
      ...['--data-quality-rules', await writeRules('blocked.yaml', rulesText({}))],
    ];
    const failed = await runCli(args, { env: { DISCOGS_ROOT: data } });
    expect(failed.status).toBe(1);
    const { code, error } = errorsOf(failed).find((each) => each.code !== undefined)!;
    expect(code).toBe('REPORTS_FAILED');
    for (const text of [reports, 'permissions', 'space']) expect(error).toContain(text);
    await rm(reports);
    expect(await runCli(args, { env: { DISCOGS_ROOT: data } })).toMatchObject({ status: 0 });

    // A marker without what it should know of the reports, as of a run without rules.
    await editMarker(data, VERSION, (marker) => {
      const progress = marker.processing_phase.progress_by_file[ARTISTS]!;
      marker.summary.overall_status = 'in_progress';
      marker.processing_phase.status = 'in_progress';
      progress.status = 'in_progress';
      (progress as { annotations?: { quality?: { violations_bytes: string } } }).annotations!
        .quality!.violations_bytes = 'x';
    });
    expect(errorsOf(await runCli(args, { env: { DISCOGS_ROOT: data } })).at(-1)!.code).toBe('RULES_CHANGED');
  });
});
