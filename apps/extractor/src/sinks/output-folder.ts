import { randomUUID } from 'node:crypto';
import { constants, open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sleep } from '@discogs-extractor/internal/abort';
import { makeDirectory, replaceFile, syncDirectory } from '@discogs-extractor/internal/durable-file';
import * as z from 'zod';
import { DATA_TYPES } from '../config/data-type.js';
import { ExtractorError, errorCodeOf } from '../errors.js';
import {
  checkIntervalOf,
  checkLock,
  LOCK_SYSTEM,
  type LockSystem,
  requestLock,
  SETTLING_CHECKS,
} from '../system/lock-check.js';

/** In the output folder: which data folder it belongs to. */
export const OWNER_FILE = '.extractor_output.json';

/** In the data folder: its random id, which stays the same if the folder is moved. */
export const DATA_FOLDER_ID_FILE = '.extractor_id';

/** An output folder as it is now. */
export interface OutputFolder {
  /** Its absolute path, without symbolic links if it is there. */
  readonly path: string;
  /**
   * Its own random id, which stays the same if the folder is moved, and changes if it is deleted; `undefined` if it
   * belongs to no data folder yet.
   */
  readonly id: string | undefined;
}

const Owner = z.looseObject({ id: z.string().min(1), data_folder: z.string().min(1) });

/**
 * Finds out whether a data folder may use an output folder. Changes nothing.
 *
 * @throws ExtractorError `OUTPUT_CHANGED` if it belongs to another data folder, or has output and no owner; errors of
 *   the file system
 */
export const inspectOutputFolder = async (directory: string, dataFolder: string): Promise<OutputFolder> => {
  const path = (await ignoreAbsence(() => realpath(directory))) ?? resolve(directory);
  const text = (await ignoreAbsence(() => readFile(join(path, OWNER_FILE), 'utf8'))) ?? '';
  if (text !== '') return { path, id: ownedBy(text, path, await idOf(dataFolder)) };
  await assertEmpty(path);
  return { path, id: undefined };
};

/** How the lock is requested with which an output folder is claimed. */
export interface ClaimOptions {
  /**
   * Accepts a lock that other machines do not see, because the operator makes sure that none of them uses the folder.
   *
   * @default false
   */
  readonly allowLocalLock?: boolean | undefined;
  /** @default the operating system */
  readonly system?: LockSystem | undefined;
}

/**
 * Makes an output folder belong to a data folder, and creates it if it is missing. It stays so when no extractor runs:
 * two data folders would overwrite each other's output.
 *
 * @param id - its id, if it belongs to no data folder yet
 * @throws as {@link inspectOutputFolder}, and ExtractorError `OUTPUT_LOCKED` if another extractor claims it at this
 *   moment, `LOCK_UNRELIABLE` if locks on this file system do not keep other extractors out
 */
export const claimOutputFolder = async (
  directory: string,
  dataFolder: string,
  id: string,
  { allowLocalLock, system = LOCK_SYSTEM }: ClaimOptions = {},
): Promise<void> => {
  await makeDirectory(directory);
  const path = await realpath(directory);
  const ownerPath = join(path, OWNER_FILE);
  const handle = await open(ownerPath, constants.O_RDWR | constants.O_CREAT, 0o666);
  const folder = { name: `The output folder ${path}`, directory: path, path: ownerPath, handle, system };
  try {
    if (!requestLock(folder)) {
      throw new ExtractorError(
        'OUTPUT_LOCKED',
        `Another extractor is about to write to ${path}. Stop it first, or choose another folder (--output).`,
        { facts: { path } },
      );
    }
    const { scope } = await checkLock(folder, allowLocalLock);
    const text = await handle.readFile('utf8');
    if (text !== '') {
      ownedBy(text, path, await idOf(dataFolder));
      return;
    }
    await assertEmpty(path);
    const owner = { id, data_folder: (await idOf(dataFolder)) ?? (await createId(dataFolder)) };
    await handle.write(`${JSON.stringify(owner)}\n`, 0);
    await handle.sync();
    await syncDirectory(path);
    if (scope !== 'everywhere') {
      // One of another machine that claims the folder at this moment may have been granted the lock as well.
      await sleep(SETTLING_CHECKS * checkIntervalOf(system), undefined);
      ownedBy(await readFile(ownerPath, 'utf8'), path, owner.data_folder);
    }
  } finally {
    await handle.close();
  }
};

/** Returns the folder's id. */
const ownedBy = (text: string, path: string, dataFolderId: string | undefined): string => {
  const owner = parseOwner(text);
  if (owner && owner.data_folder === dataFolderId) return owner.id;
  throw new ExtractorError(
    'OUTPUT_CHANGED',
    `The output folder ${path} belongs to another data folder` +
      `${owner ? '' : `, or its ${OWNER_FILE} is damaged`}. Choose another folder (--output), use the DISCOGS_ROOT that ` +
      `it belongs to, or remove the folder if its content is no longer needed.`,
    { facts: { path } },
  );
};

const parseOwner = (text: string): z.infer<typeof Owner> | undefined => {
  try {
    return Owner.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/** An output without an owner may be that of another program, or of a data folder that was deleted. */
const assertEmpty = async (path: string): Promise<void> => {
  const found = await findOutput(path);
  if (found === undefined) return;
  throw new ExtractorError(
    'OUTPUT_CHANGED',
    `${found} is there already, but not ${OWNER_FILE}, which says what data folder it belongs to. Restore that file ` +
      'together with the output, choose another folder (--output), or remove the output if it is no longer needed.',
    { facts: { path: found } },
  );
};

/** A file with content at a path that the sink writes to. */
const findOutput = async (directory: string): Promise<string | undefined> => {
  for (const version of (await ignoreAbsence(() => readdir(directory))) ?? []) {
    if (!/^[0-9]{8}$/.test(version)) continue;
    for (const type of DATA_TYPES) {
      const path = join(directory, version, `${type}.ndjson`);
      const { size } = (await ignoreAbsence(() => stat(path), 'ENOTDIR')) ?? { size: 0 };
      if (size > 0) return path;
    }
  }
  return undefined;
};

const ignoreAbsence = async <T>(read: () => Promise<T>, other?: string): Promise<T | undefined> => {
  try {
    return await read();
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT' || (code !== undefined && code === other)) return undefined;
    throw error;
  }
};

/** The id of a data folder, if it has one. */
const idOf = async (dataFolder: string): Promise<string | undefined> => {
  const text = await ignoreAbsence(() => readFile(join(dataFolder, DATA_FOLDER_ID_FILE), 'utf8'));
  return text?.trim() || undefined;
};

const createId = async (dataFolder: string): Promise<string> => {
  const id = randomUUID();
  await replaceFile(join(dataFolder, DATA_FOLDER_ID_FILE), `${id}\n`);
  return id;
};
