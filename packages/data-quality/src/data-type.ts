/** The four kinds of dump. */
export const DATA_TYPES = ['artists', 'labels', 'masters', 'releases'] as const;

export type DataType = (typeof DATA_TYPES)[number];
