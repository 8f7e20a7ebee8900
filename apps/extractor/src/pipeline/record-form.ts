import { PLATFORM_TRANSFORM, type ReadOptions } from '@discogs-extractor/parser';
import type { Contract } from '../config/contract-settings.js';

/** How the records of a contract are read, and what becomes of them before they are hashed and delivered. */
export const recordFormOf = (contract: Contract): Pick<ReadOptions, 'reading' | 'transform'> =>
  contract === 'fanout' ? { reading: 'platform', transform: PLATFORM_TRANSFORM } : {};
