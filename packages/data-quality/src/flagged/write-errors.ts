import { errnoOf, messageOf } from '@discogs-extractor/internal/errno';
import { DataQualityError } from '../errors.js';

/** Turns errors of the file system into `REPORTS_FAILED`, with the path and the remedy. */
export const explainWriteErrors = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new DataQualityError(
      'REPORTS_FAILED',
      `Cannot write the report ${path}: ${messageOf(error)}. Check the folder's permissions and free space, then try again.`,
      { facts: { path, errno: errnoOf(error) }, cause: error },
    );
  }
};
