import { SampleDumpError } from './errors.js';
import { checkCount, checkSeed } from './options.js';
import { hashSeed, Random } from './random.js';

/** What changes from one month to the next, in percent of the records of a month. */
export interface MonthOptions {
  /** How many months after the first one. 0 is the first month itself. */
  month: number;
  /** Records with another content. @default 3 */
  changedPercent?: number | undefined;
  /** New records, at the end of the dump. @default 1 */
  addedPercent?: number | undefined;
  /** Records that are gone. @default 0.5 */
  removedPercent?: number | undefined;
  /** Records that are gone, with a new one at their place. @default 0 */
  replacedPercent?: number | undefined;
  /** Records that changed places with the next one. @default 0 */
  reorderedPercent?: number | undefined;
}

/** A record in a dump. */
export interface RecordPlace {
  readonly number: number;
  /** 0 for a record as it was at first, else the month in which it changed last. */
  readonly edition: number;
}

/** What happens to a record in a month. */
interface Shares {
  readonly month: number;
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  readonly replaced: number;
  readonly reordered: number;
}

/** The stream of random numbers of months; those of records are below. */
const MONTH_STREAM = 1_000_000;

const share = (name: keyof MonthOptions, value: number): number => {
  if (typeof value === 'number' && value >= 0 && value <= 100) return value / 100;
  throw new SampleDumpError('INVALID_OPTIONS', `months.${name} must be a number from 0 to 100, got ${value}`, {
    facts: { option: `months.${name}` },
  });
};

/** A dump may grow to twice its size: until then, the numbers of new records are different in all months. */
const checkMonth = ({ month, addedPercent = 1 }: MonthOptions): number => {
  const checked = checkCount('months.month', month, 0) ?? 0;
  if (checked * addedPercent <= 100) return checked;
  const message = `months.month must be small enough for a dump of at most twice the size, got ${checked} with ${addedPercent} percent more each`;
  throw new SampleDumpError('INVALID_OPTIONS', message, { facts: { option: 'months.month' } });
};

export const checkMonths = (months: MonthOptions): Shares => {
  const shares = {
    month: checkMonth(months),
    changed: share('changedPercent', months.changedPercent ?? 3),
    added: share('addedPercent', months.addedPercent ?? 1),
    removed: share('removedPercent', months.removedPercent ?? 0.5),
    replaced: share('replacedPercent', months.replacedPercent ?? 0),
    reordered: share('reorderedPercent', months.reorderedPercent ?? 0),
  };
  if (shares.removed + shares.replaced + shares.changed > 1) {
    throw new SampleDumpError('INVALID_OPTIONS', 'changed, removed and replaced records must be at most 100 percent', {
      facts: { option: 'months' },
    });
  }
  return shares;
};

/**
 * The records of a dump in their order: numbers 1 to `records` in the first month, which each month changes. What
 * happens to a record depends only on the seed, the month and the record's number, so nothing is held in memory.
 */
export function* placesOf(
  seed: string | number,
  months: MonthOptions | undefined,
  records: number,
): Generator<RecordPlace, void, undefined> {
  if (months === undefined) {
    for (let number = 1; number <= records; number++) yield { number, edition: 0 };
    return;
  }
  const shares = checkMonths(months);
  if (shares.month > 0 && !Number.isSafeInteger(records)) {
    throw new SampleDumpError('INVALID_OPTIONS', 'months needs the number of records', {
      facts: { option: 'records' },
    });
  }
  yield* placesOfMonth(shares, hashSeed(checkSeed(seed)), shares.month, records);
}

function* placesOfMonth(
  shares: Shares,
  seed: number,
  month: number,
  records: number,
): Generator<RecordPlace, void, undefined> {
  if (month === 0) {
    for (let number = 1; number <= records; number++) yield { number, edition: 0 };
    return;
  }
  const random = new Random();
  const { changed, added, removed, replaced, reordered } = shares;
  const firstNew = firstNewNumber(month, records);
  let replacements = 0;
  let waiting: RecordPlace | undefined;
  for (const place of placesOfMonth(shares, seed, month - 1, records)) {
    random.start(seed, MONTH_STREAM + month, place.number);
    const fate = random.fraction();
    const isReordered = random.chance(reordered);
    let next = place;
    if (fate < removed) continue;
    if (fate < removed + replaced) next = { number: firstNew + replacements++, edition: 0 };
    else if (fate < removed + replaced + changed) next = { number: place.number, edition: month };
    if (waiting !== undefined) {
      yield next;
      yield waiting;
      waiting = undefined;
    } else if (isReordered) waiting = next;
    else yield next;
  }
  if (waiting !== undefined) yield waiting;
  const newRecords = Math.round(records * added);
  for (let at = 0; at < newRecords; at++) yield { number: firstNew + MAX_NEW_FACTOR * records + at, edition: 0 };
}

/** Most new records of a month that replace others, and most that are added, in multiples of the first month's records. */
const MAX_NEW_FACTOR = 2;

/** Each month has numbers of its own for new records: for those that replace others, then for those at the end. */
const firstNewNumber = (month: number, records: number): number =>
  1 + records + (month - 1) * 2 * MAX_NEW_FACTOR * records;
