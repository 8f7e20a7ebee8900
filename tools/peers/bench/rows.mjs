import { DISCO_QUICK, ENCODE_WITH_WORKERS } from '../src/figures.mjs';

/**
 * The rows of the comparison. All rows with the same `work` do this work; `note` says what else a row does, or what it
 * leaves out of that which ours do.
 */

/** @typedef {import('../src/figures.mjs').Row} Row */

/** @type {readonly (Pick<Row, 'work' | 'name' | 'by' | 'note'> & { run: readonly [kind: string, argument: string] })[]} */
export const ROWS = [
  { work: 'decompress', name: 'gunzip alone', by: 'baseline', note: 'no parsing', run: ['node', 'gunzip'] },
  { work: 'objects', name: 'parseRecords, 2 workers', by: 'ours', note: 'and SHA-256', run: ['node', 'parse-2'] },
  { work: 'objects', name: 'parseRecords, no worker', by: 'ours', note: 'and SHA-256', run: ['node', 'parse-0'] },
  {
    work: 'objects',
    name: 'mapRecords, 2 workers',
    by: 'ours',
    note: 'no hash; on the workers, yields ids',
    run: ['node', 'map-2'],
  },
  {
    work: 'objects',
    name: DISCO_QUICK,
    by: 'peer',
    note: 'no hash; its own structs',
    run: ['disco-quick', 'count'],
  },
  { work: 'objects', name: 'saxes', by: 'peer', note: 'no hash', run: ['node', 'saxes'] },
  { work: 'objects', name: 'htmlparser2', by: 'peer', note: 'no hash', run: ['node', 'htmlparser2'] },
  { work: 'objects', name: 'sax', by: 'peer', note: 'no hash', run: ['node', 'sax'] },
  {
    work: 'objects',
    name: 'fast-xml-parser',
    by: 'peer',
    note: 'no hash, no streaming',
    run: ['node', 'fast-xml-parser'],
  },
  {
    work: 'fields',
    name: 'parseRecords with fields, 2 workers',
    by: 'ours',
    note: 'and SHA-256',
    run: ['node', 'fields-2'],
  },
  {
    work: 'fields',
    name: 'mapRecords with fields, 2 workers',
    by: 'ours',
    note: 'no hash; on the workers, yields ids',
    run: ['node', 'map-fields-2'],
  },
  {
    work: 'json',
    name: ENCODE_WITH_WORKERS,
    by: 'ours',
    note: 'and SHA-256, message',
    run: ['node', 'encode-2'],
  },
  {
    work: 'json',
    name: 'encodeRecords, no worker',
    by: 'ours',
    note: 'and SHA-256, message',
    run: ['node', 'encode-0'],
  },
  {
    work: 'json',
    name: 'command line, parse',
    by: 'ours',
    note: 'and SHA-256, message; whole process',
    run: ['command-line', 'parse'],
  },
  {
    work: 'json',
    name: 'disco-quick (Rust) and serde_json',
    by: 'peer',
    note: 'no hash, no message; its own structs',
    run: ['disco-quick', 'json'],
  },
];
