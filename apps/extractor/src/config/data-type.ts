/** The data types of a dump, in the order in which Discogs lists them. */
export const DATA_TYPES = ['artists', 'labels', 'masters', 'releases'] as const;
export type DataType = (typeof DATA_TYPES)[number];
