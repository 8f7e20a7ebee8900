import { z } from 'zod';
import { InvalidMarkerError, UnsupportedMetadataVersionError } from './errors.js';
import type { StateMarker } from './marker.js';

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
});

const fileProgress = z.looseObject({
  status,
  records_extracted: count,
  messages_published: count,
  batches_sent: count,
  started_at: time,
  completed_at: time,
  source_checksum: z.string().nullable(),
  undelivered: count.optional(),
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
    errors,
  }),
  publishing_phase: z.looseObject({
    status,
    messages_published: count,
    batches_sent: count,
    errors,
    last_amqp_heartbeat: time,
    sink: z.string().optional(),
  }),
  summary: z.looseObject({
    overall_status: status,
    total_duration_seconds: z.number().nonnegative().nullable(),
    files_by_type: z.record(z.string(), status),
  }),
});

/**
 * Reads a marker's text. Unknown fields are kept where they stand. Fields that earlier extractors did not have yet
 * (`downloads_by_file`, a file's `batches_sent`, `checksum` and `source_checksum`) are added with what they mean
 * when absent: nothing, 0, not known.
 *
 * @throws {@link InvalidMarkerError}, {@link UnsupportedMetadataVersionError}
 */
export function parseMarker(text: string): StateMarker {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidMarkerError([{ path: '', message: 'not JSON, or cut short' }], { cause });
  }
  // What a newer program wrote need not look like ours in anything but this field.
  if (isObject(value) && isFuture(value['metadata_version'])) {
    throw new UnsupportedMetadataVersionError(value['metadata_version']);
  }
  return validateMarker(withAbsentFields(value));
}

/**
 * The text of a marker as it is stored: the fields in their order, indented by 2 spaces, and no newline at the end,
 * so that the last byte is the closing brace and a text cut anywhere is no JSON. The other extractors do the same.
 *
 * @throws {@link InvalidMarkerError}: what is not a marker is never stored.
 */
export function serializeMarker(marker: StateMarker): string {
  return JSON.stringify(validateMarker(marker), null, 2);
}

/** Gives the value itself back, not the schema's copy, whose unknown fields stand after the known ones. */
function validateMarker(value: unknown): StateMarker {
  const result = markerSchema.safeParse(value);
  if (!result.success) {
    throw new InvalidMarkerError(
      result.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
      { cause: result.error },
    );
  }
  return value as StateMarker;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isFuture = (metadataVersion: unknown): metadataVersion is string =>
  typeof metadataVersion === 'string' && Number(/^([0-9]+)(?:\.|$)/.exec(metadataVersion)?.[1] ?? 0) > 1;

function withAbsentFields(value: unknown): unknown {
  return change(
    change(value, 'download_phase', (phase) =>
      change(withDefaults(phase, { downloads_by_file: {} }), 'downloads_by_file', (files) =>
        changeEach(files, (file) => withDefaults(file, { checksum: null })),
      ),
    ),
    'processing_phase',
    (phase) =>
      change(phase, 'progress_by_file', (files) =>
        changeEach(files, (file) => withDefaults(file, { batches_sent: 0, source_checksum: null })),
      ),
  );
}

const withDefaults = (value: unknown, defaults: Record<string, unknown>): unknown => {
  if (!isObject(value)) return value;
  const absent = Object.entries(defaults).filter(([key]) => !Object.hasOwn(value, key));
  return absent.length === 0 ? value : { ...value, ...Object.fromEntries(absent) };
};

const change = (value: unknown, key: string, edit: (inner: unknown) => unknown): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? { ...value, [key]: edit(value[key]) } : value;

const changeEach = (value: unknown, edit: (inner: unknown) => unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, edit(inner)])) : value;
