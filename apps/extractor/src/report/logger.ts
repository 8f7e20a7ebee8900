import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from '../config/progress-settings.js';

export type { Logger } from 'pino';

/** The level names of LOG_LEVEL and of the log lines, and pino's. */
const PINO_LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error', CRITICAL: 'fatal' } as const;
const LEVEL_NAMES: Readonly<Record<string, LogLevel>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

/**
 * JSON lines `{"level":"INFO","timestamp":"2026-01-31T12:34:56.789Z","service":"extractor",…,"message":"🚀 …"}`.
 * Writes are synchronous, so that the last lines before an exit are not lost.
 */
export const createLogger = (level: LogLevel, destination: DestinationStream): Logger =>
  pino(
    {
      level: PINO_LEVELS[level],
      base: { service: 'extractor' },
      messageKey: 'message',
      timestamp: () => stdTimeFunctions.isoTime().replace('"time"', '"timestamp"'),
      formatters: { level: (label) => ({ level: LEVEL_NAMES[label] ?? label }) },
    },
    destination,
  );

/** Bytes of lines that wait to be written; more lines are dropped, so that a full disk does not fill the memory. */
const MAX_BUFFERED_BYTES = 1 << 20;

/** Standard output, written synchronously. Calls `onError` for each line that cannot be written. */
export const createStandardOutput = (onError: (error: Error) => void): DestinationStream => {
  const stream = destination({ dest: 1, sync: true, maxLength: MAX_BUFFERED_BYTES });
  stream.on('error', onError);
  return stream;
};

/**
 * Turns the JSON lines of the log into short ones for people: time, message, and the fields of warnings and errors.
 *
 * @param timeOf - the part of the ISO timestamp that is shown
 */
export const createTextDestination = (
  write: (text: string) => void,
  timeOf: (timestamp: string) => string,
): DestinationStream => ({
  write: (line) => {
    const { level, timestamp, message, service: _, ...facts } = JSON.parse(line) as Record<string, unknown>;
    const shown = level === 'INFO' ? [] : Object.entries(facts);
    const details = shown
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' ');
    const name = level === 'INFO' ? '' : `${String(level)} `;
    write(`${timeOf(String(timestamp))} ${name}${String(message)}${details ? `  ${details}` : ''}\n`);
  },
});
