import * as z from 'zod';
import { setting } from './setting.js';
import { lowerCase, numeric, wholeNumber } from './value-schemas.js';

export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['auto', 'json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const PROGRESS_SETTINGS = {
  maxMalformedRecords: setting<number>({
    env: 'MAX_MALFORMED_RECORDS',
    toml: 'max_malformed_records',
    about: 'malformed records that a file may have; with more, it fails',
    details:
      'Malformed records are kept in the folder "quarantine" in DISCOGS_ROOT. So are records that the broker does not ' +
      'take, which count as well. With 0, the first of either makes the file fail.',
    accepts: 'a whole number from 0 to 1000000000',
    schema: wholeNumber(0, 1_000_000_000),
    defaultValue: () => 100,
  }),
  maxLeftOut: setting<number>({
    env: 'MAX_LEFT_OUT',
    toml: 'max_left_out',
    about: 'places with content outside of records that a file may have; with more, it fails',
    details:
      'Such content is not delivered, and can be what is left of a record. A file that fails gets no file_complete.',
    accepts: 'a whole number from 0 to 1000000000',
    schema: wholeNumber(0, 1_000_000_000),
    defaultValue: () => 0,
  }),
  minRecordsPercent: setting<number>({
    env: 'MIN_RECORDS_PERCENT',
    toml: 'min_records_percent',
    flag: '--min-records-percent',
    about: 'records that a file must have, in percent of those delivered before; 0: no check',
    details: 'A file with fewer fails before its file_complete is sent.',
    accepts: 'a percentage from 0 to 100; 0 turns the check off',
    schema: z.preprocess(numeric, z.number().min(0).max(100)),
    defaultValue: () => 50,
  }),
  stateSaveInterval: setting<number>({
    env: 'STATE_SAVE_INTERVAL',
    toml: 'state_save_interval',
    about: 'records between two saves of the progress',
    details: 'The amqp sink saves after a quarter of QUEUE_SIZE, if that is less.',
    accepts: 'a whole number of records from 1 to 1000000000',
    schema: wholeNumber(1, 1_000_000_000),
    defaultValue: () => 5000,
  }),
  batchSize: setting<number>({
    env: 'BATCH_SIZE',
    toml: 'batch_size',
    about: 'messages that count as one batch in batches_sent of the saved progress',
    details: 'It does not change how messages are sent.',
    accepts: 'a whole number from 1 to 1000000',
    schema: wholeNumber(1, 1_000_000),
    defaultValue: () => 100,
  }),
  stallWarningSeconds: setting<number>({
    env: 'STALL_WARNING_SECONDS',
    toml: 'stall_warning_seconds',
    about: 'seconds without progress after which a file is warned about',
    details: 'The warning is repeated each time the wait has doubled.',
    accepts: 'a number of seconds above 0, up to 86400',
    schema: z.preprocess(numeric, z.number().positive().max(86_400)),
    defaultValue: () => 120,
  }),
  progressLogInterval: setting<number>({
    env: 'PROGRESS_LOG_INTERVAL',
    toml: 'progress_log_interval',
    about: 'records between two progress lines of a file in the log',
    details: 'The lines are at least a second apart.',
    accepts: 'a whole number of records from 1 to 1000000000',
    schema: wholeNumber(1, 1_000_000_000),
    defaultValue: () => 1000,
  }),
  logLevel: setting<LogLevel>({
    env: 'LOG_LEVEL',
    toml: 'log_level',
    about: `lowest level to log: ${LOG_LEVELS.join(', ')}`,
    details: 'In upper or lower case; WARN means WARNING.',
    accepts: `one of ${LOG_LEVELS.join(', ')}`,
    schema: z.preprocess((value) => {
      const level = typeof value === 'string' ? value.trim().toUpperCase() : value;
      return level === 'WARN' ? 'WARNING' : level;
    }, z.enum(LOG_LEVELS)),
    defaultValue: () => 'INFO',
  }),
  logFormat: setting<LogFormat>({
    env: 'LOG_FORMAT',
    toml: 'log_format',
    about: 'form of log lines: json, text for people, or auto (text in a terminal, else json)',
    details: 'A terminal that can draw them shows progress bars too, unless it is json.',
    accepts: `one of ${LOG_FORMATS.join(', ')}`,
    schema: z.preprocess(lowerCase, z.enum(LOG_FORMATS)),
    defaultValue: () => 'auto',
  }),
} as const;
