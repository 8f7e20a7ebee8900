import type { Inventory, PathInventory, RecordReference, ValueKind } from './inventory.js';
import { VALUE_KINDS } from './inventory.js';

/**
 * - `new`: the path was not there before.
 * - `gone`: it is not there any more.
 * - `kind`: it holds something else, repeats or does not, or is absent from some parent elements.
 * - `share`: it has content in more or fewer of its parent elements.
 */
export type DriftChangeType = 'new' | 'gone' | 'kind' | 'share';

export const DRIFT_CHANGE_TYPES: readonly DriftChangeType[] = ['new', 'gone', 'kind', 'share'];

/** What is true of some occurrences of a path: `absent` of those of its parent element. */
export type PathTrait = ValueKind | 'repeated' | 'absent';

/** A path in one dump. */
export interface PathFacts {
  readonly records: number;
  /** Share of the dump's records that have it, from 0 to 1. */
  readonly share: number;
  readonly traits: readonly PathTrait[];
  /** Maximum number of occurrences in one parent element. */
  readonly maxRepeats: number;
  /** Of a change of type `share`: the share of the parent elements in which it has content. */
  readonly filled?: number | undefined;
}

/** One difference between two dumps, or between a dump and what is known of the format. */
export interface DriftChange {
  readonly type: DriftChangeType;
  readonly path: string;
  /** Paths below it that are new or gone with it. */
  readonly below: readonly string[];
  /** Absent if it is new, and if the dump was compared with the known format. */
  readonly before?: PathFacts | undefined;
  /** Absent if it is gone. */
  readonly after?: PathFacts | undefined;
  /** When Discogs made this change, such as `2024-12`, if it is a known one. */
  readonly knownSince?: string | undefined;
  /** A record that shows it: of the later dump, or of the earlier one if the path is gone. */
  readonly example?: RecordReference | undefined;
}

/** The path of an element's or attribute's parent; empty for a record. */
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** How many elements a path could be in: an attribute in any, an element in those that hold elements. */
export const parentOccurrences = (inventory: Inventory, path: string): number => {
  const parent = parentOf(path);
  if (parent === '') return inventory.records;
  const entry = inventory.paths[parent];
  const isAttribute = path.startsWith('@', parent.length + 1);
  return (isAttribute ? entry?.occurrences : entry?.children?.count) ?? 0;
};

/** How many parent elements lack a path. Of one that repeats, only whether records lack it is known. */
export const absencesOf = (inventory: Inventory, path: string): number => {
  const { occurrences = 0, maxRepeats = 1 } = inventory.paths[path] ?? {};
  return maxRepeats > 1 ? 0 : parentOccurrences(inventory, path) - occurrences;
};

export const traitsOf = (inventory: Inventory, path: string): PathTrait[] => {
  const entry = inventory.paths[path];
  if (entry === undefined) return [];
  return [
    ...VALUE_KINDS.filter((kind) => entry[kind] !== undefined),
    ...(entry.maxRepeats > 1 ? (['repeated'] as const) : []),
    ...(absencesOf(inventory, path) > 0 ? (['absent'] as const) : []),
  ];
};

export const factsOf = (inventory: Inventory, path: string): PathFacts | undefined => {
  const entry: PathInventory | undefined = inventory.paths[path];
  if (entry === undefined) return undefined;
  const { records, maxRepeats } = entry;
  return { records, share: records / inventory.records, traits: traitsOf(inventory, path), maxRepeats };
};

/** The first record with a trait. */
export const exampleOf = (
  entry: PathInventory | undefined,
  traits: readonly PathTrait[],
): RecordReference | undefined => {
  for (const trait of traits) {
    if (trait === 'absent') continue;
    const first = trait === 'repeated' ? entry?.firstRepeated : entry?.[trait]?.first;
    if (first !== undefined) return first;
  }
  return entry?.first;
};

/** Attaches the paths below a new or gone path to it. `changes` are in the order of their paths. */
export const withPathsBelow = (changes: readonly DriftChange[]): DriftChange[] => {
  const tops: (Omit<DriftChange, 'below'> & { below: string[] })[] = [];
  for (const change of changes) {
    const top = tops.find(({ type, path }) => type === change.type && change.path.startsWith(`${path}/`));
    if (top !== undefined && (change.type === 'new' || change.type === 'gone')) top.below.push(change.path);
    else tops.push({ ...change, below: [...change.below] });
  }
  return tops;
};
