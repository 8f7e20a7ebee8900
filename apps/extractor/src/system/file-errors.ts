/** Turns errors of the file system into the error that `explain` makes of them; other errors stay as they are. */
export const explainFileErrors = async <T>(explain: (error: Error) => Error, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? explain(error) : error;
  }
};
