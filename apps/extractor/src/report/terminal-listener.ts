import { createLogUpdate } from 'log-update';
import type { RunListener } from '../events/run-events.js';
import { createProgressRows } from './progress-rows.js';
import { summaryOf } from './terminal-summary.js';

/** Time between two redraws, in milliseconds. */
const REDRAW_INTERVAL_MS = 100;

/** Progress bars on a terminal. */
export interface TerminalProgress {
  readonly onEvent: RunListener;
  /** Prints a line above the bars. */
  readonly print: (text: string) => void;
  /** Leaves the bars as they are and restores the terminal. */
  readonly stop: () => void;
}

/**
 * A bar for each file that is downloaded or extracted, with percentage, rate and time left, and a summary at the end of
 * each run. The cursor is hidden meanwhile, and restored however the process ends, except by SIGKILL.
 */
export const createTerminalProgress = (stream: NodeJS.WriteStream = process.stderr): TerminalProgress => {
  const drawing = createLogUpdate(stream);
  const rows = createProgressRows();
  let timer: NodeJS.Timeout | undefined;

  const draw = (): void => {
    const lines = rows.lines(stream.columns || 80, performance.now());
    if (lines.length > 0) drawing(lines.join('\n'));
  };
  const finish = (): void => {
    clearInterval(timer);
    if (timer) draw();
    timer = undefined;
    rows.clear();
    drawing.done();
  };

  return {
    onEvent: (event) => {
      rows.update(event, performance.now());
      if (event.type === 'dump-finished') {
        finish();
        stream.write(`\n${summaryOf(event)}\n`);
      } else if (event.type === 'run-failed') {
        finish();
      } else if (event.type === 'download-started' || event.type === 'file-started') {
        timer ??= setInterval(draw, REDRAW_INTERVAL_MS).unref();
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
    stop: finish,
  };
};
