/**
 * What `npm run bench:peers -- --json FILE` writes. Table and chart are made from it.
 *
 * @typedef {object} Figures
 * @property {string} date day of the run, as `2026-01-31`
 * @property {{ cores: number, cpu: string, system: string }} machine
 * @property {Record<string, string>} versions of runtimes and packages, by name
 * @property {string} dump what the dumps are made of
 * @property {number} megabytes XML per data type, at least
 * @property {number} rounds each figure is the median of so many measurements
 * @property {readonly Row[]} rows by data type, then in the order of the comparison
 */

/**
 * @typedef {object} Row
 * @property {string} type the data type
 * @property {Work} work what this row and the others with the same value do with each record
 * @property {string} name
 * @property {'ours' | 'peer' | 'baseline'} by
 * @property {string} note what the row does in addition (`ours`) or leaves out (`peer`)
 * @property {number} seconds
 * @property {number} megabytesPerSecond of XML
 * @property {number} recordsPerSecond
 * @property {number} timeToGunzip this row's time divided by that of gunzip alone
 */

/** @typedef {'decompress' | 'objects' | 'fields' | 'json'} Work */

/** The names of the two rows that a sentence of the documentation compares. */
export const ENCODE_WITH_WORKERS = 'encodeRecords, 2 workers';
export const DISCO_QUICK = 'disco-quick (Rust)';

/**
 * What the rows do, as headings.
 *
 * @type {Readonly<Record<Work, string>>}
 */
export const WORKS = {
  decompress: 'Decompress the dump',
  objects: 'Make an object of each record',
  fields: 'Make an object of two fields of each record',
  json: 'Make a line of JSON of each record',
};
