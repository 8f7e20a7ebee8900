import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ComparableBlock, compareDumps, type DumpChange } from '../src/index.js';
import { nextDump, sha256Of, type TestDump } from './kit/dump.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'changes-compare-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

type JsonRecord = { id: string } & Record<string, unknown>;

/** A dump in blocks of 50 records. */
const dumpOf = (records: readonly JsonRecord[]) =>
  async function* (): AsyncGenerator<ComparableBlock> {
    for (let at = 0; at < records.length; at += 50) {
      const some = records.slice(at, at + 50);
      yield {
        count: some.length,
        id: (index) => some[index]!.id,
        sha256: (index) => sha256Of(JSON.stringify(some[index])),
        message: (index) => Buffer.from(JSON.stringify({ ...some[index], sha256: index })),
      };
    }
  };

const compare = async (before: readonly JsonRecord[], after: readonly JsonRecord[]) => {
  const comparison = compareDumps({ before: dumpOf(before), after: dumpOf(after), temporaryDirectory: directory });
  const changes: DumpChange[] = [];
  for await (const change of comparison) changes.push(change);
  expect(await readdir(directory)).toEqual([]);
  return { changes, summary: comparison.summary };
};

test('reports what was added, changed and deleted, with the members that changed', async () => {
  const before = [
    { id: '10', name: 'a', urls: ['x'] },
    { id: '9', name: 'a', gone: true },
    { id: 'x y', name: 'a' },
    { id: '8', name: 'first' },
    { id: '8', name: 'a' },
    { id: 'unknown', name: 'a' },
    { id: '7', name: 'a' },
  ];
  const after = [
    { id: '11', name: 'new' },
    { id: '10', name: 'a', urls: ['x', 'y'] },
    { id: '9', name: 'b', extra: { a: 1 } },
    { id: '8', name: 'b' },
    { id: '8', name: 'c', genre: 'x' },
    { id: '7', name: 'b' },
    { id: '7', name: 'a' },
  ];
  const { changes, summary } = await compare(before, after);
  expect(changes.map(({ type, id, ...rest }) => [type, id, 'members' in rest ? rest.members : undefined])).toEqual([
    ['changed', '8', ['genre', 'name']],
    ['changed', '9', ['extra', 'gone', 'name']],
    ['changed', '10', ['urls']],
    ['added', '11', undefined],
    ['deleted', 'x y', undefined],
  ]);
  expect(changes[0]).toMatchObject({
    sha256: sha256Of(JSON.stringify(after[4])),
    lastSha256: sha256Of(JSON.stringify(before[4])),
  });
  expect(summary).toEqual({
    ...{ before: 7, after: 7, added: 1, changed: 3, deleted: 1, unchanged: 1 },
    ...{ withoutIdBefore: 1, withoutIdAfter: 0 },
  });
});

const seed = Number(process.env['COMPARE_SEED'] ?? Date.now() % 2 ** 31);

test(`the changes turn one random dump into the other (COMPARE_SEED=${seed})`, async () => {
  const random = randomFrom(seed);
  const older = nextDump([], random, 600);
  const newer = nextDump(older, random, 650);
  const records = (dump: TestDump) => dump.map(({ id, sha256 }) => ({ id, name: sha256 }));
  const { changes, summary } = await compare(records(older), records(newer));
  const standing = (dump: TestDump) =>
    new Map(records(dump).flatMap((one) => (one.id === 'unknown' ? [] : [[one.id, sha256Of(JSON.stringify(one))]])));
  const content = standing(older);
  for (const change of changes) {
    if (change.type === 'deleted') content.delete(change.id);
    else content.set(change.id, change.sha256);
    if (change.type === 'changed') expect(change.members).toEqual(['name']);
  }
  expect(content).toEqual(standing(newer));
  expect(summary.added + summary.changed + summary.unchanged).toBe(content.size);
});

test('an abort and an error of a dump end the comparison, and leave nothing behind', async () => {
  const failing = async function* (): AsyncGenerator<ComparableBlock> {
    yield* dumpOf([{ id: '1' }])();
    throw new Error('unreadable');
  };
  const run = async (options: Partial<Parameters<typeof compareDumps>[0]>): Promise<unknown> => {
    try {
      const whole = { before: dumpOf([{ id: '1' }]), after: dumpOf([{ id: '2' }]), temporaryDirectory: directory };
      for await (const _ of compareDumps({ ...whole, ...options }));
      return 'done';
    } catch (error) {
      return error;
    }
  };
  expect(await run({ after: failing })).toMatchObject({ message: 'unreadable' });
  expect(await run({ signal: AbortSignal.abort(new Error('stop')) })).toMatchObject({ message: 'stop' });
  // @ts-expect-error: not a function
  expect(await run({ after: 'path' })).toMatchObject({ code: 'INVALID_OPTIONS' });
  expect(await run({ temporaryDirectory: join(directory, 'missing') })).toMatchObject({
    code: 'IO_FAILED',
    facts: { errno: 'ENOENT' },
  });
  expect(await readdir(directory)).toEqual([]);
});
