import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { recordFileName } from '../src/flagged/record-file-name.js';
import {
  DataQualityError,
  type FlaggedReports,
  type FlaggedReportsOptions,
  openFlaggedReports,
  type QualityFinding,
  type ReportedFinding,
} from '../src/index.js';

const NOW = new Date('2026-08-01T12:34:56.789Z');

let root: string;
let directory: string;
let opened: FlaggedReports[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'flagged-'));
});
afterEach(async () => {
  for (const reports of opened) await reports.close();
  opened = [];
});
afterAll(() => rm(root, { recursive: true, force: true }));

const open = async (options: Partial<FlaggedReportsOptions> = {}): Promise<FlaggedReports> => {
  directory ??= join(root, 'a', 'artists');
  const reports = await openFlaggedReports({
    ...{ directory, version: '20260801', dataType: 'artists', now: () => NOW },
    ...options,
  });
  opened.push(reports);
  return reports;
};
const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
const names = async (): Promise<string[]> => (await readdir(directory)).sort();
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'resolved',
    (error: unknown) => (error instanceof DataQualityError ? error.code : error),
  );

const violated = (number: number, severity: 'error' | 'warning' | 'info', value = ''): ReportedFinding => {
  const finding: QualityFinding = {
    kind: 'quality',
    violations: [{ rule: `${severity}-rule`, severity, field: 'name', value }],
    ...(severity !== 'info' && {
      record: { xml: Buffer.from(`<artist>${number}</artist>`), json: `{"n": ${number}}` },
    }),
  };
  return { number, id: String(number), finding };
};
const skipped = (number: number, reason: string, id = String(number)): ReportedFinding => ({
  ...{ number, id },
  finding: {
    kind: 'quality',
    violations: [],
    skip: { field: 'profile', value: 'DO NOT USE', reason },
    record: { xml: Buffer.from('<artist/>'), json: '{}' },
  } satisfies QualityFinding,
});

describe('reports on flagged records', () => {
  it('have one line for each violation and each skip, the records themselves, and a summary', async () => {
    const reports = await open();
    await reports.add([
      violated(1, 'error', 'a "quoted" \u2028 value'),
      violated(2, 'info'),
      { number: 3, id: '3', finding: { kind: 'other' } },
      skipped(4, 'junk'),
    ]);
    await reports.add([skipped(6, 'other'), skipped(7, 'junk'), violated(8, 'warning')]);
    expect((await names()).filter((name) => !name.endsWith('.jsonl'))).toEqual(
      ['1', '4', '6', '7', '8'].flatMap((id) => [`${id}.json`, `${id}.xml`]),
    );
    expect(await reports.finish(9)).toMatchObject({ keptRecords: 5, unkeptRecords: 0 });
    expect((await read('violations.jsonl')).split('\n')[0]).toBe(
      '{"field":"name","field_value":"a \\"quoted\\" \u2028 value","json_file":"1.json","record_id":"1",' +
        '"rule":"error-rule","severity":"error","timestamp":"2026-08-01T12:34:56.789+00:00","xml_file":"1.xml"}',
    );
    expect((await read('violations.jsonl')).split('\n').slice(1)).toEqual([
      expect.stringContaining('"json_file":"2.json","record_id":"2","rule":"info-rule"'),
      expect.stringContaining('"record_id":"8"'),
      '',
    ]);
    expect((await read('skipped.jsonl')).split('\n')[0]).toBe(
      '{"field":"profile","field_value":"DO NOT USE","json_file":"4.json","reason":"junk","record_id":"4",' +
        '"timestamp":"2026-08-01T12:34:56.789+00:00","xml_file":"4.xml"}',
    );
    expect([await read('1.xml'), await read('1.json')]).toEqual(['<artist>1</artist>', '{"n": 1}']);
    expect(await read('report.txt')).toBe(`📊 Data Quality Report for discogs_20260801:
  Skipped records:
    artists: 3 (junk: 4, 7; other: 6)
  artists: 1 errors, 1 warnings (of 9 records)
    error-rule: 1 errors, 0 warnings, 0 info
    info-rule: 0 errors, 0 warnings, 1 info
    warning-rule: 0 errors, 1 warnings, 0 info
`);
  });

  it('have values with any character, and the records of such lines are removed as well', async () => {
    // Newer versions of readline end lines at these.
    const separators = 'a\u2028b\u2029c\u0085d\re';
    const reports = await open();
    await reports.add([violated(1, 'error', separators), skipped(2, separators, separators)]);
    await reports.finish(2);
    await reports.close();
    expect(await read('report.txt')).toContain(`artists: 1 (${separators}: ${separators})`);
    await open();
    expect(await names()).toEqual([]);
  });

  it('say so if nothing was found, and have no other file then', async () => {
    // Of a process that was killed.
    await writeFile(join(directory, 'report.txt.0123456789abcdef.tmp'), '');
    const reports = await open();
    await reports.finish(9);
    expect(await names()).toEqual(['report.txt']);
    expect(await read('report.txt')).toBe(
      '📊 Data Quality Report for discogs_20260801: No data quality violations found.\n',
    );
  });

  it('continue after the record that was committed last, whatever was written since, and begin empty otherwise', async () => {
    const all = Array.from({ length: 60 }, (_, index) =>
      index % 3 === 0 ? skipped(index + 1, 'junk') : violated(index + 1, index % 3 === 1 ? 'error' : 'info'),
    );
    const whole = await open();
    await whole.add(all);
    const expected = await whole.finish(60);
    await whole.close();
    const files = await names();
    const lines = [await read('violations.jsonl'), await read('skipped.jsonl'), await read('report.txt')];

    for (const [committed, written] of [
      [0, 20],
      [17, 40],
      [41, 41],
    ] as const) {
      const killed = await open();
      await killed.add(all.slice(0, written));
      const resume = JSON.parse(JSON.stringify(await killed.commit(committed)));
      // What a killed process leaves: more than is kept elsewhere, and a part of a line.
      await killed.commit(written);
      await killed.close();
      await appendFile(join(directory, 'violations.jsonl'), '{"field":"na');
      const resumed = await open({ resume });
      await resumed.add(all.slice(committed));
      expect(await resumed.finish(60)).toEqual(expected);
      expect(resumed.counts).toEqual(expected.counts);
      expect([await read('violations.jsonl'), await read('skipped.jsonl'), await read('report.txt')]).toEqual(lines);
      expect(await names()).toEqual(files);
      await resumed.close();
    }
    await writeFile(join(directory, 'own.xml'), 'not in any line');
    await open();
    expect(await names()).toEqual(['own.xml']);
    await rm(join(directory, 'own.xml'));
  });

  it('lose what is not committed when they are closed', async () => {
    const reports = await open();
    await reports.add([violated(1, 'error'), skipped(2, 'junk')]);
    await reports.commit(2);
    const before = [await names(), await read('violations.jsonl'), await read('skipped.jsonl')];
    await reports.add([violated(3, 'error'), skipped(4, 'junk'), violated(5, 'warning')]);
    expect(await names()).toContain('5.xml');
    await reports.close();
    await reports.close();
    expect([await names(), await read('violations.jsonl'), await read('skipped.jsonl')]).toEqual(before);
  });

  it('keep at most so many records, and count the others', async () => {
    const reports = await open({ maxRecords: 2 });
    await reports.add([violated(1, 'error'), violated(2, 'info'), skipped(3, 'junk'), violated(4, 'error')]);
    const { record: _, ...bare } = violated(5, 'warning').finding as QualityFinding;
    await reports.add([{ number: 5, id: '5', finding: bare }]);
    const resume = await reports.commit();
    expect(resume).toMatchObject({ keptRecords: 2, unkeptRecords: 2, counts: { error: 2, skipped: 1 } });
    await reports.close();
    const resumed = await open({ maxRecords: 2, resume });
    await resumed.add([violated(6, 'error')]);
    expect(resumed.unkeptRecords).toBe(3);
    expect((await names()).filter((name) => name.endsWith('.xml'))).toEqual(['1.xml', '3.xml']);
    expect((await read('violations.jsonl')).split('\n')).toHaveLength(6);
  });

  it('are not continued if they were changed', async () => {
    const reports = await open();
    await reports.add([violated(1, 'error'), skipped(2, 'junk'), violated(3, 'error')]);
    const resume = await reports.commit();
    await reports.close();
    const skippedLines = await read('skipped.jsonl');
    for (const damage of [
      () => rm(join(directory, 'violations.jsonl')),
      () => writeFile(join(directory, 'violations.jsonl'), 'x'.repeat(resume.violationsBytes)),
      () => truncate(join(directory, 'skipped.jsonl'), resume.skippedBytes - 1),
    ]) {
      await damage();
      expect(await codeOf(open({ resume }))).toBe('REPORTS_CHANGED');
      await writeFile(join(directory, 'violations.jsonl'), `${'x'.repeat(resume.violationsBytes - 1)}\n`);
    }
    await writeFile(join(directory, 'skipped.jsonl'), skippedLines);
    expect(await codeOf(open({ resume }))).toBe('resolved');
  });

  it('fail with the path and the remedy if they cannot be written, also later', async () => {
    const blocked = join(root, 'file');
    await writeFile(blocked, '');
    const failure = await openFlaggedReports({ directory: join(blocked, 'x'), version: '20260801', dataType: 'labels' })
      .then(() => undefined)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'REPORTS_FAILED', facts: { path: join(blocked, 'x'), errno: 'ENOTDIR' } });

    const reports = await open();
    await reports.add([violated(1, 'error')]);
    await mkdir(join(directory, '7.xml'));
    expect(await codeOf(reports.add([violated(7, 'error')]))).toBe('REPORTS_FAILED');
    expect(await codeOf(reports.commit(1))).toBe('REPORTS_FAILED');
    expect(await codeOf(reports.finish(7))).toBe('REPORTS_FAILED');
    await rm(directory, { recursive: true });
  });

  it('refuse options that are not valid', async () => {
    for (const options of [{ maxRecords: -1 }, { directory: 1 }, { dataType: 'release' }, { other: 1 }, { now: 1 }]) {
      expect(await codeOf(open(options as unknown as FlaggedReportsOptions))).toBe('INVALID_OPTIONS');
    }
  });
});

describe('the name of a record file', () => {
  it('is the id, if that can be a name', () => {
    for (const id of ['1', '17-a_b.c', 'é٣Ⅷ', '.', 'x'.repeat(200)]) expect(recordFileName(id, 5)).toBe(id);
  });

  it('has no other characters, and differs for ids that differ in those alone', () => {
    const ids = [
      'a/b',
      'a b',
      'a\u0000b',
      'a..b',
      'a_b ',
      '..',
      '../../b',
      '',
      ' ',
      '\u{1F4A9}',
      'ab~',
      'x'.repeat(201),
    ];
    const all = [...ids, 'ab', 'a_b', '_', 'x'.repeat(200), 'x'.repeat(300), 'é'.repeat(150), 'é'.repeat(151)];
    const fileNames = all.map((id) => recordFileName(id, 5));
    expect(new Set(fileNames).size).toBe(all.length);
    for (const name of fileNames) {
      expect(name).toMatch(/^[\p{Alphabetic}\p{N}._-]*(~[0-9a-f]{16})?$/u);
      expect(name).not.toMatch(/^\.\.?$|\.\./);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(220);
    }
    expect(recordFileName('a..b', 5)).toMatch(/^a_b~/);
  });

  it('has the number of a record without an id', () => {
    expect([recordFileName('unknown', 7), recordFileName('unknown', 8)]).toEqual(['unknown~7', 'unknown~8']);
  });
});
