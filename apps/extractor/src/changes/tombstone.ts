import type { Deletion } from '@discogs-extractor/changes';
import type { DataType } from '../config/data-type.js';

/** The message that says that a record is gone. */
export interface Tombstone {
  readonly id: string;
  /** The bytes of its body; see docs/wire-contract.md. */
  readonly message: Uint8Array;
}

/** @param version - of the dump that does not have the id */
export const tombstoneOf = (version: string, dataType: DataType, { id, lastSha256 }: Deletion): Tombstone => ({
  id,
  message: Buffer.from(JSON.stringify({ type: 'deleted', data_type: dataType, id, last_sha256: lastSha256, version })),
});
