import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { hashFile } from './hash-file.js';

/**
 * What tells a file from every other one, and from itself before it was changed. The values are decimal numbers as
 * text, since JSON has none of their size.
 */
export interface FileIdentity {
  readonly device: string;
  readonly inode: string;
  /** Bytes. */
  readonly size: string;
  /** When the content was last modified, in nanoseconds since 1970. Programs can set it, as `cp -p` does. */
  readonly modifiedNs: string;
  /** When content, permissions or links were last changed, in nanoseconds since 1970. No program can set it. */
  readonly changedNs: string;
}

export const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileIdentity => ({
  device: String(dev),
  inode: String(ino),
  size: String(size),
  modifiedNs: String(mtimeNs),
  changedNs: String(ctimeNs),
});

/** The identity of an open file, whatever has its name by now. */
export const identityOfOpen = async (handle: FileHandle): Promise<FileIdentity> =>
  identityOf(await handle.stat({ bigint: true }));

/** What {@link isUnchanged} compares a file with; a `VerifiedFile` is one. */
export interface KnownContent {
  readonly identity: FileIdentity;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * Whether an open file still has the content that was verified. Compares its identity, and reads the file again only if
 * nothing but `changedNs` differs: a link or a permission changes that time, and so does other content with the old
 * modification time.
 *
 * @throws errors of the file system; the signal's reason
 */
export const isUnchanged = async (
  handle: FileHandle,
  { identity, sha256 }: KnownContent,
  signal?: AbortSignal,
): Promise<boolean> => {
  const now = await identityOfOpen(handle);
  const isSame = (key: keyof FileIdentity): boolean => now[key] === identity[key];
  if (!isSame('device') || !isSame('inode') || !isSame('size') || !isSame('modifiedNs')) return false;
  return isSame('changedNs') || (await hashFile(handle, signal)) === sha256;
};
