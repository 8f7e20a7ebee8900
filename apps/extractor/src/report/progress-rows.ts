import type { RunEvent } from '../events/run-events.js';
import { fractionOf } from '../status/progress.js';
import { createRateMeter, type RateMeter } from '../status/rate.js';
import { formatBytes, formatCount, formatDuration, formatRecords } from './format.js';

const MAX_BAR_WIDTH = 40;
const MIN_BAR_WIDTH = 6;
const FULL = '█';
const EMPTY = '░';

type State = 'running' | 'stalled' | 'finished' | 'failed' | 'stopped';

interface Row {
  readonly name: string;
  /** What is counted: the records of an extraction, the bytes of a download. */
  readonly counts: 'bytes' | 'records';
  readonly startedAt: number;
  readonly byteRate: RateMeter;
  readonly recordRate: RateMeter;
  bytes: number;
  bytesTotal: number | undefined;
  records: number;
  state: State;
  /** When a failed download is retried. */
  retryAt?: number | undefined;
  endedAt?: number;
}

/** One line for each file that is downloaded or extracted: progress, rate, and time left. */
export interface ProgressRows {
  readonly update: (event: RunEvent, now: number) => void;
  /** The lines, each at most `width` columns wide. */
  readonly lines: (width: number, now: number) => string[];
  readonly clear: () => void;
}

export const createProgressRows = (): ProgressRows => {
  const rows = new Map<string, Row>();

  const begin = (key: string, now: number, row: Pick<Row, 'name' | 'counts' | 'bytes' | 'bytesTotal' | 'records'>) => {
    const started: Row = {
      ...row,
      startedAt: now,
      state: 'running',
      byteRate: createRateMeter(),
      recordRate: createRateMeter(),
    };
    started.byteRate.add(row.bytes, now);
    started.recordRate.add(row.records, now);
    rows.set(key, started);
  };
  const advance = (key: string, now: number, change: Pick<Row, 'bytes' | 'bytesTotal'> & Partial<Row>): void => {
    const row = rows.get(key);
    if (!row) return;
    const hasMoved = change.bytes !== row.bytes || (change.records ?? row.records) !== row.records;
    Object.assign(row, change, hasMoved ? { state: 'running', retryAt: undefined } : {});
    row.byteRate.add(row.bytes, now);
    row.recordRate.add(row.records, now);
  };
  const end = (key: string, now: number, state: State): void => {
    const row = rows.get(key);
    if (!row) return;
    Object.assign(row, { state, endedAt: now });
    if (state === 'finished') row.bytes = row.bytesTotal ?? row.bytes;
  };

  return {
    update: (event, now) => {
      switch (event.type) {
        case 'download-started':
          begin(`download ${event.file}`, now, {
            name: `download ${shortName(event.file)}`,
            counts: 'bytes',
            bytes: 0,
            bytesTotal: event.bytesTotal,
            records: 0,
          });
          break;
        case 'download-progress':
          advance(`download ${event.file}`, now, { bytes: event.bytes, bytesTotal: event.bytesTotal });
          break;
        case 'download-retry': {
          const row = rows.get(`download ${event.file}`);
          if (row) row.retryAt = now + event.delayMs;
          break;
        }
        case 'download-finished':
          advance(`download ${event.file}`, now, { bytes: event.bytes, bytesTotal: event.bytes });
          end(`download ${event.file}`, now, 'finished');
          break;
        case 'download-failed':
          end(`download ${event.file}`, now, 'failed');
          break;
        case 'file-started':
          begin(event.file, now, {
            name: event.dataType,
            counts: 'records',
            bytes: event.bytesDelivered,
            bytesTotal: event.bytesTotal,
            records: event.records,
          });
          break;
        case 'file-progress':
          advance(event.file, now, {
            bytes: event.bytesDelivered,
            bytesTotal: event.bytesTotal,
            records: event.records,
          });
          break;
        case 'file-stalled': {
          const row = rows.get(event.phase === 'download' ? `download ${event.file}` : event.file);
          if (row) row.state = 'stalled';
          break;
        }
        case 'file-finished':
          if (event.outcome === 'skipped') break;
          end(event.file, now, event.outcome === 'completed' ? 'finished' : event.outcome);
          break;
      }
    },
    lines: (width, now) => [...rows.values()].map((row) => lineOf(row, width, now)),
    clear: () => rows.clear(),
  };
};

const shortName = (file: string): string => file.replace(/^discogs_\d+_|\.xml\.gz$/g, '');

/** Columns: name, bar, percentage, count, rate, time left. The bar takes the width that is left, or is omitted. */
const lineOf = (row: Row, width: number, now: number): string => {
  const share = row.bytesTotal ? fractionOf(row.bytes, row.bytesTotal, row.state === 'finished') : undefined;
  const count =
    row.counts === 'records'
      ? formatRecords(row.records)
      : share === undefined
        ? formatBytes(row.bytes)
        : `${formatBytes(row.bytes)} of ${formatBytes(row.bytesTotal!)}`;
  const name = row.name.padEnd(17);
  const after = [
    // Rounded down, so that 100% means finished.
    (share === undefined ? '' : `${Math.floor(share * 100)}%`).padStart(4),
    count.padStart(20),
    rateOf(row, now).padStart(11),
    `  ${endingOf(row, share, now)}`.padEnd(14),
  ].join(' ');
  const barWidth = Math.min(width - name.length - after.length - 3, MAX_BAR_WIDTH);
  const line = barWidth >= MIN_BAR_WIDTH ? `${name} ${barOf(share, barWidth)} ${after}` : `${name} ${after}`;
  return line.slice(0, Math.max(width - 1, 0)).trimEnd();
};

const barOf = (share: number | undefined, width: number): string => {
  const full = share === undefined ? 0 : Math.floor(share * width);
  return FULL.repeat(full) + EMPTY.repeat(width - full);
};

const rateOf = (row: Row, now: number): string => {
  const meter = row.counts === 'records' ? row.recordRate : row.byteRate;
  // A file that has ended keeps its rate.
  const rate = meter.perSecond(row.endedAt ?? now);
  if (rate === undefined) return '';
  return row.counts === 'records' ? `${formatCount(rate)}/s` : `${formatBytes(rate)}/s`;
};

const endingOf = (row: Row, share: number | undefined, now: number): string => {
  if (row.state === 'finished') return `in ${formatDuration((row.endedAt! - row.startedAt) / 1000)}`;
  if (row.state !== 'running') return row.state;
  if (row.retryAt !== undefined && row.retryAt > now) return `retry in ${formatDuration((row.retryAt - now) / 1000)}`;
  const rate = row.byteRate.perSecond(now);
  if (share === undefined || !rate) return '';
  return `${formatDuration((row.bytesTotal! - row.bytes) / rate)} left`;
};
