import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriftReport, Inventory } from '@discogs-extractor/data-quality';
import { addInventory, createInventory, encodeRecords } from '@discogs-extractor/parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_KEPT_INVENTORIES } from '../src/drift/drift-files.js';
import type { DriftSummary } from '../src/drift/drift-summary.js';
import type { RunEvent } from '../src/events/run-events.js';
import { createFormatCheck } from '../src/pipeline/check-format.js';
import { type CliResult, runCli } from './kit/cli.js';
import { dumpFile, smallDump, writeDump } from './kit/dumps.js';
import { startService } from './kit/service.js';
import { yearSample } from './kit/year-samples.js';

const [FIRST, SECOND, THIRD] = ['20260101', '20260201', '20260301'] as const;
const RECORDS = 12;

/** Labels as Discogs has never written them. */
const changed = (version: string): string =>
  yearSample('2026', 'labels').replaceAll('<id>7</id>', `<id>7</id><vat country="SE">${version}</vat>`);

let folder: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'format-drift-'));
  data = join(folder, 'data');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (version: string, labels: string): Promise<void> =>
  writeDump(join(folder, 'dumps'), version, { ...smallDump(1), labels });
const ARGS = ['--types', 'labels', '--sink', 'ndjson'];
const run = (version: string, more: readonly string[] = [], env: Record<string, string> = {}): Promise<CliResult> =>
  runCli(['run', '--once', '--source', join(folder, 'dumps'), '--dump-version', version, ...ARGS, ...more], {
    env: { DISCOGS_ROOT: data, ...env },
  });
const json = async <T>(...path: string[]): Promise<T> => JSON.parse(await readFile(join(data, ...path), 'utf8')) as T;
const logOf = ({ stdout }: CliResult): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const lines = async (version: string): Promise<string[]> =>
  (await readFile(join(data, 'ndjson', version, 'labels.ndjson'), 'utf8')).trimEnd().split('\n');

it('is told once, with a record, and accepted or not; then only what is missing is sent', async () => {
  await write(FIRST, yearSample('2026', 'labels'));
  await write(SECOND, changed(SECOND));
  await write(THIRD, changed(THIRD));
  const first = await run(FIRST);
  expect(first, first.stdout).toMatchObject({ status: 0 });
  expect(first.stdout).not.toContain('WARN');
  expect(await json<Inventory>('inventory', FIRST, 'labels.json')).toMatchObject({ version: FIRST, records: RECORDS });
  expect(await json<DriftReport>('drift', FIRST, 'labels.json')).toMatchObject({ changes: [] });

  const refused = await run(SECOND, [], { FORMAT_DRIFT: 'fail' });
  expect(refused.status).toBe(1);
  expect(logOf(refused).flatMap(({ code }) => code ?? [])).toEqual(['FORMAT_CHANGED']);
  expect(await lines(SECOND)).toHaveLength(RECORDS);
  expect(await readdir(join(data, 'inventory'))).toEqual([FIRST]);
  const report = await json<DriftReport>('drift', SECOND, 'labels.json');
  expect(report).toMatchObject({
    version: SECOND,
    comparedWith: FIRST,
    changes: [{ type: 'new', path: 'label/vat', below: ['label/vat/@country'], example: { number: 7, id: '7' } }],
  });

  const accepted = await run(SECOND, ['--format-drift', 'warn']);
  expect(accepted, accepted.stdout).toMatchObject({ status: 0 });
  const warning = logOf(accepted).find(({ report: path }) => path === join(data, 'drift', SECOND, 'labels.json'));
  expect(warning).toMatchObject({ level: 'WARNING', data_type: 'labels', compared_with: FIRST, counts: { new: 1 } });
  expect(logOf(accepted).find(({ delivered }) => delivered !== undefined)).toMatchObject({ delivered: 0 });
  expect(await lines(SECOND)).toHaveLength(RECORDS + 1);
  // The same dump once more: the whole file was read again, and nothing was delivered before.
  const { version: _, ...inventory } = await json<Inventory>('inventory', SECOND, 'labels.json');
  expect(inventory).toEqual(await inventoryOf(changed(SECOND)));

  const status = await runCli(['status', '--data', data]);
  expect(status.stdout).toContain('label/vat and 1 path below are new');

  // What is known of a dump that was delivered before is shown after a start, too.
  await using service = await startService(['--source', join(folder, 'dumps'), '--dump-version', SECOND, ...ARGS], {
    DISCOGS_ROOT: data,
  });
  await service.reaches('waiting');
  const { files } = await service.json('/status');
  expect(files).toMatchObject([
    { drift: { compared_with: FIRST, counts: { new: 1, gone: 0, kind: 0, share: 0 }, changes: [expect.any(String)] } },
  ]);
  const metrics = await (await service.request('/metrics')).text();
  expect(metrics).toContain('discogs_extractor_format_changes{data_type="labels",change="new"} 1');
  await service[Symbol.asyncDispose]();

  await writeFile(join(data, 'inventory', SECOND, 'masters.json'), '');
  const third = await run(THIRD, [], { FORMAT_DRIFT: 'FAIL' });
  expect(third, third.stdout).toMatchObject({ status: 0 });
  expect(third.stdout).not.toContain('WARN');
});

/** The inventory of labels, in one read. */
const inventoryOf = async (xml: string): Promise<Inventory> => {
  const total = createInventory('labels');
  const blocks = encodeRecords(Buffer.from(xml), { onInventory: (part) => addInventory(total, part) });
  for await (const block of blocks) block.release();
  return total;
};

describe('the check of a file', () => {
  const check = async (
    formatDrift: 'warn' | 'fail' | 'off',
    version: string,
    xml: string,
  ): Promise<{ drift: DriftSummary | undefined; unreadable: number }> => {
    const events: RunEvent[] = [];
    const file = { name: dumpFile(version, 'labels'), version, dataType: 'labels' } as const;
    const format = createFormatCheck({ discogsRoot: data, formatDrift }, file, (event) => events.push(event));
    await format?.check(await inventoryOf(xml));
    const checked = events.find((event) => event.type === 'format-checked');
    return {
      drift: checked?.drift,
      unreadable: events.filter(({ type }) => type === 'earlier-inventory-unreadable').length,
    };
  };

  it('keeps the newest inventories of each type', async () => {
    const versions = Array.from({ length: MAX_KEPT_INVENTORIES + 2 }, (_, index) => String(20240101 + index));
    const other = join(data, 'inventory', versions[0]!, 'artists.json');
    for (const version of versions) {
      await check('warn', version, yearSample('2026', 'labels'));
      if (version === versions[0]) await writeFile(other, '{}');
    }
    expect(await readdir(join(data, 'inventory'))).toEqual(versions.filter((_, index) => index !== 1));
    expect(await readdir(join(data, 'inventory', versions[0]!))).toEqual(['artists.json']);
    // One that is older than all of them is compared, too, and stays.
    await check('warn', '20231201', yearSample('2026', 'labels'));
    expect(await readdir(join(data, 'inventory', '20231201'))).toEqual(['labels.json']);
  });

  it('compares with the newest earlier inventory that can be read', async () => {
    await check('warn', FIRST, changed(''));
    await check('warn', THIRD, yearSample('2026', 'labels'));
    expect(await check('warn', '20260215', changed(''))).toMatchObject({ drift: { total: 0, comparedWith: FIRST } });
    await writeFile(join(data, 'inventory', '20260215', 'labels.json'), '{"data');
    expect(await check('warn', '20260220', yearSample('2026', 'labels'))).toMatchObject({
      unreadable: 1,
      drift: { comparedWith: FIRST },
    });
    // A copy of another file: of another type, or without a version.
    const copied = { ...(await inventoryOf(changed(''))), dataType: 'artists' };
    await writeFile(join(data, 'inventory', '20260220', 'labels.json'), JSON.stringify(copied));
    await writeFile(
      join(data, 'inventory', '20260215', 'labels.json'),
      JSON.stringify({ ...copied, dataType: 'labels' }),
    );
    expect(await check('fail', '20260220', changed(''))).toMatchObject({
      unreadable: 0,
      drift: { comparedWith: '20260215' },
    });
    await writeFile(join(data, 'inventory', '20260220', 'labels.json'), JSON.stringify(copied));
    expect(await check('warn', '20260222', changed(''))).toMatchObject({
      unreadable: 1,
      drift: { total: 0, comparedWith: '20260215' },
    });
    expect(await check('off', '20260221', changed(''))).toEqual({ drift: undefined, unreadable: 0 });
    expect(await readdir(join(data, 'drift'))).not.toContain('20260221');
  });

  it('fails a file whose report cannot be written', async () => {
    await writeFile(data, 'not a folder');
    await expect(check('warn', FIRST, changed(''))).rejects.toMatchObject({ code: 'INVENTORY_FAILED' });
  });
});
