import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addInventory, createInventory, encodeRecords } from '@discogs-extractor/parser';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FileInventory } from '../src/drift/file-inventory.js';

const RECORDS = 40_000;
const XML = Buffer.from(
  `<labels>${Array.from({ length: RECORDS }, (_, index) =>
    index % 7 === 3
      ? `<label><id>${index}</id><urls><url>a</url><url>b</url></urls></label>`
      : `<label><id>${index}</id><name>n</name>${index > 30_000 ? '<profile/>' : ''}</label>`,
  ).join('')}</labels>`,
);

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'file-inventory-')), 'labels.partial.json');
});
afterEach(() => rm(join(path, '..'), { recursive: true }));

const open = (resumedAfter: number, sha256 = 'a') =>
  FileInventory.open({ path, dataType: 'labels', sha256, minIntervalMs: 0 }, resumedAfter);

/** Reads the records after `skip`, up to `limit`, as if those up to `confirmed` were confirmed at the end. */
const read = async (inventory: FileInventory, skip: number, limit: number, confirmed: number): Promise<void> => {
  const blocks = encodeRecords(XML, {
    ...{ dataType: 'labels', skip, limit },
    inventoryAfter: inventory.after,
    onInventory: (block) => inventory.add(block),
  });
  for await (const block of blocks) block.release();
  await inventory.keep(confirmed);
};

it('is the same after several runs as after one, and looks again only at what was not kept', async () => {
  const expected = createInventory('labels');
  for await (const _ of encodeRecords(XML, { onInventory: (block) => addInventory(expected, block) }));

  let confirmed = 0;
  const kept: number[] = [];
  for (const part of [15_000, 12_000, 500]) {
    const inventory = await open(confirmed);
    await read(inventory, confirmed, part, confirmed + part - 100);
    confirmed += part - 100;
    kept.push(inventory.after);
    expect(inventory.after).toBeLessThanOrEqual(confirmed);
  }
  expect(kept[1]).toBeGreaterThan(kept[0]!);
  const last = await open(confirmed);
  expect(last.after).toBe(kept.at(-1));
  await read(last, confirmed, RECORDS, 0);
  expect(last.whole()).toEqual(expected);
  await last.discard();
  expect(existsSync(path)).toBe(false);
});

it.each<[string, (text: string) => Promise<FileInventory>]>([
  ['of another dump file', () => open(RECORDS, 'b')],
  ['of records that were lost since', () => open(1)],
  ['damaged', (text) => writeFile(path, text.slice(0, -9)).then(() => open(RECORDS))],
  ['of another type', (text) => writeFile(path, text.replace('"labels"', '"masters"')).then(() => open(RECORDS))],
])('begins at the first record if what was kept is %s', async (_, reopen) => {
  await read(await open(0), 0, RECORDS, RECORDS);
  expect((await open(RECORDS)).after).toBe(RECORDS);
  const again = await reopen(await readFile(path, 'utf8'));
  expect(again.after).toBe(0);
  expect(again.whole()).toEqual(createInventory('labels'));
  expect(existsSync(path)).toBe(false);
});
