import { createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { ExtractorError } from '../errors.js';
import { explainFileErrors } from '../system/file-errors.js';
import { isReaderGone } from '../system/output-streams.js';

/** Where `parse` writes its lines. */
export interface LineOutput {
  /** Resolves when the bytes are no longer in use. */
  write(bytes: Uint8Array): Promise<void>;
  /** Called after the last write. An output without records is created here. */
  finish(): Promise<void>;
  /** Releases everything, at any moment: what was written until then is a whole file. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens an output: `-` is standard output, and a name that ends in `.gz` or `.zst` is compressed. A file is created at
 * the first record, so that an unreadable input leaves an existing output unchanged.
 *
 * @throws ExtractorError `OUTPUT_FAILED`; `USAGE` if this Node cannot compress with zstd
 */
export const createLineOutput = (path: string): LineOutput => {
  if (path === '-') return standardOutput();
  return explained(path, fileOutput(path));
};

const fileOutput = (path: string): LineOutput => {
  if (path.endsWith('.gz')) return compressedFile(path, () => zlib.createGzip());
  if (path.endsWith('.zst')) {
    const { createZstdCompress } = zlib as { createZstdCompress?: () => Transform };
    if (createZstdCompress === undefined) {
      const message = `--output ${path} needs Node 22.15 or newer to compress with zstd, and this is Node ${process.version}`;
      throw new ExtractorError('USAGE', `${message}. Choose a name that ends in .gz.`);
    }
    return compressedFile(path, createZstdCompress);
  }
  return plainFile(path);
};

/** The same output, with errors that name it and say what to do. */
const explained = (path: string, { write, finish, close }: LineOutput): LineOutput => {
  const explain = (cause: Error): Error =>
    isReaderGone(cause)
      ? cause
      : new ExtractorError(
          'OUTPUT_FAILED',
          `Cannot write --output ${path}: ${cause.message}. Check its folder, its permissions and the free space.`,
          { facts: { path }, cause },
        );
  return {
    write: (bytes) => explainFileErrors(explain, () => write(bytes)),
    finish: () => explainFileErrors(explain, finish),
    close,
  };
};

const standardOutput = (): LineOutput => ({
  write: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    }),
  finish: async () => {},
  close: async () => {},
});

const plainFile = (path: string): LineOutput => {
  let handle: FileHandle | undefined;
  const opened = async (): Promise<FileHandle> => {
    handle ??= await open(path, 'w');
    return handle;
  };
  return {
    write: async (bytes) => (await opened()).writeFile(bytes),
    finish: async () => {
      await opened();
    },
    close: async () => {
      await handle?.close();
      handle = undefined;
    },
  };
};

const compressedFile = (path: string, createCompressor: () => Transform): LineOutput => {
  let running: { compressor: Transform; written: Promise<void> } | undefined;
  const opened = (): { compressor: Transform; written: Promise<void> } => {
    if (running === undefined) {
      const compressor = createCompressor();
      running = { compressor, written: pipeline(compressor, createWriteStream(path)) };
      // `write` and `finish` report a failure; until then, it is not an unhandled rejection.
      running.written.catch(() => {});
    }
    return running;
  };
  return {
    write: async (bytes) => {
      const { compressor, written } = opened();
      const taken = new Promise<void>((resolve, reject) => {
        compressor.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
      // If the file fails, its error names the cause; that of the write only says that the stream was destroyed.
      taken.catch(() => {});
      await Promise.race([taken, written]);
    },
    finish: async () => {
      const { compressor, written } = opened();
      compressor.end();
      await written;
    },
    close: async () => {
      running?.compressor.end();
      await running?.written.catch(() => {});
    },
  };
};
