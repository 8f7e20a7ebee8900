import { createRulesTransform, type Rules } from '@discogs-extractor/data-quality';
import { PLATFORM_TRANSFORM, type ReadOptions } from '@discogs-extractor/parser';
import type { Contract } from '../config/contract-settings.js';

/** How records are read, and what becomes of them before they are hashed and delivered. */
export type RecordForm = Pick<ReadOptions, 'reading' | 'transform'>;

export interface FormRules {
  readonly rules: Rules;
  /** Records that are kept as files, at most. */
  readonly maxFlaggedRecords: number;
}

/** The records of a contract, to which rules may have been applied. */
export const recordFormOf = (contract: Contract, applied?: FormRules): RecordForm => {
  const addedId = contract === 'topic';
  const transform = [
    ...(applied ? [createRulesTransform(applied.rules, { maxKeptRecords: applied.maxFlaggedRecords, addedId })] : []),
    ...(contract === 'fanout' ? [PLATFORM_TRANSFORM] : []),
  ];
  return {
    ...(contract === 'fanout' && { reading: 'platform' }),
    ...(transform.length > 0 && { transform }),
  };
};
