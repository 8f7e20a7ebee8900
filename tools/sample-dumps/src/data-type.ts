/** The four kinds of dump, in the order in which Discogs lists them. */
export const DATA_TYPES = ['artists', 'labels', 'masters', 'releases'] as const;

/** One of the four kinds of dump. The record element's name is the singular: `artist` in `artists`. */
export type DataType = (typeof DATA_TYPES)[number];

export const isDataType = (value: unknown): value is DataType => DATA_TYPES.includes(value as DataType);
