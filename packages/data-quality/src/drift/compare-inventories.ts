import { DataQualityError } from '../errors.js';
import { checks } from '../option-checks.js';
import {
  absencesOf,
  type DriftChange,
  type DriftChangeType,
  exampleOf,
  factsOf,
  type PathTrait,
  parentOccurrences,
  parentOf,
  traitsOf,
  withPathsBelow,
} from './drift-change.js';
import { fitEra } from './fit-era.js';
import { type Inventory, type PathInventory, VALUE_KINDS } from './inventory.js';
import { erasOf, type FormatEra, formatPathOf, type KnownPath } from './known-format.js';
import { isDifferent, isExpectedAmong, type Share, shareOf } from './statistics.js';

export interface ComparisonOptions {
  /** The rows of the type in all years: then what is known is told from what is not. @default nothing is known */
  readonly format?: readonly KnownPath[] | undefined;
  /**
   * A share that moves by more percentage points is a change. Half a point is added for each month between the two
   * versions, since records gain content over the years.
   * @default 5
   */
  readonly maxShareMove?: number | undefined;
}

const KNOWN: Readonly<Record<keyof ComparisonOptions, true>> = { format: true, maxShareMove: true };

const DEFAULT_MAX_SHARE_MOVE = 5;

const MOVE_PER_MONTH = 0.5;

/** Shares among fewer records are not compared: they may be special ones. */
const MIN_RECORDS = 1000;

/**
 * The differences between two dumps of a type, in the order of their paths.
 *
 * Small dumps differ by chance, so a path counts as gone only if the later dump is large enough to have it, with its
 * share in the earlier one. A path that the known format has in the time of both dumps, and that is in the later one
 * only, counts as new by the same rule; one that is unknown at the time of the earlier dump always does. What a path
 * holds is compared in the same way. A change that the format knows of counts in any case, and has `knownSince`.
 *
 * @throws {@link DataQualityError} `INVALID_OPTIONS`
 */
export const compareInventories = (
  before: Inventory,
  after: Inventory,
  options: ComparisonOptions = {},
): DriftChange[] => {
  const { format, maxShareMove = DEFAULT_MAX_SHARE_MOVE } = checks.object('', options, KNOWN);
  checks.finiteNumber('maxShareMove', maxShareMove, { min: 0, max: 100 });
  if (before.dataType !== after.dataType) {
    const types = `${before.dataType} and ${after.dataType}`;
    throw new DataQualityError('INVALID_OPTIONS', `Inventories of two types cannot be compared: ${types}`);
  }
  const eras = format && erasOf(format);
  const compare = (one: 'oldest' | 'newest', other: 'oldest' | 'newest'): DriftChange[] =>
    new Comparison(
      before,
      after,
      eras && { before: fitEra(before, eras, one), after: fitEra(after, eras, other) },
      maxShareMove,
    ).changes();
  // If several eras fit, those that explain most. Without versions, `before` can be the later dump.
  const changes = compare('oldest', 'newest');
  if (countUnknown(changes) === 0 || (before.version !== undefined && after.version !== undefined)) return changes;
  const reversed = compare('newest', 'oldest');
  return countUnknown(reversed) < countUnknown(changes) ? reversed : changes;
};

const countUnknown = (changes: readonly DriftChange[]): number =>
  changes.filter(({ knownSince }) => knownSince === undefined).length;

interface ErasOfBoth {
  readonly before: FormatEra;
  readonly after: FormatEra;
}

/** What the format says of a path at the time of each dump; `undefined` without a format. */
interface KnownRows {
  readonly before: KnownPath | undefined;
  readonly after: KnownPath | undefined;
}

class Comparison {
  readonly #before: Inventory;
  readonly #after: Inventory;
  /** Without a format: none. */
  readonly #eras: ErasOfBoth | undefined;
  readonly #maxShareMove: number;

  constructor(before: Inventory, after: Inventory, eras: ErasOfBoth | undefined, maxShareMove: number) {
    this.#before = before;
    this.#after = after;
    const months = monthsBetween(before.version, after.version);
    this.#maxShareMove = maxShareMove + MOVE_PER_MONTH * months;
    this.#eras = eras;
  }

  changes(): DriftChange[] {
    if (this.#before.records === 0 || this.#after.records === 0) return [];
    const paths = new Set([...Object.keys(this.#before.paths), ...Object.keys(this.#after.paths)]);
    const changes = new Map<string, DriftChange>();
    for (const path of [...paths].sort()) {
      const change = this.#changeOf(path, changes.get(parentOf(path))?.type);
      if (change !== undefined) changes.set(path, change);
    }
    return withPathsBelow([...changes.values()]);
  }

  /** @param parentType - how its parent has changed: what is in an element comes and goes with it */
  #changeOf(path: string, parentType: DriftChangeType | undefined): DriftChange | undefined {
    const before = this.#before.paths[path];
    const after = this.#after.paths[path];
    const rows = this.#rowsOf(path);
    if (after === undefined) return this.#goneOf(path, rows, parentType === 'gone');
    if (before === undefined) return this.#newOf(path, after, rows, parentType === 'new');
    return this.#kindOf(path, after, rows) ?? this.#shareOf(path, before, after);
  }

  #goneOf(path: string, rows: KnownRows | undefined, isParentGone: boolean): DriftChange | undefined {
    const isKnown = rows?.before !== undefined && rows.after === undefined;
    if (!isKnown && !isParentGone && !isPresenceExpected(path, this.#before, this.#after)) return undefined;
    const before = this.#before.paths[path]!;
    // What is left of a path that is not written any more where it is empty, may be absent by chance.
    const isOmitted = !isExpectedAmong(
      { count: before.occurrences - (before.empty?.count ?? 0), of: parentOccurrences(this.#before, path) },
      parentOccurrences(this.#after, path),
    );
    const knownSince = isKnown ? this.#boundary(rows.before!) : isOmitted ? this.#omittedSince(rows) : undefined;
    return this.#change('gone', path, { knownSince, example: before.first });
  }

  #newOf(
    path: string,
    after: PathInventory,
    rows: KnownRows | undefined,
    isParentNew: boolean,
  ): DriftChange | undefined {
    const isPossibleBefore = rows === undefined ? !isComparable(this.#before, this.#after) : rows.before !== undefined;
    if (isPossibleBefore && !isParentNew && !isPresenceExpected(path, this.#after, this.#before)) return undefined;
    const isKnown = rows?.after !== undefined && rows.before === undefined;
    const knownSince = isKnown ? this.#boundary(rows.after!) : undefined;
    return this.#change('new', path, { knownSince, example: after.first });
  }

  #kindOf(path: string, after: PathInventory, rows: KnownRows | undefined): DriftChange | undefined {
    const traits = [traitsOf(this.#before, path), traitsOf(this.#after, path)] as const;
    const appeared = traits[1].filter((trait) => !traits[0].includes(trait));
    const vanished = traits[0].filter((trait) => !traits[1].includes(trait));
    const isKnown = rows?.before !== undefined || rows?.after !== undefined;
    const allowed = isKnown ? { before: traitsAllowedBy(rows.before), after: traitsAllowedBy(rows.after) } : undefined;
    const omittedSince = this.#omittedSince(rows);
    const isOtherForm = (trait: PathTrait): boolean =>
      allowed !== undefined && allowed.before(trait) !== allowed.after(trait);
    const isKnownChange = (trait: PathTrait): boolean =>
      isOtherForm(trait) || (omittedSince !== undefined && (trait === 'empty' || trait === 'absent'));
    // Of a path that need not be there, it is a matter of shares.
    const isTooFew = (trait: PathTrait): boolean =>
      trait === 'absent' &&
      allowed?.before(trait) === true &&
      [this.#before, this.#after].some((inventory) => recordsWithParent(inventory, path) < MIN_RECORDS);
    const known = [...appeared, ...vanished].filter(isKnownChange);
    const found = [
      ...appeared.filter((trait) => {
        if (known.includes(trait)) return true;
        const isPossible = allowed === undefined ? !isComparable(this.#before, this.#after) : allowed.before(trait);
        return !isPossible || (!isTooFew(trait) && isTraitExpected(trait, path, this.#after, this.#before));
      }),
      ...vanished.filter((trait) => {
        if (known.includes(trait)) return true;
        return !isTooFew(trait) && isTraitExpected(trait, path, this.#before, this.#after);
      }),
    ];
    if (found.length === 0) return undefined;
    const knownSince = found.every(isOtherForm)
      ? this.#boundary(rows!.after ?? rows!.before!)
      : found.every(isKnownChange)
        ? omittedSince
        : undefined;
    const example = exampleOf(
      after,
      found.filter((trait) => traits[1].includes(trait)),
    );
    return this.#change('kind', path, { knownSince, example });
  }

  #shareOf(path: string, before: PathInventory, after: PathInventory): DriftChange | undefined {
    const shares = [filledOf(this.#before, path, before, after), filledOf(this.#after, path, after, before)] as const;
    if (shares.some(({ of }) => of < MIN_RECORDS) || !isDifferent(...shares)) return undefined;
    const [one, other] = [shareOf(shares[0]), shareOf(shares[1])];
    if (100 * Math.abs(one - other) <= this.#maxShareMove) return undefined;
    const change = this.#change('share', path, { knownSince: undefined, example: after.first });
    return { ...change, before: { ...change.before!, filled: one }, after: { ...change.after!, filled: other } };
  }

  #rowsOf(path: string): KnownRows | undefined {
    const known = formatPathOf(path);
    return this.#eras && { before: this.#eras.before.paths.get(known), after: this.#eras.after.paths.get(known) };
  }

  /** Since when the path is left out if it is empty, if that is between the two dumps. */
  #omittedSince(rows: KnownRows | undefined): string | undefined {
    const omittedSince = rows?.after?.omittedSince ?? rows?.before?.omittedSince;
    if (omittedSince === undefined) return undefined;
    const { before, after } = this.#eras!;
    return before.since < omittedSince === after.since < omittedSince ? undefined : omittedSince;
  }

  /** When a row began or ended to hold, between the two dumps. */
  #boundary({ since = '', until = '' }: KnownPath): string {
    const times = [this.#eras!.before.since, this.#eras!.after.since].sort();
    return [since, until].find((time) => time > times[0]! && time <= times[1]!) ?? times[1]!;
  }

  #change(type: DriftChangeType, path: string, rest: Pick<DriftChange, 'knownSince' | 'example'>): DriftChange {
    return { type, path, below: [], before: factsOf(this.#before, path), after: factsOf(this.#after, path), ...rest };
  }
}

/** Whether a dump has enough records to have what another one has. */
const isComparable = (one: Inventory, other: Inventory): boolean => one.records >= other.records / 2;

const recordsWithParent = ({ records, paths }: Inventory, path: string): number => {
  const parent = parentOf(path);
  return parent === '' ? records : (paths[parent]?.records ?? 0);
};

/**
 * A share of occurrences as one of records. Occurrences in one record tend to be alike (all tracks of a release have a
 * duration, or none has), so they are not cases of their own.
 */
const amongRecords = ({ count, of }: Share, records: number): Share =>
  of <= records ? { count, of } : { count: (count / of) * records, of: records };

/** Whether a path that is in one dump would be in another too, if it were as frequent there. */
const isPresenceExpected = (path: string, there: Inventory, here: Inventory): boolean => {
  return isExpectedAmong(
    { count: there.paths[path]!.records, of: recordsWithParent(there, path) },
    recordsWithParent(here, path),
  );
};

/** Whether a trait of a path in one dump would be in another too. */
const isTraitExpected = (trait: PathTrait, path: string, there: Inventory, here: Inventory): boolean => {
  const entry = there.paths[path]!;
  const parents = parentOccurrences(there, path);
  const isExpected = (share: Share, cases: number): boolean =>
    isExpectedAmong(
      amongRecords(share, recordsWithParent(there, path)),
      Math.min(cases, recordsWithParent(here, path)),
    );
  if (trait === 'absent') {
    return isExpected({ count: absencesOf(there, path), of: parents }, parentOccurrences(here, path));
  }
  if (trait === 'repeated') {
    // The fewest parent elements in which it can repeat: all others have it once, and these as often as any has it.
    const count = Math.max(0, entry.occurrences - parents) / (entry.maxRepeats - 1);
    return isExpected({ count, of: parents }, parentOccurrences(here, path));
  }
  return isExpected({ count: entry[trait]!.count, of: entry.occurrences }, here.paths[path]!.occurrences);
};

/** Records in which an element that holds elements could have the path, as far as it is known. */
const recordsWithPlace = (inventory: Inventory, path: string): number => {
  const parent = inventory.paths[parentOf(path)];
  if (parent === undefined) return inventory.records;
  return parent.occurrences === parent.records ? parentOccurrences(inventory, path) : parent.records;
};

/** The parent elements in which a path has content. */
const filledOf = (inventory: Inventory, path: string, entry: PathInventory, other: PathInventory): Share => {
  // How many parent elements have one that repeats is not known, but how many records have it.
  if (entry.maxRepeats > 1 || other.maxRepeats > 1) {
    return { count: entry.records, of: recordsWithPlace(inventory, path) };
  }
  const kinds = VALUE_KINDS.filter((kind) => kind !== 'empty' && (entry[kind] ?? other[kind]) !== undefined);
  // One with attributes alone counts as empty, but says something.
  const count = kinds.length === 0 ? entry.occurrences : Math.max(...kinds.map((kind) => entry[kind]?.count ?? 0));
  return amongRecords({ count, of: parentOccurrences(inventory, path) }, recordsWithParent(inventory, path));
};

const traitsAllowedBy =
  (row: KnownPath | undefined) =>
  (trait: PathTrait): boolean => {
    if (row === undefined) return false;
    if (trait === 'repeated') return row.repeats;
    return trait === 'absent' ? row.required !== true : row.holds.includes(trait);
  };

/** Months between two versions; 0 if one is unknown. */
const monthsBetween = (one: string | undefined, other: string | undefined): number => {
  if (one === undefined || other === undefined) return 0;
  const [from, to] = [one, other].map((version) => 12 * Number(version.slice(0, 4)) + Number(version.slice(4, 6)));
  return Math.abs(to! - from!);
};
