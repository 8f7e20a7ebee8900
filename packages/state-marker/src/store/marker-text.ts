import * as z from 'zod';
import { invalidMarkerError, StateMarkerError } from '../errors.js';
import type { StateMarker } from '../marker.js';

const status = z.enum(['pending', 'in_progress', 'completed', 'failed']);
const count = z.int().nonnegative();
// The Rust extractor writes nanoseconds and `Z`, the Python one microseconds (or none) and `+00:00`.
const time = z.iso.datetime({ offset: true, local: true }).nullable();
const errors = z.array(z.string());

const fileDownload = z.looseObject({
  status,
  bytes_downloaded: count,
  started_at: time,
  completed_at: time,
  checksum: z.string().nullable(),
  unverified: z.boolean().optional(),
});

const fileProgress = z.looseObject({
  status,
  records_extracted: count,
  messages_published: count,
  omitted: count.optional(),
  batches_sent: count,
  started_at: time,
  completed_at: time,
  source_checksum: z.string().nullable(),
  undelivered: count.optional(),
  destination: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
  checkpoint: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  annotations: z.record(z.string(), z.unknown()).optional(),
  restart_reason: z.string().optional(),
});

const markerSchema = z.looseObject({
  metadata_version: z.string().regex(/^1\.[0-9]+$/),
  last_updated: time.unwrap(),
  current_version: z.string().regex(/^[0-9]{8}$/),
  download_phase: z.looseObject({
    status,
    started_at: time,
    completed_at: time,
    files_downloaded: count,
    files_total: count,
    bytes_downloaded: count,
    downloads_by_file: z.record(z.string(), fileDownload),
    errors,
  }),
  processing_phase: z.looseObject({
    status,
    started_at: time,
    completed_at: time,
    files_processed: count,
    files_total: count,
    records_extracted: count,
    current_file: z.string().nullable(),
    progress_by_file: z.record(z.string(), fileProgress),
    delivered_before: z.record(z.string(), count).optional(),
    errors,
  }),
  publishing_phase: z.looseObject({
    status,
    messages_published: count,
    batches_sent: count,
    errors,
    last_amqp_heartbeat: time,
    sink: z.string().optional(),
    resend: z.array(z.string()).optional(),
    extraction_complete: z.looseObject({ sent_at: time, withheld_because: errors.optional() }).optional(),
  }),
  summary: z.looseObject({
    overall_status: status,
    total_duration_seconds: z.number().nonnegative().nullable(),
    files_by_type: z.record(z.string(), status),
  }),
});

/**
 * Reads a marker's text. Unknown fields are kept in place. Fields that earlier extractors did not write yet
 * (`downloads_by_file`; a file's `batches_sent`, `checksum` and `source_checksum`) are added with the value that their
 * absence means: empty, 0, unknown.
 *
 * @throws {@link StateMarkerError} `INVALID_MARKER`, `UNSUPPORTED_METADATA_VERSION`
 */
export const parseMarker = (text: string): StateMarker => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidMarkerError([{ path: '', message: 'not JSON, or truncated' }], cause);
  }
  // In a newer program's marker only this field has to be like ours.
  if (isObject(value) && isFuture(value['metadata_version'])) {
    const metadataVersion = value['metadata_version'];
    const message = `The marker has metadata_version ${JSON.stringify(metadataVersion)}; this program reads only 1.x`;
    throw new StateMarkerError('UNSUPPORTED_METADATA_VERSION', `${message}. Use the program that wrote it`, {
      facts: { metadataVersion },
    });
  }
  return validateMarker(addAbsentFields(value));
};

/**
 * A marker's text as it is stored: the fields in their order, indented by 2 spaces, without a newline at the end, so
 * that the last byte is the closing brace and no truncated text is valid JSON. The other extractors do the same.
 *
 * @throws {@link StateMarkerError} `INVALID_MARKER`: an invalid marker is never stored
 */
export const serializeMarker = (marker: StateMarker): string => JSON.stringify(validateMarker(marker), null, 2);

/** Returns the value itself, not the schema's copy, which has the unknown fields after the known ones. */
const validateMarker = (value: unknown): StateMarker => {
  const result = markerSchema.safeParse(value);
  if (!result.success) {
    throw invalidMarkerError(
      result.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
      result.error,
    );
  }
  return value as StateMarker;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isFuture = (metadataVersion: unknown): metadataVersion is string =>
  typeof metadataVersion === 'string' && Number(/^([0-9]+)(?:\.|$)/.exec(metadataVersion)?.[1] ?? 0) > 1;

const addAbsentFields = (value: unknown): unknown =>
  updateField(
    updateField(value, 'download_phase', (phase) =>
      updateField(addDefaults(phase, { downloads_by_file: {} }), 'downloads_by_file', (files) =>
        updateEach(files, (file) => addDefaults(file, { checksum: null })),
      ),
    ),
    'processing_phase',
    (phase) =>
      updateField(phase, 'progress_by_file', (files) =>
        updateEach(files, (file) => addDefaults(file, { batches_sent: 0, source_checksum: null })),
      ),
  );

const addDefaults = (value: unknown, defaults: Record<string, unknown>): unknown => {
  if (!isObject(value)) return value;
  const absent = Object.entries(defaults).filter(([key]) => !Object.hasOwn(value, key));
  return absent.length === 0 ? value : { ...value, ...Object.fromEntries(absent) };
};

const updateField = (value: unknown, key: string, update: (inner: unknown) => unknown): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? { ...value, [key]: update(value[key]) } : value;

const updateEach = (value: unknown, update: (inner: unknown) => unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, update(inner)])) : value;
