declare module 'fs-native-extensions' {
  /** Asks for an exclusive lock on an open file; `false` where another has it. Released when the file is closed. */
  export function tryLock(fd: number): boolean;
}
