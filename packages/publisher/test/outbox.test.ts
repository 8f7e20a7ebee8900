import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Outbox, type OutboxEntry } from '../src/window/outbox.js';
import { TagTable } from '../src/wire/tag-table.js';

const body = Buffer.from('1234567890');

describe('the outbox', () => {
  it('moves the watermark only past a contiguous run of settled messages', () => {
    const outbox = new Outbox();
    const [one, two, three] = ['a', 'b', 'c'].map((id) => outbox.add('k', id, body)) as [
      OutboxEntry,
      OutboxEntry,
      OutboxEntry,
    ];
    outbox.settle(two);
    expect(outbox).toMatchObject({ published: 3, confirmed: 0, settled: 1, unsettled: 2, bytes: 30 });
    outbox.settle(one);
    expect(outbox).toMatchObject({ confirmed: 2, settled: 2, bytes: 10 });
    expect([...outbox.unsettledEntries()]).toEqual([three]);
    outbox.settle(three);
    expect(outbox).toMatchObject({ confirmed: 3, unsettled: 0, bytes: 0 });
  });

  it('agrees with a plain set in whatever order messages are settled, and grows', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 4_000 }), (steps) => {
        const outbox = new Outbox();
        const open = new Map<number, OutboxEntry>();
        const settled = new Set<number>();
        for (const step of steps) {
          // Even steps settle an open message; odd steps, and all steps of an empty outbox, add messages.
          const target = step % 2 === 0 ? [...open.keys()][step % Math.max(1, open.size)] : undefined;
          if (target === undefined) {
            for (let n = 0; n < step % 200; n++) {
              const entry = outbox.add('k', undefined, body);
              open.set(entry.sequence, entry);
            }
          } else {
            outbox.settle(open.get(target) as OutboxEntry);
            open.delete(target);
            settled.add(target);
          }
          let watermark = 0;
          while (settled.has(watermark + 1)) watermark++;
          if (outbox.confirmed !== watermark || outbox.unsettled !== open.size) return false;
        }
        return [...outbox.unsettledEntries()].every(
          (it, i) => it.sequence === [...open.keys()].sort((a, b) => a - b)[i],
        );
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});

describe('the delivery tags of a channel', () => {
  it('agree with a plain map for single and multiple confirms in any order', () => {
    const operation = fc.record({ adds: fc.nat(300), pick: fc.nat(), multiple: fc.boolean() });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const tags = new TagTable();
        const model = new Map<number, OutboxEntry>();
        const outbox = new Outbox();
        for (const { adds, pick, multiple } of operations) {
          for (let n = 0; n < adds; n++) {
            const entry = outbox.add('k', undefined, body);
            tags.add(entry);
            model.set(tags.last, entry);
          }
          const outstanding = [...model.keys()];
          if (outstanding.length === 0) continue;
          const tag = outstanding[pick % outstanding.length] as number;
          const expected = multiple ? outstanding.filter((it) => it <= tag) : [tag];
          const taken: [number, OutboxEntry][] = [];
          tags.take(tag, multiple, (entry, each) => taken.push([each, entry]));
          expect(taken).toEqual(expected.map((it) => [it, model.get(it)]));
          for (const it of expected) model.delete(it);
          expect(tags.outstanding).toBe(model.size);
          expect(tags.find(() => true)).toBe(model.values().next().value);
        }
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('ignore a confirm of what is not outstanding', () => {
    const tags = new TagTable();
    const visited: number[] = [];
    tags.add(new Outbox().add('k', undefined, body));
    tags.take(1, false, (_, tag) => visited.push(tag));
    tags.take(1, false, (_, tag) => visited.push(tag));
    tags.take(9, true, (_, tag) => visited.push(tag));
    expect(visited).toEqual([1]);
  });
});
