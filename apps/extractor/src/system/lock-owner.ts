import { randomUUID } from 'node:crypto';
import { type FileHandle, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import * as z from 'zod';

/**
 * What the holder of a lock writes into the lock file: for people, and for extractors that the lock should have kept
 * out but did not.
 */
export interface LockOwner {
  /** Random, so that it differs between two starts. */
  readonly id: string;
  /** Name of the machine or container. */
  readonly host: string;
  /** Process id there. */
  readonly process: number;
  readonly since: string;
  /** Increases while the holder works, if others could miss its lock. */
  readonly beat: number;
}

const OwnerSchema = z.object({
  id: z.string(),
  host: z.string(),
  process: z.number(),
  since: z.string(),
  beat: z.number(),
});

/** Every record has this length, so that one write replaces it and no reader finds a part of it. */
const RECORD_BYTES = 512;

export const newLockOwner = (): LockOwner => ({
  id: randomUUID(),
  host: hostname(),
  process: process.pid,
  since: new Date().toISOString(),
  beat: 0,
});

/** Writes the record durably. Rejects if the lock was lost, on file systems that then refuse the file. */
export const writeLockOwner = async (handle: FileHandle, owner: LockOwner): Promise<void> => {
  const record = Buffer.alloc(RECORD_BYTES, ' ');
  record.write(`${JSON.stringify(owner)}\n`);
  await handle.write(record, 0, RECORD_BYTES, 0);
  await handle.datasync();
};

/**
 * The record in a lock file; `undefined` if nobody has left one, as after a release. Opens the file again, because a
 * network file system shows what others wrote to whoever opens it after that.
 */
export const readLockOwner = async (path: string): Promise<LockOwner | undefined> => {
  const text = (await readFile(path, 'utf8')).trim();
  try {
    return OwnerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
};

/** For people: `host h, process 7, since …`. */
export const describeOwner = ({ host, process: pid, since }: LockOwner): string =>
  `host ${host}, process ${pid}, since ${since}`;
