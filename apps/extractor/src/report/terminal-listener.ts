import { MultiBar, type SingleBar } from 'cli-progress';
import type { RunListener } from './run-events.js';

const BAR_FORMAT = '{name} {bar} {percentage}%  {records}  {rate}/s  {left} left';
const MEGABYTE = 1_000_000;

/** Bars for a person at a terminal. */
export interface TerminalBars {
  readonly listen: RunListener;
  /** Prints a line above the bars. */
  readonly print: (text: string) => void;
  /** Leaves the bars as they are and gives the terminal back. */
  readonly stop: () => void;
}

interface Row {
  readonly bar: SingleBar;
  readonly startedAt: number;
  readonly startedWith: number;
  readonly startedBytes: number;
}

const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

/** One bar for each file that is fetched or extracted, with percent, rate and time left, on standard error. */
export const createTerminalBars = (): TerminalBars => {
  const bars = new MultiBar({
    format: BAR_FORMAT,
    barsize: 24,
    hideCursor: true,
    clearOnComplete: false,
    autopadding: true,
    stopOnComplete: false,
    // Off a terminal (the demo's output piped, say) a line now and then takes the bars' place.
    noTTYOutput: true,
    notTTYSchedule: 2000,
    stream: process.stderr,
  });
  const rows = new Map<string, Row>();
  let stopped = false;

  const begin = (key: string, name: string, total: number, value: number, count: number): void => {
    const bar = bars.create(Math.max(total, 1), value, { name: name.padEnd(18), records: '', rate: '–', left: '–' });
    rows.set(key, { bar, startedAt: performance.now(), startedWith: count, startedBytes: value });
  };
  const advance = (key: string, bytes: number, total: number, count: number, unit: string): void => {
    const row = rows.get(key);
    if (!row) return;
    const seconds = (performance.now() - row.startedAt) / 1000;
    const bytesPerSecond = (bytes - row.startedBytes) / seconds;
    row.bar.setTotal(Math.max(total, bytes, 1));
    row.bar.update(bytes, {
      records: `${count.toLocaleString('en')} ${unit}`,
      rate: Math.round((count - row.startedWith) / seconds).toLocaleString('en'),
      left: duration((total - bytes) / bytesPerSecond),
    });
  };
  const end = (key: string): void => {
    const row = rows.get(key);
    if (!row) return;
    row.bar.update(row.bar.getTotal(), { left: '0:00' });
    row.bar.stop();
    rows.delete(key);
  };

  return {
    listen: (event) => {
      if (stopped) return;
      if (event.type === 'download-started') {
        const name = `fetch ${event.file.replace(/^discogs_\d+_|\.xml\.gz$/g, '')}`;
        begin(`fetch ${event.file}`, name, event.bytesTotal ?? 0, 0, 0);
      } else if (event.type === 'download-progress') {
        const total = event.bytesTotal ?? event.bytes;
        advance(`fetch ${event.file}`, event.bytes, total, Math.round(event.bytes / MEGABYTE), 'MB');
      } else if (event.type === 'download-finished') {
        end(`fetch ${event.file}`);
      } else if (event.type === 'file-started') {
        begin(event.file, event.dataType, event.bytesTotal, event.bytesRead, event.records);
      } else if (event.type === 'file-progress') {
        advance(event.file, event.bytesRead, event.bytesTotal, event.records, 'records');
      } else if (event.type === 'file-finished' && event.outcome === 'completed') {
        end(event.file);
      }
    },
    print: (text) => {
      if (stopped || rows.size === 0) process.stderr.write(text);
      else bars.log(text);
    },
    stop: () => {
      if (stopped) return;
      stopped = true;
      bars.stop();
    },
  };
};
