import type { LockSystem } from '../../src/system/lock-check.js';

/** Another machine: its kernel keeps its own locks, and sees no others. */
export const machine = (scope: 'unknown' | 'this-machine' = 'unknown'): LockSystem => {
  let isLocked = false;
  return {
    tryLock: () => {
      const wasLocked = isLocked;
      isLocked = true;
      return !wasLocked;
    },
    placeOf: async () => ({ scope, fileSystem: 'fuse.test', reason: 'it is a test' }),
    checkIntervalMs: 150,
  };
};
