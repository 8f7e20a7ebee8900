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
import { checkMonths, type MonthOptions } from './months.js';
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
  /** Folder for the files; created if it is missing. Files of the same version in it are replaced. */
  directory: string;
  /** A string or an integer; the same seed gives the same XML on every machine and Node version. */
  seed: string | number;
  /** Records per type. An object generates only the types that it or `xmlBytes` names. */
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
  /** The dump some months later, of this many records in the first month. Needs `records`. @default the first month */
  months?: MonthOptions | undefined;
  /** gzip level, 1 to 9. @default 6, which gives the ratio of the real dumps */
  level?: number | undefined;
  /** Stops the generation; an unfinished file is removed. */
  signal?: AbortSignal | undefined;
  /** Called after each block of about 1 MiB of XML. */
  onProgress?: ((progress: DumpProgress) => void) | undefined;
}

/** The progress of one type's dump. */
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
  /** SHA-256 of the file, lower-case hex, as in the CHECKSUM file. */
  sha256: string;
  /** SHA-256 of the uncompressed XML, lower-case hex: the same on every machine. */
  xmlSha256: string;
}

/** A finished dump. */
export interface GeneratedDump {
  version: string;
  directory: string;
  /** `discogs_VERSION_CHECKSUM.txt`: for each file of this call a line of SHA-256, space, `*`, name. */
  checksumPath: string;
  /** By type; types that were not requested are absent. */
  files: Partial<Record<DataType, DumpFile>>;
}

/**
 * Writes the dumps and then their CHECKSUM file into a folder, each atomically (temporary file, then rename). While the
 * CHECKSUM file is missing, the version is not complete. Memory use does not depend on the size.
 *
 * @throws {@link SampleDumpError} `INVALID_OPTIONS`, `WRITE_FAILED`; the signal's reason after an abort
 */
export const generateDump = async (options: GenerateDumpOptions): Promise<GeneratedDump> => {
  const directory = checkDirectory(options.directory);
  const version = checkVersion(options.version);
  const level = checkLevel(options.level);
  const plans = planTypes(options);
  if (options.months !== undefined) checkMonths(options.months);
  const { signal, onProgress } = options;
  signal?.throwIfAborted();

  const checksumPath = join(directory, `discogs_${version}_CHECKSUM.txt`);
  await withWriteError(directory, () => mkdir(directory, { recursive: true }));
  await withWriteError(checksumPath, () => rm(checksumPath, { force: true }));
  const files: GeneratedDump['files'] = {};
  let checksums = '';
  for (const plan of plans) {
    const name = `discogs_${version}_${plan.type}.xml.gz`;
    const path = join(directory, name);
    const written = await writeAtomically(path, signal, (temporary) =>
      writeDump(temporary, plan, level, signal, onProgress),
    );
    files[plan.type] = { type: plan.type, name, path, ...written };
    checksums += `${written.sha256} *${name}\n`;
  }
  await writeAtomically(checksumPath, signal, (temporary) => writeFile(temporary, checksums));
  return { version, directory, checksumPath, files };
};

/** The XML options of each type. Checks all options before anything is written. */
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
    throw new SampleDumpError('INVALID_OPTIONS', 'records or xmlBytes is required', {
      facts: { option: 'records' },
    });
  }
  return types.map((type) => {
    if (!hasCount(type)) {
      const message = `records or xmlBytes must have a number for ${type}`;
      throw new SampleDumpError('INVALID_OPTIONS', message, { facts: { option: 'records' } });
    }
    return {
      ...{ type, seed, era, characters, months: options.months },
      ...{ records: countOf(records, type), xmlBytes: countOf(xmlBytes, type) },
    };
  });
};

const withWriteError = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw new SampleDumpError('WRITE_FAILED', `Cannot write ${path}`, { facts: { path }, cause });
  }
};

/** Writes a file under a temporary name and renames it when it is complete; removes it if that fails. */
const writeAtomically = async <T>(
  path: string,
  signal: AbortSignal | undefined,
  write: (temporary: string) => Promise<T>,
): Promise<T> => {
  const temporary = `${path}.tmp`;
  try {
    const result = await write(temporary);
    signal?.throwIfAborted();
    await rename(temporary, path);
    return result;
  } catch (cause) {
    await rm(temporary, { force: true });
    signal?.throwIfAborted();
    throw new SampleDumpError('WRITE_FAILED', `Cannot write ${path}`, { facts: { path }, cause });
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
