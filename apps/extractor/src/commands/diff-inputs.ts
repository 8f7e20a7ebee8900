import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isVersion, parseFileName } from '@discogs-extractor/downloader';
import type { DataType } from '../config/data-type.js';
import { DATA_TYPES } from '../config/data-type.js';
import { ExtractorError } from '../errors.js';

/** The files of one data type in both dumps. The type is `undefined` if no name says it. */
export interface FilePair {
  readonly dataType: DataType | undefined;
  readonly before: string;
  readonly after: string;
}

/** A dump on the command line: its files by type, or one file. */
type Dump = { readonly file: string; readonly dataType: DataType | undefined } | ReadonlyMap<DataType, string>;

const isFolder = (dump: Dump): dump is ReadonlyMap<DataType, string> => dump instanceof Map;

/**
 * Finds the files to compare.
 *
 * @param discogsRoot - the folder in which versions are looked for
 * @param types - which types to compare. @default all, which both dumps must have then
 * @throws ExtractorError `USAGE` if a dump is not there, if one lacks a type of the other, or is a file of another type
 */
export const findPairs = async (
  before: string,
  after: string,
  discogsRoot: string,
  types: readonly DataType[] | undefined,
): Promise<readonly FilePair[]> => {
  const older = await findDump(before, discogsRoot);
  const newer = await findDump(after, discogsRoot);
  const wanted: readonly (DataType | undefined)[] =
    types ?? (isFolder(older) || isFolder(newer) ? typesOf(older, newer) : [newer.dataType ?? older.dataType]);
  return wanted.map((dataType) => ({
    dataType,
    before: fileOf(older, before, dataType),
    after: fileOf(newer, after, dataType),
  }));
};

/** The types of either, or that of the one file. */
const typesOf = (...dumps: readonly Dump[]): readonly DataType[] => {
  const single = dumps.flatMap((dump) => (isFolder(dump) ? [] : [dump]))[0];
  if (single === undefined) return DATA_TYPES.filter((type) => dumps.some((dump) => isFolder(dump) && dump.has(type)));
  if (single.dataType !== undefined) return [single.dataType];
  throw new ExtractorError('USAGE', `The name of ${single.file} does not say its data type. Give it with --types.`);
};

const fileOf = (dump: Dump, name: string, dataType: DataType | undefined): string => {
  const file = isFolder(dump) ? dataType && dump.get(dataType) : dump.file;
  const isOther = !isFolder(dump) && dump.dataType !== undefined && dump.dataType !== dataType;
  if (file !== undefined && !isOther) return file;
  throw new ExtractorError('USAGE', `${name} has no ${dataType}. Choose the types that both dumps have with --types.`);
};

/** A path to a file or a folder, or a version in the data folder. */
const findDump = async (name: string, discogsRoot: string): Promise<Dump> => {
  const found = await stat(name).catch(() => undefined);
  if (found?.isDirectory()) return findFiles(name);
  if (found !== undefined) {
    const kind = parseFileName(basename(name))?.kind;
    return { file: name, dataType: kind === 'checksum' ? undefined : kind };
  }
  if (isVersion(name)) return findFiles(discogsRoot, name);
  throw new ExtractorError('USAGE', `${name} is neither a file nor a folder, nor a version such as 20260101.`);
};

/** The files of a version in a folder, the newest by default. */
const findFiles = async (folder: string, version?: string): Promise<Dump> => {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new ExtractorError('USAGE', `The folder ${folder} cannot be read.`, { facts: { path: folder }, cause });
  });
  const files = names.flatMap((name) => {
    const parsed = parseFileName(name);
    return parsed === undefined || parsed.kind === 'checksum' ? [] : [{ ...parsed, kind: parsed.kind }];
  });
  const newest =
    version ??
    files
      .map((file) => file.version)
      .sort()
      .at(-1);
  const ofVersion = files.filter((file) => file.version === newest);
  if (ofVersion.length > 0) return new Map(ofVersion.map(({ kind, name }) => [kind, join(folder, name)]));
  throw new ExtractorError('USAGE', `${folder} has no dump files${version === undefined ? '' : ` of ${version}`}.`, {
    facts: { path: folder, version },
  });
};
