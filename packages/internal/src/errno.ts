/** The code of a system error, such as `ENOENT`; `undefined` for anything else. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** The text of an error, or of anything else that was thrown. Node leaves the message empty if several addresses fail. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message || (errnoOf(error) ?? error.name) : String(error);

/** Full disk, exceeded quota, and exceeded file size limit of the process. */
const OUT_OF_SPACE: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether an error code means that nothing more can be written. */
export const isOutOfSpace = (errno: string | undefined): boolean => OUT_OF_SPACE.has(errno);
