import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { DataType, IrregularityKind, MalformedReason, ParserErrorCode } from '../../src/index.js';

/** What a case's `expected.json` holds; written by hand or by other means than this package. */
export interface Expected {
  about: string;
  options?: { dataType?: DataType; maxDepth?: number; maxRecordBytes?: number };
  dataType: DataType | null;
  /** All message bodies, or for large ones the ids and hashes. */
  messages?: string[];
  records?: [id: string, sha256: string][];
  irregularities: Partial<Record<IrregularityKind, number>>;
  malformed: { reason: MalformedReason; byteOffset: number; length: number; recordsBefore: number }[];
  error?: ParserErrorCode;
}

export interface ConformanceCase {
  name: string;
  input: Buffer;
  expected: Expected;
}

/** A large input: strings as they stand, and strings to repeat. */
type Recipe = (string | { repeat: string; times: number })[];

const folder = new URL('./cases/', import.meta.url);

export const loadCases = (): ConformanceCase[] =>
  readdirSync(folder)
    .sort()
    .map((name) => {
      const at = (file: string): URL => new URL(`${name}/${file}`, folder);
      const input = existsSync(at('input.xml'))
        ? readFileSync(at('input.xml'))
        : cook(readJson(at('input.recipe.json')));
      return { name, input, expected: readJson(at('expected.json')) };
    });

const readJson = <T>(file: URL): T => JSON.parse(readFileSync(file, 'utf8')) as T;

const cook = (recipe: Recipe): Buffer =>
  Buffer.from(recipe.map((part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times))).join(''));
