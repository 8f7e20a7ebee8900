import {
  DRIFT_CHANGE_TYPES,
  type DriftChangeType,
  type DriftReport,
  describeChange,
} from '@discogs-extractor/data-quality/drift';
import { countOf } from '../count-of.js';

/** What a log line or a status shows of a report on a dump's format. */
export interface DriftSummary {
  /** Path of the report. */
  readonly report: string;
  /** The version that the dump was compared with; `undefined` if it was compared with the known format. */
  readonly comparedWith: string | undefined;
  readonly counts: Readonly<Record<DriftChangeType, number>>;
  readonly total: number;
  /** The first changes in words, at most {@link MAX_DESCRIBED_CHANGES}. */
  readonly changes: readonly string[];
}

export const MAX_DESCRIBED_CHANGES = 20;

export const summarizeDrift = ({ comparedWith, changes }: DriftReport, report: string): DriftSummary => ({
  report,
  comparedWith,
  counts: Object.fromEntries(
    DRIFT_CHANGE_TYPES.map((type) => [type, changes.filter((change) => change.type === type).length]),
  ) as Record<DriftChangeType, number>,
  total: changes.length,
  changes: changes.slice(0, MAX_DESCRIBED_CHANGES).map(describeChange),
});

/** `3 changes of the format since dump 20260101`, `1 deviation from the known format` */
export const driftHeadline = ({ total, comparedWith }: Pick<DriftSummary, 'total' | 'comparedWith'>): string =>
  comparedWith === undefined
    ? `${countOf(total, 'deviation')} from the known format`
    : `${countOf(total, 'change')} of the format since dump ${comparedWith}`;
