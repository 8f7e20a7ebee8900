import { createLogUpdate } from 'log-update';
import type { RunListener } from '../events/run-events.js';
import { createProgressRows } from './progress-rows.js';
import { summaryOf } from './terminal-summary.js';

/** Time between two drawings, in milliseconds. */
const REDRAW_MS = 100;

/** Progress for a person at a terminal. */
export interface TerminalProgress {
  readonly listen: RunListener;
  /** Prints a line above the bars. */
  readonly print: (text: string) => void;
  /** Leaves the bars as they are and gives the terminal back. */
  readonly stop: () => void;
}

/**
 * A bar for each file that is fetched or extracted, with percent, rate and time left, and a summary at the end of each pass.
 * The cursor, hidden meanwhile, comes back however the process ends, SIGKILL aside.
 */
export const createTerminalProgress = (stream: NodeJS.WriteStream = process.stderr): TerminalProgress => {
  const drawing = createLogUpdate(stream);
  const rows = createProgressRows();
  let timer: NodeJS.Timeout | undefined;

  const draw = (): void => {
    const lines = rows.lines(stream.columns || 80, performance.now());
    if (lines.length > 0) drawing(lines.join('\n'));
  };
  const settle = (): void => {
    clearInterval(timer);
    if (timer) draw();
    timer = undefined;
    rows.clear();
    drawing.done();
  };

  return {
    listen: (event) => {
      rows.update(event, performance.now());
      if (event.type === 'pass-finished') {
        settle();
        stream.write(`\n${summaryOf(event)}\n`);
      } else if (event.type === 'pass-failed') {
        settle();
      } else if (event.type === 'download-started' || event.type === 'file-started') {
        timer ??= setInterval(draw, REDRAW_MS).unref();
      }
    },
    print: (text) => {
      if (!timer) {
        stream.write(text);
        return;
      }
      drawing.clear();
      stream.write(text);
      draw();
    },
    stop: settle,
  };
};
