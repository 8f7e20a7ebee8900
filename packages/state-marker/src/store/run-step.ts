import { StateMarkerError, type StoreOperation, storeIoError } from '../errors.js';

/** Runs one step of a store; its failure becomes a {@link StateMarkerError} that names the operation and the path. */
export const runStep = async <T>(operation: StoreOperation, path: string, action: () => Promise<T>): Promise<T> => {
  try {
    return await action();
  } catch (error) {
    // A step within a step has named itself already.
    throw error instanceof StateMarkerError ? error : storeIoError(operation, path, error);
  }
};
