import type { ReadProgress } from '@discogs-extractor/parser';
import { createLogUpdate } from 'log-update';
import { formatBytes, formatDuration, formatRecords } from '../report/format.js';
import { createRateMeter } from '../status/rate.js';

/** Time between two redraws, in milliseconds. */
const REDRAW_INTERVAL_MS = 200;

/** One line that shows how far `parse` is, and the messages above it. */
export interface ParseProgress {
  /** Starts a file: what is drawn from now on is about it. */
  readonly begin: (name: string) => void;
  readonly update: (progress: ReadProgress) => void;
  /** Prints a line of text. */
  readonly print: (text: string) => void;
  /** Removes the line, and restores the terminal. */
  readonly end: () => void;
}

/** Messages alone, for a standard error that is not a terminal, or that the records are printed to as well. */
const withoutLine = (stream: NodeJS.WriteStream): ParseProgress => ({
  begin: () => {},
  update: () => {},
  print: (text) => stream.write(`${text}\n`),
  end: () => {},
});

/** @param isOutputTerminal - whether the records are printed to a terminal */
export const createParseProgress = (
  isOutputTerminal: boolean,
  stream: NodeJS.WriteStream = process.stderr,
): ParseProgress => {
  const canDraw = stream.isTTY && (stream.columns ?? 0) > 0 && process.env['TERM'] !== 'dumb';
  if (!canDraw || isOutputTerminal) return withoutLine(stream);
  const drawing = createLogUpdate(stream);
  let name = '';
  let rate = createRateMeter();
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    begin: (file) => {
      name = file;
      rate = createRateMeter();
      rate.add(0, performance.now());
      drawnAt = Number.NEGATIVE_INFINITY;
    },
    update: (progress) => {
      const now = performance.now();
      rate.add(progress.sourceBytes, now);
      if (now - drawnAt < REDRAW_INTERVAL_MS) return;
      drawnAt = now;
      drawing(progressLine(name, progress, rate.perSecond(now)).slice(0, stream.columns - 1));
    },
    print: (text) => {
      drawing.clear();
      stream.write(`${text}\n`);
    },
    end: () => {
      drawing.clear();
      drawing.done();
    },
  };
};

const progressLine = (name: string, progress: ReadProgress, bytesPerSecond: number | undefined): string => {
  const { sourceBytes, sourceSize, records } = progress;
  const share = sourceSize ? sourceBytes / sourceSize : undefined;
  const left = share !== undefined && bytesPerSecond ? (sourceSize! - sourceBytes) / bytesPerSecond : undefined;
  return [
    name,
    // Rounded down, so that 100 % means that all was read.
    share === undefined ? formatBytes(sourceBytes) : `${Math.floor(100 * share)} %`,
    formatRecords(records),
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(left === undefined ? [] : [`${formatDuration(left)} left`]),
  ].join('  ');
};
