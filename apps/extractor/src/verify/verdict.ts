import type { DataType } from '../config/data-type.js';

/**
 * What a place holds, compared with what was delivered to it.
 *
 * - `complete`: exactly that many messages
 * - `more`: more messages, such as repeats after a crash, or those of other dumps
 * - `short`: fewer messages
 * - `changed`: as many or more lines, but not the ones that were written
 * - `unknown`: not known, because consumers have taken messages or nothing is kept
 */
export type Verdict = 'complete' | 'more' | 'short' | 'changed' | 'unknown';

/** A place that records of one type were delivered to: a queue, an output file. */
export interface PlaceReport {
  readonly dataType: DataType;
  /** Name of the queue, or path of the file. */
  readonly place: string;
  /** Messages that were delivered: confirmed records, and `file_complete` if it was sent. */
  readonly expected: number;
  /** Messages that are there, or were there before consumers took them; `undefined` if that is not known. */
  readonly found: number | undefined;
  readonly verdict: Verdict;
  /** Why it is not known, or what may be the cause. */
  readonly reason: string | undefined;
}

type Judgement = Pick<PlaceReport, 'found' | 'verdict' | 'reason'>;

const MORE = 'repeats after a crash or a restart, or messages of other dumps';

/** Compares two counts. @param whyShort - what may be the cause if there are too few */
export const judgeCount = (expected: number, found: number, whyShort: string): Judgement => {
  if (found === expected) return { found, verdict: 'complete', reason: undefined };
  return found > expected ? { found, verdict: 'more', reason: MORE } : { found, verdict: 'short', reason: whyShort };
};

export const cannotTell = (reason: string): Judgement => ({ found: undefined, verdict: 'unknown', reason });
