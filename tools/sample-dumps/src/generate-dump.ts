import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { DATA_TYPES, type DataType } from './data-type.js';
import type { Era } from './era.js';
import { SampleDumpError } from './errors.js';
import {
  checkCharacters,
  checkDirectory,
  checkEra,
  checkLevel,
  checkPerType,
  checkSeed,
  checkTypes,
  checkVersion,
  countOf,
} from './options.js';
import { generateBlocks, type XmlOptions } from './xml-stream.js';

/** What to generate, and where. One of `records` and `xmlBytes` is required for each type. */
export interface GenerateDumpOptions {
  /** Folder for the files; made where it is absent. Files of the same version in it are replaced. */
  directory: string;
  /** A string or an integer; the same seed gives the same XML on every machine and Node version. */
  seed: string | number;
  /** Records per type. With a table, types that it does not name are left out, unless `xmlBytes` names them. */
  records?: number | Partial<Record<DataType, number>> | undefined;
  /** Target size per type of the uncompressed XML, in bytes: each dump ends after the record that reaches it. */
  xmlBytes?: number | Partial<Record<DataType, number>> | undefined;
  /** Eight digits, for the file names. @default '20260101' */
  version?: string | undefined;
  /** @default all four, or those that `records` and `xmlBytes` name */
  types?: readonly DataType[] | undefined;
  /** @default '2020' */
  era?: Era | undefined;
  /** How characters outside ASCII are written. @default 'references' for the era 2020, else 'utf8' */
  characters?: 'references' | 'utf8' | undefined;
  /** gzip level, 1 to 9. @default 6, which gives the ratio of the real dumps */
  level?: number | undefined;
  /** Stops the work; what is unfinished is removed. */
  signal?: AbortSignal | undefined;
  /** Called after each block of about 1 MiB of XML. */
  onProgress?: ((progress: DumpProgress) => void) | undefined;
}

/** How far the dump of one type is. */
export interface DumpProgress {
  type: DataType;
  records: number;
  xmlBytes: number;
  gzBytes: number;
}

/** One finished file. */
export interface DumpFile {
  type: DataType;
  /** Name in the folder: `discogs_VERSION_TYPE.xml.gz`. */
  name: string;
  path: string;
  records: number;
  /** Size of the XML, uncompressed, in bytes. */
  xmlBytes: number;
  /** Size of the file, in bytes. */
  gzBytes: number;
  /** SHA-256 of the file, lower-case hex, as the CHECKSUM file has it. */
  sha256: string;
  /** SHA-256 of the uncompressed XML, lower-case hex: the same on every machine. */
  xmlSha256: string;
}

/** A finished dump. */
export interface GeneratedDump {
  version: string;
  directory: string;
  /** `discogs_VERSION_CHECKSUM.txt`: lines of SHA-256, space, `*`, name; it names the files of this call. */
  checksumPath: string;
  /** By type; types that were not asked for are absent. */
  files: Partial<Record<DataType, DumpFile>>;
}

/**
 * Writes the dumps and their CHECKSUM file into a folder, each atomically (temporary file, then rename), the CHECKSUM file
 * last: while it is absent, the version is not complete. Memory does not depend on the size.
 *
 * @throws SampleDumpError `INVALID_OPTION`, `WRITE_FAILED`; the signal's reason when aborted.
 */
export async function generateDump(options: GenerateDumpOptions): Promise<GeneratedDump> {
  const directory = checkDirectory(options.directory);
  const version = checkVersion(options.version);
  const level = checkLevel(options.level);
  const plans = planTypes(options);
  const { signal, onProgress } = options;
  signal?.throwIfAborted();

  const checksumPath = join(directory, `discogs_${version}_CHECKSUM.txt`);
  await writing(directory, () => mkdir(directory, { recursive: true }));
  await writing(checksumPath, () => rm(checksumPath, { force: true }));
  const files: GeneratedDump['files'] = {};
  let checksums = '';
  for (const plan of plans) {
    const name = `discogs_${version}_${plan.type}.xml.gz`;
    const path = join(directory, name);
    const written = await whole(path, signal, (temporary) => writeDump(temporary, plan, level, signal, onProgress));
    files[plan.type] = { type: plan.type, name, path, ...written };
    checksums += `${written.sha256} *${name}\n`;
  }
  await whole(checksumPath, signal, (temporary) => writeFile(temporary, checksums));
  return { version, directory, checksumPath, files };
}

/** What is to be generated for each type; all options are checked before anything is written. */
const planTypes = (options: GenerateDumpOptions): XmlOptions[] => {
  const seed = checkSeed(options.seed);
  const era = checkEra(options.era);
  const characters = checkCharacters(options.characters);
  const records = checkPerType('records', options.records, 0);
  const xmlBytes = checkPerType('xmlBytes', options.xmlBytes, 1);
  const hasCount = (type: DataType): boolean =>
    countOf(records, type) !== undefined || countOf(xmlBytes, type) !== undefined;
  const types = checkTypes(options.types) ?? DATA_TYPES.filter(hasCount);
  if (types.length === 0) {
    throw new SampleDumpError('INVALID_OPTION', 'records or xmlBytes: one of them is required', { option: 'records' });
  }
  return types.map((type) => {
    if (!hasCount(type)) {
      const message = `records or xmlBytes: neither says how much of ${type}`;
      throw new SampleDumpError('INVALID_OPTION', message, { option: 'records' });
    }
    const [some, size] = [countOf(records, type), countOf(xmlBytes, type)];
    return { type, seed, era, characters, records: some, xmlBytes: size };
  });
};

const writing = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw new SampleDumpError('WRITE_FAILED', `${path} could not be written`, { path, cause });
  }
};

/** Makes a file under another name and renames it when it is whole; otherwise nothing is left of it. */
const whole = async <T>(
  path: string,
  signal: AbortSignal | undefined,
  make: (temporary: string) => Promise<T>,
): Promise<T> => {
  const temporary = `${path}.tmp`;
  try {
    const made = await make(temporary);
    signal?.throwIfAborted();
    await rename(temporary, path);
    return made;
  } catch (cause) {
    await rm(temporary, { force: true });
    signal?.throwIfAborted();
    throw new SampleDumpError('WRITE_FAILED', `${path} could not be written`, { path, cause });
  }
};

type Written = Omit<DumpFile, 'type' | 'name' | 'path'>;

const writeDump = async (
  path: string,
  plan: XmlOptions,
  level: number,
  signal: AbortSignal | undefined,
  onProgress: GenerateDumpOptions['onProgress'],
): Promise<Written> => {
  const xmlHash = createHash('sha256');
  const fileHash = createHash('sha256');
  let records = 0;
  let xmlBytes = 0;
  let gzBytes = 0;
  const blocks = async function* (): AsyncGenerator<Buffer> {
    for (const block of generateBlocks(plan)) {
      records += block.records;
      xmlBytes += block.bytes.length;
      xmlHash.update(block.bytes);
      yield block.bytes;
      onProgress?.({ type: plan.type, records, xmlBytes, gzBytes });
    }
  };
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      gzBytes += chunk.length;
      fileHash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(
    Readable.from(blocks(), { objectMode: true, highWaterMark: 1 }),
    createGzip({ level, chunkSize: 256 * 1024 }),
    hashing,
    createWriteStream(path),
    { signal },
  );
  return { records, xmlBytes, gzBytes, sha256: fileHash.digest('hex'), xmlSha256: xmlHash.digest('hex') };
};
