/** Deletions that are allowed in any case, so that a small type does not fail for a handful. */
export const MIN_ALLOWED_DELETIONS = 10;

/** @default of `maxDeletedPercent` */
export const DEFAULT_MAX_DELETED_PERCENT = 5;

/**
 * Whether more ids are missing than a limit allows. As many as the limit is allowed, and so are up to
 * {@link MIN_ALLOWED_DELETIONS} in any case.
 *
 * @param deletions - ids that the sink has and the dump has not, with those that the pass has deleted already
 * @param ids - ids that the sink had before the first of them was deleted
 */
export const exceedsMaxDeleted = (deletions: number, ids: number, maxDeletedPercent: number): boolean =>
  deletions > MIN_ALLOWED_DELETIONS && deletions * 100 > ids * maxDeletedPercent;
