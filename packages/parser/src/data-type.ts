/** The four kinds of dump that Discogs publishes each month. */
export type DataType = 'artists' | 'labels' | 'masters' | 'releases';

/** All data types, in the order in which Discogs lists them. */
export const DATA_TYPES: readonly DataType[] = ['artists', 'labels', 'masters', 'releases'];

/** The name of one record's element: `artist` in a dump of `artists`. */
export const recordNameOf = (dataType: DataType): string => dataType.slice(0, -1);

export const isDataType = (name: unknown): name is DataType => DATA_TYPES.includes(name as DataType);
