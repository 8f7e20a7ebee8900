import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { expect } from 'vitest';
import { openChangeStore, type PassMode } from '../../src/index.js';
import { blockOf, contentOf, nextDump, type TestDump } from './dump.js';

const SIZE = 250;
/** Most records that are sent and not confirmed. */
const WINDOW = 40;

class Crash extends Error {}

/** Something that was sent; a deletion has no hash. */
interface Message {
  readonly id: string;
  readonly sha256: string | undefined;
  /** Of the record, or of the deletion. */
  readonly number: number;
}

/** A consumer that gets messages in order. After a crash, some that were not confirmed are there, too. */
class Consumer {
  readonly content = new Map<string, string>();
  /** What was sent since the last confirmation. */
  unconfirmed: Message[] = [];

  receive({ id, sha256 }: Message): void {
    if (sha256 === undefined) this.content.delete(id);
    else if (id !== 'unknown') this.content.set(id, sha256);
  }

  confirm(count: number): void {
    for (const message of this.unconfirmed.splice(0, count)) this.receive(message);
  }

  /** What a consumer has once everything arrived. */
  get expected(): Map<string, string> {
    const all = new Map(this.content);
    for (const { id, sha256 } of this.unconfirmed) {
      if (sha256 === undefined) all.delete(id);
      else all.set(id, sha256);
    }
    return all;
  }
}

/**
 * Delivers months of random dumps to a consumer, with crashes at random moments, and compares the consumer with each
 * dump that was delivered to its end. A crash is a copy of the store's files, as they are at that moment.
 */
export const checkMonths = async (root: string, seed: number, months: number): Promise<void> => {
  const random = randomFrom(seed);
  const consumer = new Consumer();
  let dump: TestDump = nextDump([], random, SIZE);
  let generation = 0;
  let markerWatermark = 0;
  let hadCrash = false;
  await mkdir(join(root, '0'), { recursive: true });

  const deliver = async (source: string, mode: PassMode, crashes: boolean): Promise<void> => {
    const folder = join(root, String(generation));
    await using store = await openChangeStore({
      directory: folder,
      sink: 'test',
      contract: 'topic',
      dataType: 'releases',
    });
    const mayCrash = async (): Promise<void> => {
      if (!crashes || random() > 0.02) return;
      const next = join(root, String(++generation));
      await mkdir(next);
      for (const name of await readdir(folder)) {
        if (/\.db(-wal)?$/.test(name)) await copyFile(join(folder, name), join(next, name));
      }
      // What is on its way may arrive, up to any message.
      consumer.confirm(Math.floor(random() * (consumer.unconfirmed.length + 1)));
      consumer.unconfirmed = [];
      hadCrash = true;
      throw new Crash();
    };
    const pass = await store.beginPass({ version: source, source, mode, confirmed: markerWatermark });
    // The crash came after the end, and before the caller noted it.
    if (pass.isEnded) {
      expect(pass.counts.published + pass.counts.unchanged).toBe(dump.length);
      return;
    }
    let at = pass.watermark;
    const sent: number[] = [];
    const confirmSome = async (all: boolean): Promise<void> => {
      const count = all ? consumer.unconfirmed.length : Math.floor(random() * (consumer.unconfirmed.length + 1));
      consumer.confirm(count);
      sent.splice(0, count);
      pass.confirm(sent.length > 0 ? sent[0]! - 1 : at);
      if (random() < 0.3) await pass.commit();
      // The marker is saved at another moment than the store.
      if (random() < 0.3) markerWatermark = sent.length > 0 ? sent[0]! - 1 : at;
      await mayCrash();
    };
    while (at < dump.length) {
      const records = dump.slice(at, at + 1 + Math.floor(random() * 40));
      const before = consumer.expected;
      const { send, sendCount } = await pass.decide(blockOf(records, at + 1));
      await mayCrash();
      expect(send.filter((one) => one === 1).length).toBe(sendCount);
      for (const [index, { id, sha256 }] of records.entries()) {
        const number = ++at;
        if (send[index] === 0) continue;
        if (mode === 'changed' && !hadCrash && id !== 'unknown') expect(before.get(id)).not.toBe(sha256);
        before.set(id, sha256);
        consumer.unconfirmed.push({ id, sha256, number });
        sent.push(number);
      }
      if (consumer.unconfirmed.length > WINDOW || random() < 0.3) await confirmSome(false);
    }
    await confirmSome(true);
    const plan = await pass.endRecords({ maxDeletedPercent: 100 });
    let deletions = 0;
    for await (const batch of pass.deletions()) {
      await mayCrash();
      for (const { id, number, lastSha256 } of batch) {
        deletions++;
        if (!hadCrash) expect(lastSha256).toBe(consumer.expected.get(id));
        consumer.unconfirmed.push({ id, sha256: undefined, number });
        if (random() > 0.2) continue;
        consumer.confirm(consumer.unconfirmed.length);
        pass.confirmDeletions(number);
        if (random() < 0.3) await pass.commit();
        await mayCrash();
      }
      const last = consumer.unconfirmed.at(-1);
      consumer.confirm(consumer.unconfirmed.length);
      if (last !== undefined) pass.confirmDeletions(last.number);
    }
    expect(deletions).toBe(plan.deletions);
    const counts = await pass.end();
    expect(counts.published + counts.unchanged).toBe(dump.length);
    await mayCrash();
  };

  for (let month = 1; month <= months; month++) {
    let mode: PassMode = random() < 0.2 ? 'all' : random() < 0.1 ? 'forced' : 'changed';
    markerWatermark = 0;
    let isReplaced = false;
    for (let attempt = 1; ; attempt++) {
      try {
        await deliver(`${month}.${isReplaced ? attempt : 1}`, mode, attempt < 6);
        break;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      // Sometimes the rest of the month is never delivered, or the dump is replaced, or the mode is another now.
      if (random() < 0.15) {
        isReplaced = true;
        markerWatermark = 0;
        dump = nextDump(dump, random, SIZE);
        break;
      }
      if (random() < 0.3) mode = mode === 'all' ? 'changed' : 'all';
    }
    if (!isReplaced) {
      const content = contentOf(dump);
      if (mode === 'all') {
        for (const [id, sha256] of content) expect([id, consumer.content.get(id)]).toEqual([id, sha256]);
      } else expect(consumer.content).toEqual(content);
      hadCrash = false;
    }
    dump = nextDump(dump, random, SIZE);
  }
  await rm(root, { recursive: true, force: true });
};
