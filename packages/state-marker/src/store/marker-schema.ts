import type { MarkerIssue } from '../errors.js';

/**
 * Adds an issue for each place in which a value is not as it should be. Written by hand, because loading a library of
 * schemas takes longer than everything else that a short-lived program such as `discogs-extractor status` does.
 */
type Check = (value: unknown, path: string, issues: MarkerIssue[]) => void;

/** What an absent field needs if it may be absent. */
const OPTIONAL: unique symbol = Symbol('optional');
type FieldCheck = Check & { readonly [OPTIONAL]?: true };

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
};

const rule =
  (expected: string, isValid: (value: unknown) => boolean): Check =>
  (value, path, issues) => {
    if (isValid(value)) return;
    const isShown = typeof value === 'string' || typeof value === 'number';
    const found = value === undefined ? 'nothing' : isShown ? JSON.stringify(value) : typeOf(value);
    issues.push({ path, message: `expected ${expected}, found ${found}` });
  };

const orNull =
  (check: Check): Check =>
  (value, path, issues) => {
    if (value !== null) check(value, path, issues);
  };

const optional = (check: Check): FieldCheck =>
  Object.assign<Check, { readonly [OPTIONAL]: true }>((...args) => check(...args), { [OPTIONAL]: true });

const child = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

const isObject = (value: unknown): value is Record<string, unknown> => typeOf(value) === 'object';

const isAnObject = rule('an object', isObject);

/** An object with these fields, and any others. */
const object =
  (fields: Readonly<Record<string, FieldCheck>>): Check =>
  (value, path, issues) => {
    if (!isObject(value)) return isAnObject(value, path, issues);
    for (const [key, check] of Object.entries(fields)) {
      const inner = Object.hasOwn(value, key) ? value[key] : undefined;
      if (inner !== undefined || !check[OPTIONAL]) check(inner, child(path, key), issues);
    }
  };

/** An object with any keys, each with such a value. */
const record =
  (check: Check): Check =>
  (value, path, issues) => {
    if (!isObject(value)) return isAnObject(value, path, issues);
    for (const [key, inner] of Object.entries(value)) check(inner, child(path, key), issues);
  };

const STATUSES: ReadonlySet<unknown> = new Set(['pending', 'in_progress', 'completed', 'failed']);
const status = rule('a status', (value) => STATUSES.has(value));

const count = rule('a whole number from 0', (value) => Number.isSafeInteger(value) && (value as number) >= 0);

const text = rule('a text', (value) => typeof value === 'string');

const matches = (expected: string, pattern: RegExp): Check =>
  rule(expected, (value) => typeof value === 'string' && pattern.test(value));

const TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/;

/** The Rust extractor writes nanoseconds and `Z`, the Python one microseconds (or none) and `+00:00`. */
const isTime = (value: unknown): boolean => {
  const [, year, month, day] = (typeof value === 'string' && TIME.exec(value)) || [];
  // Day 0 of the next month is the last of this one.
  return day !== undefined && Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
};
const anyTime = rule('an ISO 8601 time', isTime);
const time = orNull(anyTime);

const errors = rule(
  'a list of texts',
  (value) => Array.isArray(value) && value.every((error) => typeof error === 'string'),
);

const seconds = rule('a number from 0', (value) => Number.isFinite(value) && (value as number) >= 0);

const fileDownload = object({
  status,
  bytes_downloaded: count,
  started_at: time,
  completed_at: time,
  checksum: orNull(text),
});

const fileProgress = object({
  status,
  records_extracted: count,
  messages_published: count,
  batches_sent: count,
  started_at: time,
  completed_at: time,
  source_checksum: orNull(text),
  undelivered: optional(count),
});

const marker = object({
  metadata_version: matches('a version 1.x', /^1\.[0-9]+$/),
  last_updated: anyTime,
  current_version: matches('the version of a dump, YYYYMMDD', /^[0-9]{8}$/),
  download_phase: object({
    status,
    started_at: time,
    completed_at: time,
    files_downloaded: count,
    files_total: count,
    bytes_downloaded: count,
    downloads_by_file: record(fileDownload),
    errors,
  }),
  processing_phase: object({
    status,
    started_at: time,
    completed_at: time,
    files_processed: count,
    files_total: count,
    records_extracted: count,
    current_file: orNull(text),
    progress_by_file: record(fileProgress),
    errors,
  }),
  publishing_phase: object({
    status,
    messages_published: count,
    batches_sent: count,
    errors,
    last_amqp_heartbeat: time,
    sink: optional(text),
  }),
  summary: object({
    overall_status: status,
    total_duration_seconds: orNull(seconds),
    files_by_type: record(status),
  }),
});

/** What is wrong with a value as a state marker; nothing if it is one. */
export const findMarkerIssues = (value: unknown): readonly MarkerIssue[] => {
  const issues: MarkerIssue[] = [];
  marker(value, '', issues);
  return issues;
};
