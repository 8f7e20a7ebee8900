import { createHash } from 'node:crypto';
import type { StoreDatabase } from '../database/store-database.js';
import { damagedError } from '../errors.js';

/** What a store keeps of the current pass, next to the ids. */
export interface PassState {
  /** Counts the passes of this store. */
  pass: number;
  /** Ids that the sink has, and those of them that the pass has seen. */
  ids: number;
  seen: number;
  version: string;
  source: string;
  /** Whether the pass sends unchanged records, too. */
  isForced: boolean;
  /** Whether the pass is over. */
  isEnded: boolean;
  /** The record that the pass began after. */
  startAfter: number;
  /** Records up to this one are confirmed. */
  watermark: number;
  published: number;
  unchanged: number;
  deleted: number;
  /** Why this pass must not delete anything; empty if it may. */
  withheldBecause: string;
  /** Whether all ids still have to be marked as doubtful. */
  isDistrusted: boolean;
}

/** The state of a store that has had no pass. */
export const NO_PASS: PassState = {
  pass: 0,
  ids: 0,
  seen: 0,
  version: '',
  source: '',
  isForced: false,
  isEnded: true,
  startAfter: 0,
  watermark: 0,
  published: 0,
  unchanged: 0,
  deleted: 0,
  withheldBecause: '',
  isDistrusted: false,
};

const checksumOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Texts of a store, each with a checksum. */
export const readStateText = (database: StoreDatabase, name: string): string | undefined => {
  const row = database.get('SELECT value FROM state WHERE name = ?', name);
  if (row === undefined) return undefined;
  const value = String(row['value']);
  const text = value.slice(17);
  if (value.slice(0, 17) !== `${checksumOf(text)} `) throw damagedError(database.path, `its ${name} cannot be read`);
  return text;
};

/** To be called in a transaction. */
export const writeStateText = (database: StoreDatabase, name: string, text: string): void =>
  database.run('INSERT OR REPLACE INTO state VALUES (?, ?)', name, `${checksumOf(text)} ${text}`);

export const readPassState = (database: StoreDatabase): PassState => {
  const text = readStateText(database, 'pass');
  return text === undefined ? { ...NO_PASS } : { ...NO_PASS, ...(JSON.parse(text) as PassState) };
};

/** To be called in a transaction. */
export const writePassState = (database: StoreDatabase, state: PassState): void =>
  writeStateText(database, 'pass', JSON.stringify(state));
