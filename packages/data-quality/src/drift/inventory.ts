import { DATA_TYPES, type DataType } from '../data-type.js';
import { DataQualityError } from '../errors.js';

/** A record that shows something. */
export interface RecordReference {
  /** The record's number in its dump, counted from 1. */
  readonly number: number;
  readonly id: string;
}

/** How often something occurs, and the first record with it. */
export interface Occurrences {
  /** Elements or attributes, not records. */
  readonly count: number;
  readonly first: RecordReference;
}

/** What an element or attribute can hold. */
export type ValueKind = 'text' | 'children' | 'empty';

/** All of them, in the order in which they are shown. */
export const VALUE_KINDS: readonly ValueKind[] = ['text', 'children', 'empty'];

/** What a dump has at one path. */
export interface PathInventory {
  /** Records that have it. */
  readonly records: number;
  /** Elements or attributes in all. */
  readonly occurrences: number;
  /** Maximum number of occurrences in one parent element; 1 for an attribute. */
  readonly maxRepeats: number;
  readonly first: RecordReference;
  /** The first record in which it repeats; absent if there is none. */
  readonly firstRepeated?: RecordReference | undefined;
  /** Those that hold text other than white space; absent if there is none. So are the following. */
  readonly text?: Occurrences | undefined;
  /** Those that hold child elements. */
  readonly children?: Occurrences | undefined;
  /** Those that hold neither; they may have attributes. */
  readonly empty?: Occurrences | undefined;
}

/**
 * The element paths and attributes that occur in a dump of one type, as the parser counts them (`onInventory`,
 * `addInventory`). It is plain JSON. A path is the names from the record on, such as `release/labels/label/@catno`.
 */
export interface Inventory {
  /** Version of the dump, `YYYYMMDD`. @default unknown */
  readonly version?: string | undefined;
  readonly dataType: DataType;
  /** Records that were looked at. */
  readonly records: number;
  readonly paths: Readonly<Record<string, PathInventory>>;
  /** Occurrences of paths that are not listed, because there were too many paths. @default 0 */
  readonly uncounted?: number | undefined;
}

/**
 * Reads an inventory from its JSON.
 *
 * @param source - what the text is, for the error
 * @throws {@link DataQualityError} `INVALID_INVENTORY`
 */
export const parseInventory = (text: string, source = 'The text'): Inventory => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(source, `it is not JSON (${(cause as Error).message})`, cause);
  }
  if (!isObject(value)) throw invalid(source, 'it is not an object');
  const { version, dataType, records, paths, uncounted = 0 } = value;
  if (version !== undefined && !/^\d{8}$/.test(String(version))) throw invalid(source, 'version is not YYYYMMDD');
  if (!DATA_TYPES.some((type) => type === dataType)) throw invalid(source, 'dataType is missing or unknown');
  if (!isCount(records)) throw invalid(source, 'records is not a count');
  if (!isCount(uncounted)) throw invalid(source, 'uncounted is not a count');
  if (!isObject(paths)) throw invalid(source, 'paths is not an object');
  const incomplete = Object.entries(paths).find(([, entry]) => !isPathInventory(entry));
  if (incomplete !== undefined) throw invalid(source, `the entry of ${incomplete[0]} is incomplete`);
  return value as unknown as Inventory;
};

type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isReference = (value: unknown): boolean =>
  isObject(value) && isCount(value['number']) && typeof value['id'] === 'string';

const isPathInventory = (value: unknown): boolean =>
  isObject(value) &&
  ['records', 'occurrences', 'maxRepeats'].every((name) => isCount(value[name])) &&
  isReference(value['first']) &&
  (value['firstRepeated'] === undefined || isReference(value['firstRepeated'])) &&
  VALUE_KINDS.every((kind) => value[kind] === undefined || isOccurrences(value[kind]));

const isOccurrences = (value: unknown): boolean =>
  isObject(value) && isCount(value['count']) && isReference(value['first']);

const invalid = (source: string, fault: string, cause?: unknown): DataQualityError =>
  new DataQualityError('INVALID_INVENTORY', `${source} is not an inventory: ${fault}`, { cause });
