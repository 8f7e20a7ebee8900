import { DATA_TYPES, type DataType, isDataType } from './data-type.js';
import { ERAS, type Era, isEra } from './era.js';
import { SampleDumpError } from './errors.js';

const invalid = (option: string, value: unknown, accepted: string): SampleDumpError =>
  new SampleDumpError(
    'INVALID_OPTIONS',
    `${option} must be ${accepted}, got ${JSON.stringify(value) ?? String(value)}`,
    {
      facts: { option },
    },
  );

export const checkType = (type: unknown): DataType => {
  if (!isDataType(type)) throw invalid('type', type, `one of ${DATA_TYPES.join(', ')}`);
  return type;
};

export const checkSeed = (seed: unknown): string | number => {
  if (typeof seed === 'string' ? seed !== '' : Number.isSafeInteger(seed)) return seed as string | number;
  throw invalid('seed', seed, 'an integer or a string that is not empty');
};

export const checkEra = (era: unknown = '2020'): Era => {
  if (!isEra(era)) throw invalid('era', era, `one of ${ERAS.join(', ')}`);
  return era;
};

export const checkCharacters = (characters: unknown): 'references' | 'utf8' | undefined => {
  if (characters === undefined || characters === 'references' || characters === 'utf8') return characters;
  throw invalid('characters', characters, "'references' or 'utf8'");
};

export const checkVersion = (version: unknown = '20260101'): string => {
  if (typeof version !== 'string' || !/^\d{8}$/.test(version))
    throw invalid('version', version, 'eight digits (YYYYMMDD)');
  return version;
};

export const checkLevel = (level: unknown = 6): number => {
  if (!Number.isInteger(level) || (level as number) < 1 || (level as number) > 9) {
    throw invalid('level', level, 'an integer from 1 to 9');
  }
  return level as number;
};

export const checkDirectory = (directory: unknown): string => {
  if (typeof directory !== 'string' || directory === '') throw invalid('directory', directory, 'the path of a folder');
  return directory;
};

/** Checks an optional count. */
export const checkCount = (option: string, value: unknown, min: number): number | undefined => {
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < min)
    throw invalid(option, value, `an integer of at least ${min}`);
  return value as number;
};

/** One count for all types, or a table of counts by type. */
export type PerType = number | Partial<Record<DataType, number>> | undefined;

export const checkPerType = (option: string, value: PerType, min: number): PerType => {
  if (value === undefined || typeof value === 'number') return checkCount(option, value, min);
  if (typeof value !== 'object' || value === null)
    throw invalid(option, value, 'a number, or an object of numbers by type');
  for (const [type, count] of Object.entries(value)) {
    if (!isDataType(type)) throw invalid(option, type, `one of ${DATA_TYPES.join(', ')}`);
    checkCount(`${option}.${type}`, count, min);
  }
  return value;
};

export const checkTypes = (types: unknown): readonly DataType[] | undefined => {
  if (types === undefined) return undefined;
  if (!Array.isArray(types) || types.length === 0) throw invalid('types', types, `a list of ${DATA_TYPES.join(', ')}`);
  for (const type of types) if (!isDataType(type)) throw invalid('types', type, `one of ${DATA_TYPES.join(', ')}`);
  return DATA_TYPES.filter((type) => types.includes(type));
};

export const countOf = (counts: PerType, type: DataType): number | undefined =>
  typeof counts === 'number' ? counts : counts?.[type];
