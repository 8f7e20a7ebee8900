import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DriftReport, type Inventory, parseInventory } from '@discogs-extractor/data-quality/drift';
import { replaceFile } from '@discogs-extractor/internal/durable-file';
import type { DataType } from '../config/data-type.js';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';
import { explainFileErrors } from '../system/file-errors.js';

/** Where a data folder has the inventory of a dump whose format was accepted. */
export const inventoryPath = (root: string, version: string, type: DataType): string =>
  join(root, 'inventory', version, `${type}.json`);

/** Where it keeps what is known of a dump that is being delivered. */
export const partialInventoryPath = (root: string, version: string, type: DataType): string =>
  join(root, 'inventory', version, `${type}.partial.json`);

/** Where it has the report on the format of a dump. */
export const driftReportPath = (root: string, version: string, type: DataType): string =>
  join(root, 'drift', version, `${type}.json`);

/** @throws ExtractorError `INVENTORY_FAILED` */
export const saveInventory = (root: string, version: string, inventory: Inventory): Promise<void> =>
  save(inventoryPath(root, version, inventory.dataType), JSON.stringify({ ...inventory, version }));

/** Inventories of a data type that a data folder keeps: of a year of dumps. */
export const MAX_KEPT_INVENTORIES = 12;

/**
 * Removes the oldest inventories of a data type that are older than a version, with what was kept of dumps as old, until
 * at most {@link MAX_KEPT_INVENTORIES} are left.
 *
 * @throws ExtractorError `INVENTORY_FAILED`
 */
export const pruneInventories = async (root: string, version: string, type: DataType): Promise<void> => {
  const kept = [];
  for (const other of await inventoryVersions(root)) {
    const text = await readIfThere(inventoryPath(root, other, type));
    if (text !== undefined) kept.push(other);
  }
  for (const other of kept.slice(0, -MAX_KEPT_INVENTORIES).filter((each) => each < version)) {
    await remove(inventoryPath(root, other, type));
    await remove(partialInventoryPath(root, other, type));
    await removeEmptyFolder(join(root, 'inventory', other));
  }
};

/** @throws ExtractorError `INVENTORY_FAILED` */
export const saveDriftReport = (root: string, version: string, report: DriftReport): Promise<void> =>
  save(driftReportPath(root, version, report.dataType), JSON.stringify(report, undefined, 2));

/** @throws ExtractorError `INVENTORY_FAILED` */
export const save = (path: string, text: string): Promise<void> =>
  explainFileErrors(
    (cause) => failedError('write', path, cause),
    () => replaceFile(path, `${text}\n`),
  );

const failedError = (verb: string, path: string, cause: Error): ExtractorError =>
  new ExtractorError(
    'INVENTORY_FAILED',
    `Cannot ${verb} ${path}: ${describeError(cause)}. Check the folder's permissions and free space, or set FORMAT_DRIFT=off.`,
    { facts: { path }, cause },
  );

/**
 * The inventory of a version; `undefined` if there is none. Its folder says which version it is of, whatever it says.
 *
 * @throws ExtractorError `INVENTORY_FAILED`, also if it is of another type; DataQualityError `INVALID_INVENTORY`
 */
export const readInventory = async (root: string, version: string, type: DataType): Promise<Inventory | undefined> => {
  const path = inventoryPath(root, version, type);
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const inventory = parseInventory(text, path);
  if (inventory.dataType === type) return { ...inventory, version };
  throw new ExtractorError('INVENTORY_FAILED', `${path} has the inventory of ${inventory.dataType}, and not ${type}`, {
    facts: { path },
  });
};

/** The versions that a data folder has inventories of, oldest first. */
export const inventoryVersions = async (root: string): Promise<string[]> => {
  const path = join(root, 'inventory');
  const names = await explainFileErrors(
    (cause) => failedError('read', path, cause),
    () => readdir(path).catch(unlessMissing<string[]>([])),
  );
  return names.filter((name) => /^\d{8}$/.test(name)).sort();
};

/**
 * The newest inventory that is older than a version. One that cannot be read is reported and passed over: it must not
 * keep the current version from being delivered.
 */
export const findEarlierInventory = async (
  root: string,
  version: string,
  type: DataType,
  onUnreadable: (path: string, error: Error) => void,
): Promise<Inventory | undefined> => {
  const earlier = (await inventoryVersions(root)).filter((other) => other < version);
  for (const other of earlier.reverse()) {
    const found = await readInventory(root, other, type).catch((error: Error) => {
      onUnreadable(inventoryPath(root, other, type), error);
    });
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The report on a version; `undefined` if there is none, or it cannot be read, since it is only shown. */
export const readDriftReport = async (
  root: string,
  version: string,
  type: DataType,
): Promise<DriftReport | undefined> => {
  try {
    const text = await readIfThere(driftReportPath(root, version, type));
    const report = text === undefined ? undefined : (JSON.parse(text) as Partial<DriftReport>);
    return Array.isArray(report?.changes) ? (report as DriftReport) : undefined;
  } catch {
    return undefined;
  }
};

/** The content of a file; `undefined` if there is none. @throws ExtractorError `INVENTORY_FAILED` */
export const readIfThere = (path: string): Promise<string | undefined> =>
  explainFileErrors(
    (cause) => failedError('read', path, cause),
    () => readFile(path, 'utf8').catch(unlessMissing(undefined)),
  );

/** @throws ExtractorError `INVENTORY_FAILED` */
export const remove = (path: string): Promise<void> =>
  explainFileErrors(
    (cause) => failedError('remove', path, cause),
    () => rm(path, { force: true }),
  );

const removeEmptyFolder = (path: string): Promise<void> =>
  explainFileErrors(
    (cause) => failedError('remove', path, cause),
    async () => {
      if ((await readdir(path)).length === 0) await rmdir(path);
    },
  );

const unlessMissing =
  <T>(value: T) =>
  (error: unknown): T => {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
    return value;
  };
