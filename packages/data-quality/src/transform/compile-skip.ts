import type { SkipReason } from '../finding.js';
import type { SkipRule } from '../rules.js';
import { parsePath, type RecordObject, textsAt } from './path.js';

/** Returns why a record is skipped, if it is. */
export type Skip = (record: RecordObject) => SkipReason | undefined;

export const compileSkip = ({ field, contains, reason }: SkipRule): Skip => {
  const path = parsePath(field);
  const lower = contains.toLowerCase();
  const isFound = (text: string): boolean => text.toLowerCase().includes(lower);
  return (record) => {
    const texts = textsAt(record, path);
    if (texts === undefined) return undefined;
    const value = typeof texts === 'string' ? (isFound(texts) ? texts : undefined) : texts.find(isFound);
    return value === undefined ? undefined : { field, value, reason };
  };
};
