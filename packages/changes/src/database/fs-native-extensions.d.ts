declare module 'fs-native-extensions' {
  /**
   * Requests an exclusive lock on an open file; returns `false` if it is locked already. Closing the file releases it.
   */
  export function tryLock(fd: number): boolean;
}
