import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, syncDirectory } from '@discogs-extractor/internal/durable-file';
import { describeError, errorCodeOf } from '../errors.js';
import type { Logger } from '../report/logger.js';

/** In the data folder while a forced run is wanted. */
export const FORCED_RUN_FILE = '.force_reprocess';

/** A forced run that was accepted stays wanted until its state marker is on the disk, also if the process is killed. */
export interface ForcedRunRequest {
  /** Whether a forced run was accepted, and none has saved its marker since. */
  isPending(): Promise<boolean>;
  /** Resolves when the request is on the disk. If it cannot be written, that is logged: it ends with the process. */
  keep(): Promise<void>;
  /** Call it when the marker of a forced run is on the disk. If the request cannot be deleted, that is logged. */
  discard(): Promise<void>;
}

export const createForcedRunRequest = (dataFolder: string, logger: Logger): ForcedRunRequest => {
  const path = join(dataFolder, FORCED_RUN_FILE);
  let last = Promise.resolve();
  /** One step after the other, since a run can begin, and save its marker, before the request is on the disk. */
  const inOrder = (work: () => Promise<void>, consequence: string): Promise<void> => {
    last = last.then(work).catch((error: unknown) => {
      const text = `⚠️ ${describeError(error)}. ${consequence}`;
      logger.warn({ code: errorCodeOf(error), path }, text);
    });
    return last;
  };
  return {
    isPending: async () => {
      try {
        await stat(path);
        return true;
      } catch (error) {
        if (errorCodeOf(error) === 'ENOENT') return false;
        throw error;
      }
    },
    keep: () =>
      inOrder(() => replaceFile(path, ''), 'The forced run is forgotten if this process ends before it begins'),
    discard: () =>
      inOrder(async () => {
        await rm(path, { force: true });
        await syncDirectory(dataFolder);
      }, 'Delete this file, or the next start delivers everything again'),
  };
};
