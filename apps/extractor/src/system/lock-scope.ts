import { readFile } from 'node:fs/promises';

/**
 * Which other processes a lock on a file keeps out.
 *
 * - `everywhere`: all that can open the file, because its file system is of this machine alone.
 * - `this-machine`: those on this machine. The file system is shared with other machines, which do not see the lock.
 * - `unknown`: those on this machine; on others only if the server and the mount keep locks, which no mount option says.
 */
export type LockScope = 'everywhere' | 'this-machine' | 'unknown';

/** Where a file is, and whom a lock on it keeps out. */
export interface LockPlace {
  readonly scope: LockScope;
  /** The type of the file system, such as `nfs4`; `undefined` if it cannot be found out. */
  readonly fileSystem?: string | undefined;
  /** Why locks are local, for people; only with `this-machine`. */
  readonly reason?: string | undefined;
}

/** File systems that only one machine at a time can mount for writing. */
const LOCAL_FILE_SYSTEMS: ReadonlySet<string> = new Set([
  ...['bcachefs', 'btrfs', 'ecryptfs', 'exfat', 'ext2', 'ext3', 'ext4', 'f2fs', 'jfs', 'nilfs2', 'ntfs', 'ntfs3'],
  ...['overlay', 'ramfs', 'reiserfs', 'rootfs', 'tmpfs', 'vfat', 'xfs', 'zfs'],
  // FUSE over a block device, and the overlay of containers without root.
  ...['fuseblk', 'fuse.fuse-overlayfs'],
]);

/** Shared file systems without locks of their own: the kernel of each machine then keeps them for itself. */
const WITHOUT_LOCKS: ReadonlySet<string> = new Set(['fuse.gcsfuse', 'fuse.rclone', 'fuse.s3fs', 'fuse.sshfs']);

/** Mount options with which byte-range locks stay on the machine that requests them. */
const LOCAL_LOCK_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  nfs: ['nolock', 'local_lock=all', 'local_lock=posix'],
  nfs4: ['nolock', 'local_lock=all', 'local_lock=posix'],
  cifs: ['nobrl'],
  smb3: ['nobrl'],
  lustre: ['localflock'],
  gfs2: ['localflocks'],
};

/**
 * Whom a lock on an open file keeps out, by the file system that it is on.
 *
 * Only Linux tells. On other systems, folders are taken for local ones.
 */
export const lockPlaceOf = async (fd: number): Promise<LockPlace> => {
  if (process.platform !== 'linux') return { scope: 'everywhere' };
  try {
    const [info, mounts] = await Promise.all([
      readFile(`/proc/self/fdinfo/${fd}`, 'utf8'),
      readFile('/proc/self/mountinfo', 'utf8'),
    ]);
    return judgeMount(mounts, /^mnt_id:\s*(\d+)$/m.exec(info)?.[1]);
  } catch {
    // No `/proc`, or a restricted one: then nothing is known, and the lock is watched.
    return { scope: 'unknown' };
  }
};

/**
 * The same by the text of `/proc/self/mountinfo` and a mount's id.
 *
 * A line is `id parent major:minor root mount-point options [optional …] - type source super-options`.
 */
export const judgeMount = (mountinfo: string, id: string | undefined): LockPlace => {
  const line = mountinfo.split('\n').find((each) => each.startsWith(`${id} `));
  const [mount, superBlock] = line?.split(' - ') ?? [];
  const [fileSystem, , superOptions = ''] = superBlock?.split(' ') ?? [];
  if (mount === undefined || fileSystem === undefined) return { scope: 'unknown' };
  if (LOCAL_FILE_SYSTEMS.has(fileSystem)) return { scope: 'everywhere', fileSystem };
  if (WITHOUT_LOCKS.has(fileSystem)) return { scope: 'this-machine', fileSystem, reason: 'it has no locks of its own' };
  const options = [...(mount.split(' ')[5]?.split(',') ?? []), ...superOptions.split(',')];
  const option = LOCAL_LOCK_OPTIONS[fileSystem]?.find((each) => options.includes(each));
  return option === undefined
    ? { scope: 'unknown', fileSystem }
    : { scope: 'this-machine', fileSystem, reason: `it is mounted with ${option}` };
};
