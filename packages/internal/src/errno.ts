/** The code of a system error, such as `ENOENT`; `undefined` for anything else. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Full disk, exceeded quota, and exceeded file size limit of the process. */
const OUT_OF_SPACE: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether an error code means that nothing more can be written. */
export const isOutOfSpace = (errno: string | undefined): boolean => OUT_OF_SPACE.has(errno);
