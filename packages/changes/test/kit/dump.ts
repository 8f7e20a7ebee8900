import { createHash } from 'node:crypto';
import type { RecordBlock } from '../../src/index.js';

/** A record of an invented dump. Its hash stands for its content. */
export interface TestRecord {
  readonly id: string;
  readonly sha256: string;
}

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

export const record = (id: string | number, content: string | number): TestRecord => ({
  id: String(id),
  sha256: sha256Of(`${id} ${content}`),
});

/** Records as the parser delivers them; `first` is the number of the first. */
export const blockOf = (records: readonly TestRecord[], first: number): RecordBlock => ({
  firstRecord: first,
  lastRecord: first + records.length - 1,
  count: records.length,
  number: (index) => first + index,
  id: (index) => records[index]!.id,
  sha256: (index) => records[index]!.sha256,
});

/** A dump as it is delivered: records in any order, of which the last with an id stands. */
export type TestDump = readonly TestRecord[];

/** What a consumer has after the dump. */
export const contentOf = (dump: TestDump): Map<string, string> =>
  new Map(dump.filter(({ id }) => id !== 'unknown').map(({ id, sha256 }) => [id, sha256]));

const ODD_IDS = ['007', 'a b', '-1', '1e3', 'ü', '99999999999999999999', '0'];

/** The next month: some records changed, added, removed and repeated, and the order changed. */
export const nextDump = (before: TestDump, random: () => number, size: number): TestDump => {
  const kept = before.filter(() => random() > 0.06).map((one) => (random() < 0.1 ? record(one.id, random()) : one));
  const missing = Math.max(0, size - kept.length);
  for (let added = 0; added < missing; added++) {
    const id = random() < 0.05 ? ODD_IDS[Math.floor(random() * ODD_IDS.length)]! : Math.floor(random() * size * 3);
    kept.splice(Math.floor(random() * (kept.length + 1)), 0, record(id, random() < 0.2 ? 'same' : random()));
  }
  // Of a repeated id, the second is sometimes as the sink had it before.
  for (const one of before) if (random() < 0.02) kept.splice(Math.floor(random() * kept.length), 0, one);
  if (random() < 0.3) kept.push(record('unknown', random()));
  if (random() < 0.5) kept.sort((one, other) => Number(one.id) - Number(other.id));
  return kept;
};
