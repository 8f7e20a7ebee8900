import type { FileHandle } from 'node:fs/promises';

export const LINE_FEED = 0x0a;

const READ_BYTES = 1 << 20;

/** Writes all bytes at a position: write(2) may write fewer than it was given, and so may Node's `FileHandle.write`. */
export const writeAll = async (handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
};

/** Calls `onBytes` with the bytes of a file from `start` to `end`, some at a time. Returns where it ended. */
export const readBytes = async (
  handle: FileHandle,
  { start = 0, end = Number.POSITIVE_INFINITY }: { readonly start?: number; readonly end?: number },
  onBytes: (bytes: Buffer) => void,
  signal: AbortSignal,
): Promise<number> => {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let position = start;
  while (position < end) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(READ_BYTES, end - position), position);
    if (bytesRead === 0) break;
    onBytes(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return position;
};

/** Returns a function that takes the bytes of a file, some at a time, and calls `onLine` with lines that begin so. */
export const createLineFinder = (
  prefixes: readonly string[],
  onLine: (line: string) => void,
): ((bytes: Buffer) => void) => {
  // As if a line had ended before the first one.
  let rest: Buffer = Buffer.of(LINE_FEED);
  return (bytes) => {
    const text = Buffer.concat([rest, bytes]);
    const end = text.lastIndexOf(LINE_FEED);
    for (const prefix of prefixes) {
      const sought = `\n${prefix}`;
      for (let at = text.indexOf(sought); at !== -1 && at < end; at = text.indexOf(sought, at + 1)) {
        onLine(text.toString('utf8', at + 1, text.indexOf(LINE_FEED, at + 1)));
      }
    }
    rest = Buffer.from(text.subarray(end));
  };
};

/** Where the last complete line of a file ends. */
export const endOfLines = async (handle: FileHandle): Promise<number> => {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (let end = (await handle.stat()).size; end > 0; ) {
    const start = Math.max(0, end - READ_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, end - start, start);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(LINE_FEED);
    if (at !== -1) return start + at + 1;
    end = start;
  }
  return 0;
};
