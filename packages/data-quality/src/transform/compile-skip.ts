import type { SkipReason } from '../finding.js';
import type { SkipRule } from '../rules.js';
import { addTexts, parsePath, type RecordObject } from './path.js';

/** Returns why a record is skipped, if it is. */
export type Skip = (record: RecordObject) => SkipReason | undefined;

export const compileSkip = ({ field, contains, reason }: SkipRule): Skip => {
  const path = parsePath(field);
  const lower = contains.toLowerCase();
  return (record) => {
    const texts: string[] = [];
    addTexts(record, path, texts);
    const value = texts.find((text) => text.toLowerCase().includes(lower));
    return value === undefined ? undefined : { field, value, reason };
  };
};
