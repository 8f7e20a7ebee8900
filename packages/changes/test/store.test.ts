import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type ChangeStore,
  type Deletion,
  openChangeStore,
  type Pass,
  type PassMode,
  readRecordId,
} from '../src/index.js';
import { blockOf, record, type TestRecord } from './kit/dump.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'changes-store-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const openStore = (more: { sink?: string; dataType?: string } = {}): Promise<ChangeStore> =>
  openChangeStore({ directory, sink: 'amqp host/x', contract: 'topic', dataType: 'releases', ...more });

/** Ids of the records that were sent. */
const pass = async (
  store: ChangeStore,
  version: string,
  records: readonly TestRecord[],
  { mode, maxDeletedPercent = 100 }: { mode?: PassMode; maxDeletedPercent?: number } = {},
) => {
  const begun = await store.beginPass({ version, source: version, mode });
  const { send } = await begun.decide(blockOf(records, 1));
  begun.confirm(records.length);
  const plan = await begun.endRecords({ maxDeletedPercent });
  const deleted = await takeDeletions(begun);
  const counts = await begun.end();
  return { sent: records.filter((_, at) => send[at] === 1).map(({ id }) => id), deleted, counts, plan };
};

const takeDeletions = async (begun: Pass): Promise<string[]> => {
  const deleted: string[] = [];
  for await (const batch of begun.deletions()) {
    deleted.push(...batch.map(({ id }) => id));
    begun.confirmDeletions(batch.at(-1)?.number ?? 0);
  }
  return deleted;
};

const records = (...contents: [string | number, string | number][]): TestRecord[] =>
  contents.map(([id, content]) => record(id, content));

const many = (count: number, content = 1): TestRecord[] =>
  Array.from({ length: count }, (_, at) => record(at + 1, content));

test('a decision that is begun needs the block no more, and is durable later', async () => {
  await using store = await openStore();
  await pass(store, '1', records([1, 'a'], [2, 'b']));
  const begun = await store.beginPass({ version: '2', source: '2' });
  const shared = records([1, 'a'], [2, 'x'], [3, 'c']);
  const { send, sendCount, durable } = begun.beginDecision(blockOf(shared, 1));
  expect([[...send], sendCount]).toEqual([[0, 1, 1], 2]);
  shared.splice(0, 3, ...records([7, 'p'], [8, 'q'], [9, 'r']));
  await durable;
  begun.confirm(3);
  await begun.endRecords();
  expect(await begun.end()).toEqual({ published: 2, unchanged: 1, deleted: 0 });
  expect((await pass(store, '3', records([1, 'a'], [2, 'x'], [3, 'c']))).sent).toEqual([]);
});

test('a pass sends what is new or changed, and deletes what is gone', async () => {
  await using store = await openStore();
  expect([store.isNew, store.ids]).toEqual([true, 0]);
  const first = records([1, 'a'], [2, 'a'], ['007', 'a'], ['x y', 'a'], [9_000_000_001, 'a']);
  expect(await pass(store, 'v1', first)).toMatchObject({
    sent: ['1', '2', '007', 'x y', '9000000001'],
    counts: { published: 5, unchanged: 0, deleted: 0 },
  });
  const second = records([9_000_000_001, 'b'], ['x y', 'a'], [7, 'a'], [1, 'a']);
  expect(await pass(store, 'v2', second)).toMatchObject({
    sent: ['9000000001', '7'],
    deleted: ['2', '007'],
    counts: { published: 2, unchanged: 2, deleted: 2 },
  });
  expect(store.ids).toBe(4);
  expect(await pass(store, 'v3', second)).toMatchObject({ sent: [], deleted: [], counts: { unchanged: 4 } });
});

test('a store remembers what was committed, for each sink and type on its own', async () => {
  {
    await using store = await openStore();
    await store.setNote('a token');
    await pass(store, 'v1', records([1, 'a']));
    await store.setNote('the token');
  }
  await using other = await openStore({ sink: 'ndjson /out' });
  await using labels = await openStore({ dataType: 'labels' });
  await using store = await openStore();
  expect([other.isNew, labels.isNew, store.isNew, store.ids]).toEqual([true, true, false, 1]);
  expect([store.note, other.note]).toEqual(['the token', undefined]);
  expect(store.latestPass).toMatchObject({ version: 'v1', isEnded: true, watermark: 1, counts: { published: 1 } });
  expect((await pass(store, 'v2', records([1, 'a']))).sent).toEqual([]);
});

test('of repeated ids each is compared with what the sink has at that moment, and the last stands', async () => {
  await using store = await openStore();
  await pass(store, 'v1', records([1, 'a'], [1, 'b'], [1, 'b']));
  const again = await pass(store, 'v2', records([1, 'b'], [1, 'a'], [1, 'a'], [1, 'b'], [1, 'b']));
  expect(again.counts).toEqual({ published: 2, unchanged: 3, deleted: 0 });
  expect((await pass(store, 'v3', records([1, 'b']))).sent).toEqual([]);
});

test('records without an id are always sent and never deleted', async () => {
  await using store = await openStore();
  await pass(store, 'v1', records(['unknown', 'a'], ['unknown', 'a']));
  expect(store.ids).toBe(0);
  const again = await pass(store, 'v2', records(['unknown', 'a']));
  expect(again).toMatchObject({ sent: ['unknown'], deleted: [], counts: { published: 1 } });
});

test('the mode all keeps the store true and deletes nothing; the next pass with changed does', async () => {
  await using store = await openStore();
  await pass(store, 'v1', records([1, 'a'], [2, 'a'], [3, 'a']));
  const all = await pass(store, 'v2', records([1, 'a'], [2, 'b']), { mode: 'all' });
  expect(all).toMatchObject({ sent: ['1', '2'], deleted: [], plan: { deletions: 0, missing: 1, ids: 3 } });
  expect(await pass(store, 'v2b', records([1, 'a'], [2, 'b']))).toMatchObject({ sent: [], deleted: ['3'] });
  const forced = await pass(store, 'v2b', records([1, 'a']), { mode: 'forced' });
  expect(forced).toMatchObject({ sent: ['1'], deleted: ['2'] });
});

test('ids that are kept are not deleted, and a pass can withhold all deletions', async () => {
  await using store = await openStore();
  await pass(store, 'v1', records([1, 'a'], [2, 'a'], ['x', 'a'], [4, 'a']));
  const second = await store.beginPass({ version: 'v2', source: 'v2' });
  await second.decide(blockOf(records([1, 'a']), 1));
  second.keep('2');
  second.keep('x');
  second.keep('not there');
  second.confirm(1);
  expect(await second.endRecords({ maxDeletedPercent: 100 })).toMatchObject({ deletions: 1 });
  second.withholdDeletions('a record without a readable id is malformed');
  expect(await second.endRecords()).toMatchObject({ deletions: 0, missing: 1, withheldBecause: expect.any(String) });
  expect(await takeDeletions(second)).toEqual([]);
  await second.end();
  expect((await pass(store, 'v3', records([1, 'a'], [2, 'a']))).deleted).toEqual(['4', 'x']);
});

test('a record that the sink refuses leaves there what it has, and is sent again', async () => {
  await using store = await openStore();
  await pass(store, 'v1', records([1, 'a'], [2, 'a']));
  const second = await store.beginPass({ version: 'v2', source: 'v2' });
  const next = records([1, 'b'], [2, 'b'], [3, 'b'], [2, 'a']);
  await second.decide(blockOf(next, 1));
  second.confirm(1);
  for (const record of [2, 3]) await second.refuse(record);
  for (const record of [1, 2, 5]) await expect(second.refuse(record)).rejects.toThrow(/cannot be refused/);
  second.confirm(4);
  expect((await second.endRecords()).missing).toBe(0);
  expect(await second.end()).toEqual({ published: 2, unchanged: 0, deleted: 0 });
  expect(await pass(store, 'v3', next)).toMatchObject({ sent: ['2', '3', '2'], deleted: [] });
});

test('a record that was refused is not there, although the caller knows it as confirmed after a crash', async () => {
  const next = records([1, 'b'], [2, 'b'], [3, 'b'], ['x', 'b']);
  {
    await using store = await openStore();
    await pass(store, 'v1', records([1, 'a'], [2, 'a']));
    const interrupted = await store.beginPass({ version: 'v2', source: 'v2' });
    await interrupted.decide(blockOf(next, 1));
    for (const record of [2, 3, 4]) await interrupted.refuse(record);
  }
  await using store = await openStore();
  const resumed = await store.beginPass({ version: 'v2', source: 'v2', confirmed: 3 });
  expect((await resumed.decide(blockOf(next, 1))).send).toEqual(Uint8Array.of(0, 0, 0, 1));
  resumed.confirm(4);
  expect((await resumed.endRecords()).missing).toBe(0);
  expect(await resumed.end()).toEqual({ published: 2, unchanged: 0, deleted: 0 });
  expect(await pass(store, 'v3', next)).toMatchObject({ sent: ['2', '3'], deleted: [] });
});

test('what is decided and not sent is not sent by the pass over another dump, if it was retracted', async () => {
  for (const isRetracted of [true, false]) {
    await using store = await openStore({ sink: `retracted ${isRetracted}` });
    await pass(store, 'v1', records([1, 'a'], [2, 'a'], [3, 'a']));
    const second = await store.beginPass({ version: 'v2', source: 'v2' });
    await second.decide(blockOf(records([1, 'b']), 1));
    await second.decide(blockOf(records([2, 'b'], [3, 'b']), 2));
    second.confirm(1);
    await second.commit();
    if (isRetracted) await second.retract(1);
    const sent = isRetracted ? [] : ['2', '3'];
    expect((await pass(store, 'v3', records([1, 'b'], [2, 'a'], [3, 'a']))).sent).toEqual(sent);
  }
});

test('a pass that begins after some records follows the others, and deletes nothing', async () => {
  await using store = await openStore();
  await pass(store, 'v1', records([1, 'a'], [2, 'a'], [3, 'a']));
  const late = await store.beginPass({ version: 'v2', source: 'v2', mode: 'all', restart: true, startAfter: 2 });
  expect([late.watermark, store.latestPass?.startAfter]).toEqual([2, 2]);
  await late.decide(blockOf(records([3, 'b']), 3));
  late.confirm(3);
  expect(await late.endRecords({ maxDeletedPercent: 100 })).toMatchObject({ deletions: 0 });
  await late.end();
  expect(await pass(store, 'v2b', records([1, 'a'], [3, 'b']))).toMatchObject({ sent: [], deleted: ['2'] });
});

test('too many deletions are refused before the first, and a higher limit sends only what is missing', async () => {
  const allowed = async (count: number, kept: number, maxDeletedPercent?: number): Promise<number | string> => {
    await using store = await openStore({ sink: `${count} ${kept} ${maxDeletedPercent}` });
    await pass(store, 'v1', many(count));
    return await pass(store, 'v2', many(kept), { maxDeletedPercent: maxDeletedPercent ?? 5 }).then(
      ({ deleted }) => deleted.length,
      (error) => error.code,
    );
  };
  expect(await allowed(400, 380)).toBe(20);
  expect(await allowed(400, 379)).toBe('TOO_MANY_DELETIONS');
  expect(await allowed(10, 0, 0)).toBe(10);
  expect(await allowed(11, 0, 99)).toBe('TOO_MANY_DELETIONS');

  await using store = await openStore({ sink: 'again' });
  await pass(store, 'v1', many(40));
  const refused = await store.beginPass({ version: 'v2', source: 'v2' });
  await refused.decide(blockOf(many(20), 1));
  refused.confirm(20);
  await expect(refused.endRecords({ maxDeletedPercent: 49 })).rejects.toMatchObject({
    code: 'TOO_MANY_DELETIONS',
    facts: { deletions: 20, ids: 40, maxDeletedPercent: 49 },
  });
  expect(await takeDeletions(refused)).toEqual([]);
  const again = await store.beginPass({ version: 'v2', source: 'v2', confirmed: 20 });
  expect([again.isResumed, again.watermark]).toEqual([true, 20]);
  await again.endRecords({ maxDeletedPercent: 50 });
  expect(await takeDeletions(again)).toHaveLength(20);
  expect(await again.end()).toEqual({ published: 0, unchanged: 20, deleted: 20 });
  // The limit counts what was deleted before an interruption, too.
  const third = await store.beginPass({ version: 'v3', source: 'v3' });
  await third.decide(blockOf(many(8, 2), 1));
  third.confirm(8);
  await third.endRecords({ maxDeletedPercent: 60 });
  for await (const batch of third.deletions()) third.confirmDeletions((batch as Deletion[]).length - 2);
  await third.commit();
  const resumed = await store.beginPass({ version: 'v3', source: 'v3', confirmed: 8 });
  await expect(resumed.endRecords({ maxDeletedPercent: 59 })).rejects.toMatchObject({
    facts: { deletions: 12, ids: 20 },
  });
  expect((await resumed.endRecords({ maxDeletedPercent: 60 })).deletions).toBe(2);
});

test('a pass resumes at what was committed, and counts nothing twice', async () => {
  const dump = many(10);
  {
    await using store = await openStore();
    const first = await store.beginPass({ version: 'v1', source: 's' });
    await first.decide(blockOf(dump.slice(0, 6), 1));
    first.confirm(4);
    await first.commit();
    first.confirm(5);
  }
  await using store = await openStore();
  const second = await store.beginPass({ version: 'v1', source: 's', confirmed: 5 });
  expect([second.isResumed, second.watermark, second.counts.published]).toEqual([true, 4, 4]);
  // Records 1 to 4 are settled, and the caller knows that 5 is confirmed.
  const { send, sendCount } = await second.decide(blockOf(dump, 1));
  expect([[...send], sendCount]).toEqual([[0, 0, 0, 0, 0, 1, 1, 1, 1, 1], 5]);
  second.confirm(10);
  await second.endRecords();
  expect(await second.end()).toEqual({ published: 10, unchanged: 0, deleted: 0 });
  const ended = await store.beginPass({ version: 'v1', source: 's', confirmed: 10 });
  expect([ended.isEnded, ended.counts]).toEqual([true, { published: 10, unchanged: 0, deleted: 0 }]);
  expect(await ended.end()).toEqual(ended.counts);
  const again = await store.beginPass({ version: 'v1', source: 's', confirmed: 10, restart: true });
  expect([again.isResumed, again.watermark]).toEqual([false, 0]);
});

test('what was sent without a confirmation is doubtful for another dump: sent again, or deleted', async () => {
  await using store = await openStore();
  await pass(store, 'v1', records([1, 'a'], [2, 'a'], ['x', 'a']));
  const cut = await store.beginPass({ version: 'v2', source: 'v2' });
  await cut.decide(blockOf(records([1, 'b'], ['x', 'b'], [5, 'new'], ['y', 'new']), 1));
  const replaced = await pass(store, 'v2b', records([1, 'a'], [2, 'a'], ['x', 'a']));
  expect(replaced).toMatchObject({ sent: ['1', 'x'], deleted: ['5', 'y'], counts: { unchanged: 1 } });
  await expect(cut.decide(blockOf(records([1, 'b']), 5))).rejects.toMatchObject({ code: 'ILLEGAL_STEP' });
});

test('of a block that is confirmed in part, only the rest is doubtful', async () => {
  await using store = await openStore();
  const records = [record(1, 'a'), record('x', 'b'), record(2, 'c'), record(1, 'd'), record(3, 'e')];
  const interrupted = await store.beginPass({ version: '1', source: '1' });
  await interrupted.decide(blockOf(records, 1));
  interrupted.confirm(3);
  // The later record of id 1 may have arrived.
  expect((await pass(store, '2', records.slice(0, 3))).sent).toEqual(['1']);
  expect((await pass(store, '3', records)).sent).toEqual(['1', '3']);
});

test('after a distrust everything is sent once more, and what is missing is deleted', async () => {
  await using store = await openStore();
  await pass(store, 'v1', records([1, 'a'], [2, 'a'], ['x', 'a'], ['y', 'a']));
  await store.distrust();
  expect(await pass(store, 'v1', records([1, 'a'], ['x', 'a']))).toMatchObject({
    sent: ['1', 'x'],
    deleted: ['2', 'y'],
  });
});

test('blocks may lack numbers, as those that a transform omitted from', async () => {
  await using store = await openStore();
  const begun = await store.beginPass({ version: 'v1', source: 'v1' });
  const [one, two] = records([1, 'a'], [2, 'a']);
  const numbers = [2, 5];
  await begun.decide({ ...blockOf([one!, two!], 1), lastRecord: 6, number: (at) => numbers[at]! });
  begun.confirm(4);
  await begun.commit();
  expect(begun.counts.published).toBe(1);
  await begun.decide({ ...blockOf([], 7), lastRecord: 8 });
  begun.confirm(8);
  expect([begun.watermark, begun.counts.published]).toEqual([8, 2]);
});

test('wrong steps are refused', async () => {
  const store = await openStore();
  const begun = await store.beginPass({ version: 'v1', source: 'v1' });
  await begun.decide(blockOf(records([1, 'a']), 1));
  const refused = (code: string) => expect.objectContaining({ code });
  expect(() => begun.confirm(2)).toThrow(refused('ILLEGAL_STEP'));
  await expect(begun.endRecords()).rejects.toEqual(refused('ILLEGAL_STEP'));
  await expect(begun.end()).rejects.toEqual(refused('ILLEGAL_STEP'));
  await expect(begun.decide(blockOf(records([1, 'a']), 3))).rejects.toEqual(refused('INVALID_OPTIONS'));
  const wrongHash = { ...blockOf(records([1, 'a']), 2), sha256: () => 'g'.repeat(64) };
  await expect(begun.decide(wrongHash)).rejects.toEqual(refused('INVALID_OPTIONS'));
  await expect(begun.endRecords({ maxDeletedPercent: 101 })).rejects.toEqual(refused('INVALID_OPTIONS'));
  await expect(store.beginPass({ version: 'v1', source: '' })).rejects.toEqual(refused('INVALID_OPTIONS'));
  // @ts-expect-error: the option does not exist
  await expect(store.beginPass({ version: 'v1', source: 'x', force: true })).rejects.toEqual(
    refused('INVALID_OPTIONS'),
  );
  await expect(openChangeStore({ directory, sink: '', contract: 'a', dataType: 'b' })).rejects.toEqual(
    refused('INVALID_OPTIONS'),
  );
  await expect(openStore()).rejects.toEqual(refused('STORE_LOCKED'));
  await store.close();
  await store.close();
  expect(() => begun.confirm(1)).toThrow(refused('STORE_CLOSED'));
  await (await openStore()).close();
});

describe('a damaged store', () => {
  const PAGE = 16 * 1024;
  let path: string;

  beforeEach(async () => {
    const store = await openStore();
    path = store.path;
    await pass(store, 'v1', [...many(4000), record('x', 1)]);
    await store.close();
  });

  const zero = async (page: number): Promise<void> => {
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(PAGE), 0, PAGE, page * PAGE);
    await file.close();
  };

  /** Opens it and passes over a dump; returns the error's code. */
  const use = async (): Promise<unknown> => {
    try {
      await using store = await openStore();
      return await pass(store, 'v2', [...many(3990), record('x', 1)]);
    } catch (error) {
      return (error as { code: unknown }).code;
    }
  };

  test.each([
    ['is no database', () => writeFile(path, 'x'.repeat(3 * PAGE))],
    ['is cut', () => truncate(path, 4 * PAGE)],
    ['is cut in its first page', () => truncate(path, 100)],
    ['begins with zeros', () => zero(0)],
    ['has a page of zeros', () => zero(5)],
  ])('that %s is reported, and deletes nothing', async (_, damage) => {
    await damage();
    expect(await use()).toBe('STORE_DAMAGED');
    // It is left as it is until somebody removes it.
    expect(await use()).toBe('STORE_DAMAGED');
  });

  test('with wrong bytes anywhere in it is reported, or they do not matter', async () => {
    const expected = await (async () => {
      const copy = `${path}.copy`;
      await copyFile(path, copy);
      const result = await use();
      await copyFile(copy, path);
      return result;
    })();
    let reported = 0;
    const whole = `${path}.copy`;
    const { size } = await stat(whole);
    for (let at = 100; at < size; at += PAGE / 2 + 512) {
      await copyFile(whole, path);
      const file = await open(path, 'r+');
      await file.write(Buffer.alloc(64, 0xa5), 0, 64, at);
      await file.close();
      const found = await use();
      if (found === 'STORE_DAMAGED') reported++;
      else expect([at, found]).toEqual([at, expected]);
    }
    expect(reported).toBeGreaterThan(8);
  });

  test('of a newer version, or of another sink, is left as it is', async () => {
    const setFormat = (format: number): void => {
      const database = new sqlite.Database(path);
      database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = ${format}`);
      database.close();
    };
    setFormat(2);
    expect(await use()).toBe('UNSUPPORTED_FORMAT');
    setFormat(1);
    const labels = await openStore({ dataType: 'labels' });
    await labels.close();
    await copyFile(labels.path, path);
    expect(await use()).toBe('OTHER_STORE');
  });

  test('can be removed while nothing uses it: everything is sent once more', async () => {
    await rm(directory, { recursive: true });
    await using store = await openStore();
    expect(store.isNew).toBe(true);
    expect((await pass(store, 'v2', many(3))).sent).toHaveLength(3);
  });

  test('leaves no files behind but its lock', async () => {
    const names = (await readdir(directory)).map((name) => name.replace(/^.*\.db/, ''));
    expect(names.sort()).toEqual(['', '.owner']);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});

test.each([
  ['<release id="12" status="Accepted"><title>a</wrong>', '12'],
  ["<release\n id = '12'><title>", '12'],
  [`<release status="a id='3'" id="5"><title>`, '5'],
  ['<release id="5" id="6"><title>', undefined],
  ['<release id=" 12 "><title>', undefined],
  ['<release id="1\uFFFD2"><title>', undefined],
  ['<release status="a" data-id="3"><x><id>4</id></x>', undefined],
  ['<artist><images><image id="3"/></images><id>7</id><name>a & <', '7'],
  ['<artist><members><id>3</id></members><id> 7 </id>', undefined],
  ['<artist><members><id>3</id><id>7</id>', undefined],
  ['<artist><name>a</nam><id>7</id>', undefined],
  ['<artist><name>a < b</name><id>7</id>', undefined],
  ['<artist><id>7', undefined],
  ['<artist><id/><name>7</name>', undefined],
  ['<release id="1&#50;">', undefined],
  ['<release id="12" <', undefined],
  ['', undefined],
])('the id of the malformed record %j is %j', (xml, id) => {
  expect(readRecordId(Buffer.from(xml))).toBe(id);
});
