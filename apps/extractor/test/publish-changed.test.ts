import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@discogs-extractor/test-broker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute, linesOf, NdjsonConsumer, replay } from './kit/changes.js';
import { startCli } from './kit/cli.js';
import { smallDump, writeDump } from './kit/dumps.js';
import { killAtMarker } from './kit/kill-at-marker.js';

/** More than a block. */
const MANY = 40_000;

const V1 = '20260101';
const V2 = '20260201';
const V3 = '20260301';

let folder: string;
let consumer: NdjsonConsumer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changed-'));
  consumer = new NdjsonConsumer(join(folder, 'out'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The XML of artists, by id and name. */
const artists = (...records: readonly (readonly [id: string | number, name: string])[]): string =>
  `<artists>\n${records.map(([id, name]) => `<artist><id>${id}</id><name>${name}</name></artist>`).join('\n')}\n</artists>`;

const many = (count: number, name = 'same'): (readonly [number, string])[] =>
  Array.from({ length: count }, (_, index) => [index + 1, name] as const);

const write = (version: string, xml: string): Promise<void> =>
  writeDump(join(folder, 'dumps'), version, { ...smallDump(1), artists: xml });

const envOf = (version: string, more: Record<string, string> = {}): Record<string, string> => ({
  DISCOGS_ROOT: join(folder, 'data'),
  DUMP_SOURCE: join(folder, 'dumps'),
  DATA_TYPES: 'artists',
  SINK: 'ndjson',
  OUTPUT_DIRECTORY: join(folder, 'out'),
  PUBLISH: 'changed',
  MAX_WORKERS: '1',
  DUMP_VERSION: version,
  ...more,
});

const deliver = async (version: string, more: Record<string, string> = {}) => {
  const { outcome, files, events } = await execute(envOf(version, more));
  const error = files.find((file) => file.error !== undefined)?.error;
  const { sent, deleted, completions } = await consumer.catchUp(version, 'artists');
  return { outcome, code: (error as { code?: string } | undefined)?.code, error, sent, deleted, completions, events };
};

it('sends everything first, then what is new or changed, then one tombstone for each id that is gone', async () => {
  await write(V1, artists([1, 'a'], [2, 'a'], [3, 'a'], ['x 4', 'a']));
  const first = await deliver(V1);
  expect(first).toMatchObject({ outcome: 'completed', sent: ['1', '2', '3', 'x 4'], deleted: [] });
  expect(first.completions).toMatchObject([{ total_processed: 4, published: 4, unchanged: 0, deleted: 0 }]);
  const lastSha256 = consumer.records.get('2');

  await write(V2, artists(['x 4', 'a'], [5, 'new'], [3, 'changed'], [1, 'a'], [5, 'again']));
  const second = await deliver(V2);
  expect(second).toMatchObject({ sent: ['5', '3', '5'], deleted: ['2'] });
  expect(second.completions).toMatchObject([{ total_processed: 5, published: 3, unchanged: 2, deleted: 1 }]);
  expect(await linesOf(join(folder, 'out', V2, 'artists.deleted.ndjson'))).toEqual([
    { type: 'deleted', data_type: 'artists', id: '2', last_sha256: lastSha256, version: V2 },
  ]);
  const finished = second.events.find(({ type }) => type === 'file-finished');
  expect(finished).toMatchObject({ records: 5, delivered: 3, changes: { published: 3, unchanged: 2, deleted: 1 } });

  // An older dump after a newer one, and the newer one again under other bytes.
  await write(V1, artists([1, 'a'], [2, 'a']));
  expect(await deliver(V1)).toMatchObject({ sent: ['2'], deleted: ['3', '5', 'x 4'] });
  expect([...consumer.records.keys()].sort()).toEqual(['1', '2']);
  // Appended after the earlier file_complete.
  expect(await linesOf(join(folder, 'out', V1, 'artists.ndjson'))).toHaveLength(7);
});

it('keeps true with all, which sends no tombstones, and sends everything again if that is requested', async () => {
  await write(V1, artists([1, 'a'], [2, 'a']));
  await write(V2, artists([1, 'b']));
  await write(V3, artists([1, 'b'], [3, 'a']));
  const all = await deliver(V1, { PUBLISH: 'all' });
  expect(all.completions[0]).not.toHaveProperty('published');
  expect(await deliver(V2, { PUBLISH: 'all' })).toMatchObject({ sent: ['1'], deleted: [] });
  expect(await deliver(V3)).toMatchObject({ sent: ['3'], deleted: ['2'] });
  const forced = await deliver(V3, { FORCE_REPROCESS: 'true' });
  expect(forced).toMatchObject({ sent: ['1', '3'], deleted: [], completions: [{ published: 2, unchanged: 0 }] });
  // Written again from the first record, with the tombstones that no one says again.
  expect(await deliver(V3, { PUBLISH: 'all', FORCE_REPROCESS: 'true' })).toMatchObject({ sent: ['1', '3'] });
  expect(await deliver(V3, { FORCE_REPROCESS: 'true' })).toMatchObject({ sent: ['1', '3'] });
  await write(V3, artists([1, 'b']));
  expect(await deliver(V3)).toMatchObject({ sent: [], deleted: ['3'] });
});

it('fails before the first of too many tombstones, and sends only them under a higher limit', async () => {
  await write(V1, artists(...many(40)));
  await write(V2, artists(...many(29)));
  await deliver(V1);
  const refused = await deliver(V2, { MAX_DELETED_PERCENT: '27' });
  expect(refused).toMatchObject({
    outcome: 'failed',
    code: 'TOO_MANY_DELETIONS',
    sent: [],
    deleted: [],
    completions: [],
  });
  expect(refused.error!.message).toMatch(/11 of the 40 .*--max-deleted-percent 28/);
  const allowed = await deliver(V2, { MAX_DELETED_PERCENT: '28' });
  expect(allowed).toMatchObject({ outcome: 'completed', sent: [], completions: [{ unchanged: 29, deleted: 11 }] });
  expect(allowed.deleted).toHaveLength(11);
  // Too few records at all: nothing is deleted either.
  await write(V3, artists(...many(5)));
  expect(await deliver(V3)).toMatchObject({ code: 'TOO_FEW_RECORDS', deleted: [] });
});

describe('an id is not gone if its record', () => {
  const REST = [...many(9), [11, 'a'], [12, 'a']] as const;
  const withXml = (xml: string): string => artists(...REST).replace('</artists>', `${xml}\n</artists>`);
  beforeEach(async () => {
    await write(V1, artists(...REST, [2, 'a'], [13, 'a']));
    await deliver(V1);
  });

  it('is malformed; and if the id cannot be read, nothing is', async () => {
    await write(V2, withXml('<artist><id>13</id><name>a</b></artist>').replaceAll('>11<', '>14<'));
    expect(await deliver(V2)).toMatchObject({ outcome: 'completed', sent: ['2', '14'], deleted: ['11'] });
    await write(V3, withXml('<artist><name>a</b></artist>').replaceAll('>12<', '>15<'));
    const withheld = await deliver(V3);
    expect(withheld).toMatchObject({ outcome: 'completed', sent: ['11', '15'], deleted: [] });
    expect(withheld.events).toContainEqual(expect.objectContaining({ type: 'deletions-withheld', missing: 3 }));
  });

  it('is skipped by a rule, or lies in a truncated part', async () => {
    const rules = join(folder, 'rules.yaml');
    await writeFile(rules, 'skip_records:\n  artists:\n    - {field: name, contains: other, reason: not wanted}\n');
    await write(V2, withXml('<artist><id>13</id><name>other</name></artist>').replaceAll('>11<', '>14<'));
    const skipped = await deliver(V2, { DATA_QUALITY_RULES: rules });
    expect(skipped).toMatchObject({ outcome: 'completed', sent: ['2', '14'], deleted: ['11'] });
    expect(skipped.completions).toMatchObject([{ total_processed: 12, published: 2, unchanged: 10, deleted: 1 }]);
    await write(V3, artists(...REST).replace('</artists>', '<artist><id>5</id>'));
    expect(await deliver(V3)).toMatchObject({ outcome: 'failed', deleted: [] });
  });
});

it('resumes a stopped run without repeats, and sends no record that a consumer of another dump lacks', async () => {
  await write(V1, artists(...many(MANY)));
  await write(V2, artists(...many(MANY, 'other')));
  await deliver(V1);
  const stop = new AbortController();
  const stopped = execute(envOf(V2, { STATE_SAVE_INTERVAL: '1' }), stop.signal, (event) => {
    if (event.type === 'file-progress' && event.records > 0) stop.abort(new Error('stopped'));
  });
  await expect(stopped).rejects.toThrow('stopped');
  const first = await consumer.catchUp(V2, 'artists');
  const rest = await deliver(V2);
  expect(new Set([...first.sent, ...rest.sent]).size).toBe(first.sent.length + rest.sent.length);
  expect(rest.completions).toMatchObject([{ total_processed: MANY, published: MANY, unchanged: 0 }]);
  expect(consumer.records.size).toBe(MANY);
});

it('says where the tombstones of a run that was stopped among them belong, if the dump is another one then', async () => {
  await write(V1, artists(...many(30)));
  await write(V2, artists(...many(22)));
  await deliver(V1);
  const stop = new AbortController();
  const stopped = execute(envOf(V2, { QUEUE_SIZE: '2' }), stop.signal, (event) => {
    if (event.type === 'file-progress' && event.changes!.deleted >= 4) stop.abort(new Error('stopped'));
  });
  await expect(stopped).rejects.toThrow('stopped');
  expect((await consumer.catchUp(V2, 'artists')).deleted).toEqual(['23', '24', '25', '26']);
  // Another dump, in which two of the ids are: the others stay deleted.
  const again = [...many(22), [23, 'same'], [24, 'other']] as const;
  await write(V2, artists(...again));
  expect(await deliver(V2)).toMatchObject({
    sent: ['23', '24'],
    deleted: ['27', '28', '29', '30'],
    completions: [{ published: 2, unchanged: 22, deleted: 4 }],
  });
  const [replayed, left] = await replay(join(folder, 'out', V2, 'artists'));
  expect([[...replayed.keys()], left]).toEqual([['23', '24'], 0]);
  // With PUBLISH=all as well, no line is written again.
  await write(V2, artists([24, 'other'], [31, 'new']));
  expect(await deliver(V2, { PUBLISH: 'all' })).toMatchObject({ sent: ['24', '31'], deleted: [] });
});

it('after a kill, repeats no more records than QUEUE_SIZE, even if the dump is another one then', async () => {
  await write(V1, artists(...many(MANY)));
  await write(V2, artists(...many(MANY, 'other')));
  await deliver(V1);
  const QUEUE_SIZE = '200';
  const output = join(folder, 'out', V2, 'artists.ndjson');
  const cli = startCli(['run', '--once'], { env: envOf(V2, { QUEUE_SIZE }) });
  await until(async () => (await readFile(output).catch(() => '')).length > 300_000);
  cli.process.kill('SIGKILL');
  await cli.ended;
  await consumer.catchUp(V2, 'artists');
  const before = new Map(consumer.records);
  await write(V2, artists(...many(MANY).slice(1)));
  const next = await deliver(V2, { QUEUE_SIZE });
  expect(next).toMatchObject({ outcome: 'completed', deleted: ['1'] });
  const repeats = next.sent.filter((id) => before.get(id) === consumer.records.get(id));
  expect(next.sent.length - repeats.length).toBeGreaterThan(500);
  expect(repeats.length).toBeLessThanOrEqual(Number(QUEUE_SIZE));
  expect(new Set(consumer.records.values()).size).toBe(MANY - 1);
});

it('after a kill, what was sent and is not in the store counts as doubtful for another dump', async () => {
  await write(V1, artists(...many(40)));
  await write(V2, artists(...many(28, 'other')));
  await deliver(V1);
  const env = envOf(V2, { ...killAtMarker(/"records": 28/), MAX_DELETED_PERCENT: '40' });
  expect(await startCli(['run', '--once'], { env }).ended).toMatchObject({ signal: 'SIGKILL' });
  expect((await consumer.catchUp(V2, 'artists')).sent).toHaveLength(28);
  // The same records as before the kill, except for one.
  await write(V2, artists(...many(39)));
  const next = await deliver(V2);
  expect(next).toMatchObject({ outcome: 'completed', deleted: ['40'] });
  expect([...new Set(consumer.records.values())]).toHaveLength(39);
  expect(next.sent).toEqual(many(28).map(([id]) => String(id)));
});

it('sends everything once more if the store is removed, and reports one that cannot be used', async () => {
  await write(V1, artists([1, 'a'], [2, 'a']));
  await write(V2, artists([1, 'a'], [3, 'a']));
  await deliver(V1);
  const changes = join(folder, 'data', 'changes');
  const [name] = (await readdir(changes)).filter((each) => each.endsWith('.db'));
  const bytes = await readFile(join(changes, name!));
  await writeFile(join(changes, name!), bytes.fill(7, 0, 2000));
  expect(await deliver(V2)).toMatchObject({ outcome: 'failed', code: 'STORE_DAMAGED', sent: [], deleted: [] });
  await rm(changes, { recursive: true });
  await writeFile(changes, 'no folder');
  expect(await deliver(V2)).toMatchObject({ outcome: 'failed', code: 'IO_FAILED', sent: [] });
  await rm(changes);
  const again = await deliver(V2);
  expect(again).toMatchObject({ outcome: 'completed', sent: ['1', '3'], deleted: [] });
  expect(again.events).toContainEqual(
    expect.objectContaining({ type: 'changes-opened', isNew: true, isDeliveredBefore: true }),
  );
});
