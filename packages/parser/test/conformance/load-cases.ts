import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { DataType, IrregularityKind, MalformedReason, ParserErrorCode, Reading } from '../../src/index.js';

/** What a case's `expected.json` holds; written by hand or by other means than this package. */
export interface Expected {
  about: string;
  options?: { dataType?: DataType; maxDepth?: number; maxRecordBytes?: number };
  dataType: DataType | null;
  /** All message bodies, or for large ones the ids and hashes. */
  messages?: string[];
  records?: [id: string, sha256: string][];
  /** All message bodies with the platform's transform. */
  normalized?: string[];
  irregularities: Partial<Record<IrregularityKind, number>>;
  malformed: { reason: MalformedReason; byteOffset: number; length: number; recordsBefore: number }[];
  error?: ParserErrorCode;
}

export interface ConformanceCase {
  name: string;
  input: Buffer;
  /** Those of `expected.json`, and the reading of its folder. */
  options: NonNullable<Expected['options']> & { reading: Reading };
  expected: Expected;
}

/** A large input: strings as they stand, and strings to repeat. */
type Recipe = (string | { repeat: string; times: number })[];

/** A folder of cases for each reading. */
const FOLDERS: Readonly<Record<Reading, URL>> = {
  xmltodict: new URL('./cases/', import.meta.url),
  platform: new URL('./platform-cases/', import.meta.url),
};

/** The cases of both readings. */
export const loadCases = (): ConformanceCase[] => [...casesOf('xmltodict'), ...casesOf('platform')];

const casesOf = (reading: Reading): ConformanceCase[] => {
  const folder = FOLDERS[reading];
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const at = (file: string): URL => new URL(`${name}/${file}`, folder);
      const input = existsSync(at('input.xml'))
        ? readFileSync(at('input.xml'))
        : cook(readJson(at('input.recipe.json')));
      const expected = readJson<Expected>(at('expected.json'));
      return { name, input, options: { ...expected.options, reading }, expected };
    });
};

const readJson = <T>(file: URL): T => JSON.parse(readFileSync(file, 'utf8')) as T;

const cook = (recipe: Recipe): Buffer =>
  Buffer.from(recipe.map((part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times))).join(''));
