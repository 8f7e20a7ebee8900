import { randomUUID } from 'node:crypto';
import { constants, type FileHandle, open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, replaceFile, syncDirectory } from '@discogs-extractor/internal/durable-file';
import { tryLock } from 'fs-native-extensions';
import * as z from 'zod';
import { DATA_TYPES } from '../config/data-type.js';
import { ExtractorError, errorCodeOf } from '../errors.js';

/** In the output folder: which data folder it belongs to. */
export const OWNER_FILE = '.extractor_output.json';

/** In the data folder: its random id, which stays the same if the folder is moved. */
export const DATA_FOLDER_ID_FILE = '.extractor_id';

/** An output folder that belongs to one data folder. */
export interface OutputFolder {
  /** Its absolute path, without symbolic links. */
  readonly path: string;
  /** Its own random id, which stays the same if the folder is moved, and changes if it is deleted. */
  readonly id: string;
}

const Owner = z.looseObject({ id: z.string().min(1), data_folder: z.string().min(1) });

/**
 * Makes an output folder belong to a data folder, and creates it if it is missing. It stays so when no extractor runs:
 * two data folders would overwrite each other's output.
 *
 * @throws ExtractorError `OUTPUT_CHANGED` if it belongs to another data folder, or has output and no owner;
 *   `OUTPUT_LOCKED` if another extractor claims it at this moment; errors of the file system
 */
export const claimOutputFolder = async (directory: string, dataFolder: string): Promise<OutputFolder> => {
  const dataFolderId = await idOfDataFolder(dataFolder);
  await makeDirectory(directory);
  const path = await realpath(directory);
  const ownerPath = join(path, OWNER_FILE);
  const handle = await open(ownerPath, constants.O_RDWR | constants.O_CREAT, 0o666);
  try {
    if (!tryLock(handle.fd)) {
      throw new ExtractorError(
        'OUTPUT_LOCKED',
        `Another extractor is about to write to ${path}. Stop it first, or choose another folder (--output).`,
        { facts: { path } },
      );
    }
    const text = await handle.readFile('utf8');
    const id = text === '' ? await takePossession(handle, path, dataFolderId) : ownedBy(text, path, dataFolderId);
    return { path, id };
  } finally {
    await handle.close();
  }
};

/** Returns the folder's id. */
const ownedBy = (text: string, path: string, dataFolderId: string): string => {
  const owner = parseOwner(text);
  if (owner?.data_folder === dataFolderId) return owner.id;
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

/** Writes the owner file. Returns the folder's new id. */
const takePossession = async (handle: FileHandle, path: string, dataFolderId: string): Promise<string> => {
  const found = await findOutput(path);
  if (found !== undefined) {
    throw new ExtractorError(
      'OUTPUT_CHANGED',
      `${found} is there already, and ${OWNER_FILE}, which says what data folder it belongs to, is not. ` +
        'Choose another folder (--output), or remove the old output if it is no longer needed.',
      { facts: { path: found } },
    );
  }
  const id = randomUUID();
  await handle.write(`${JSON.stringify({ id, data_folder: dataFolderId })}\n`, 0);
  await handle.sync();
  await syncDirectory(path);
  return id;
};

/** A file with content at a path that the sink writes to. */
const findOutput = async (directory: string): Promise<string | undefined> => {
  for (const version of await readdir(directory)) {
    if (!/^[0-9]{8}$/.test(version)) continue;
    for (const type of DATA_TYPES) {
      const path = join(directory, version, `${type}.ndjson`);
      if ((await sizeOf(path)) > 0) return path;
    }
  }
  return undefined;
};

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT' || errorCodeOf(error) === 'ENOTDIR') return 0;
    throw error;
  }
};

const idOfDataFolder = async (dataFolder: string): Promise<string> => {
  const path = join(dataFolder, DATA_FOLDER_ID_FILE);
  try {
    const id = (await readFile(path, 'utf8')).trim();
    if (id !== '') return id;
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  }
  const id = randomUUID();
  await replaceFile(path, `${id}\n`);
  return id;
};
