import { createCipheriv, createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { checksumFileName, DATA_TYPES, dataFileName } from '../../src/index.js';

/** A temporary directory that is deleted when the test ends. */
export const temporaryDirectory = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'downloader-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
};

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A gzip file of about `bytes`: its content, a cipher's key stream, is not compressible. */
export const gzipOf = (bytes: number, seed: number): Buffer => {
  const key = createHash('sha256').update(String(seed)).digest();
  const stream = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  return gzipSync(stream.update(Buffer.alloc(bytes)), { level: 0 });
};

/** The files of a version by name, including its CHECKSUM file. */
export const makeVersion = (version: string, bytes = 3000): Map<string, Buffer> => {
  const files = new Map<string, Buffer>();
  for (const [index, type] of DATA_TYPES.entries()) {
    files.set(dataFileName(version, type), gzipOf(bytes + index, Number(version) + index));
  }
  files.set(checksumFileName(version), checksumFileOf(files));
  return files;
};

export const checksumFileOf = (files: ReadonlyMap<string, Buffer>): Buffer =>
  Buffer.from([...files].map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`).join(''));

export const writeFiles = async (directory: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
  }
};
