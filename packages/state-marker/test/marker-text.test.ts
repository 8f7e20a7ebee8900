import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  completeFile,
  createMarker,
  decide,
  parseMarker,
  planFile,
  restartFile,
  type StateMarker,
  serializeMarker,
  startProcessing,
} from '../src/index.js';
import {
  ARTISTS,
  at,
  countsOf,
  fileOf,
  LABELS,
  MASTERS,
  processingMarker,
  RELEASES,
  T0,
  VERSION,
  withStartedFile,
} from './sample-markers.js';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}.marker`, import.meta.url), 'utf8');

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('markers of other extractors', () => {
  test.each(['rust-in-progress', 'rust-completed', 'python-completed'])(
    '%s: parsing adds only the absent fields',
    (name) => {
      const marker = JSON.parse(JSON.stringify(parseMarker(fixture(name))), (key, value) =>
        key === 'checksum' || key === 'source_checksum' ? undefined : value,
      );
      expect(marker).toEqual(JSON.parse(fixture(name)));
    },
  );

  test.each(['rust-completed', 'python-completed'])('%s: the version and its files are skipped', (name) => {
    const marker = parseMarker(fixture(name));
    expect(decide({ status: 'found', marker })).toMatchObject({ action: 'skip', reason: 'completed' });
    expect(planFile(marker, LABELS, 'aa').action).toBe('skip');
  });

  test.each(['rust-in-progress', 'early-in-progress'])(
    '%s: completed files are skipped, others are started again',
    (name) => {
      let marker = parseMarker(fixture(name));
      expect(decide({ status: 'found', marker })).toMatchObject({
        action: 'continue',
        reason: 'processing_in_progress',
      });
      expect(planFile(marker, LABELS, 'aa')).toMatchObject({ action: 'skip' });
      expect(planFile(marker, ARTISTS, 'aa')).toMatchObject({ action: 'restart', reason: 'checksum_unknown' });
      expect(planFile(marker, RELEASES, 'aa')).toMatchObject({ action: 'start' });
      marker = startProcessing(marker, [ARTISTS, LABELS, MASTERS, RELEASES], T0);
      marker = restartFile(marker, ARTISTS, { checksum: 'aa' }, T0);
      marker = completeFile(marker, ARTISTS, countsOf(7), at(1));
      expect(marker.processing_phase).toMatchObject({
        files_processed: 2,
        files_total: 4,
        records_extracted: 2_300_007,
      });
      expect(marker.summary.files_by_type).toEqual({
        labels: 'completed',
        artists: 'completed',
        masters: 'pending',
        releases: 'pending',
      });
    },
  );

  test('an early marker gets the fields that it lacks', () => {
    const marker = parseMarker(fixture('early-in-progress'));
    expect(marker.download_phase.downloads_by_file).toEqual({});
    expect(fileOf(marker, LABELS)).toMatchObject({ batches_sent: 0, source_checksum: null });
  });

  test('our marker has every field that the Rust extractor requires', () => {
    const keys = (value: unknown, path = ''): string[] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).flatMap(([key, inner]) => [`${path}.${key}`, ...keys(inner, `${path}.${key}`)])
        : [];
    const rust = JSON.parse(fixture('rust-in-progress')) as StateMarker;
    const ours = withStartedFile(processingMarker([ARTISTS, LABELS, MASTERS, RELEASES]), ARTISTS, 100, 70);
    expect(keys(JSON.parse(serializeMarker(ours)))).toEqual(expect.arrayContaining(keys(rust)));
  });
});

describe('the text of a marker', () => {
  test('is indented by two spaces and ends with the closing brace', () => {
    const text = serializeMarker(createMarker(VERSION, T0));
    expect(text).toMatch(/^\{\n {2}"metadata_version": "1\.0",\n {2}"last_updated": "2026-01-31T12:00:00\.000Z",\n/);
    expect(text.endsWith('\n}')).toBe(true);
    expect(serializeMarker(parseMarker(text))).toBe(text);
  });

  test('keeps unknown fields in place after transitions', () => {
    const text = serializeMarker(withStartedFile(processingMarker(), ARTISTS, 100, 70))
      .replace('"metadata_version"', '"first": [0.5, {"a": null}], "metadata_version"')
      .replaceAll('"status"', '"before": 1, "status"')
      .replace('"source_checksum"', '"between": {}, "source_checksum"')
      .replace('"overall_status"', '"__proto__": "own", "overall_status"')
      .replace(/\}$/, ', "last": true}');
    const before = parseMarker(text);
    expect(JSON.stringify(before)).toBe(JSON.stringify(JSON.parse(text)));
    const after = completeFile(startProcessing(before, [ARTISTS, LABELS], T0), ARTISTS, countsOf(100), T0);
    const keysOf = (marker: StateMarker) => JSON.stringify(marker).match(/"[^"]+":/g);
    expect(keysOf(parseMarker(serializeMarker(after)))).toEqual(keysOf(before));
  });

  const replaced = (from: string, to: string) =>
    serializeMarker(withStartedFile(processingMarker(), ARTISTS, 100)).replace(from, to);

  test.each([
    ['no content', ''],
    ['another value', '42'],
    ['an unknown status', replaced('"in_progress"', '"paused"')],
    ['a negative number', replaced('"batches_sent": 0', '"batches_sent": -1')],
    ['a fraction', replaced('"batches_sent": 0', '"batches_sent": 0.5')],
    ['a number as a string', replaced('"batches_sent": 0', '"batches_sent": "0"')],
    ['an invalid time', replaced('2026-01-31T12:00:00.000Z', 'yesterday')],
    ['an invalid version', replaced('"20260101"', '"2026"')],
    ['no metadata_version', replaced('"metadata_version"', '"x"')],
    ['a metadata_version before 1.0', replaced('"1.0"', '"0.9"')],
    ['a phase missing', replaced('"publishing_phase"', '"x"')],
    ['an object as the list of errors', replaced('"errors": []', '"errors": {}')],
  ])('is rejected with %s', (_, text) => {
    expect(() => parseMarker(text)).toThrow(code('INVALID_MARKER'));
  });

  test('an error lists the invalid fields', () => {
    const text = replaced('"batches_sent": 0', '"batches_sent": -1');
    expect(() => parseMarker(text)).toThrow(
      expect.objectContaining({
        facts: {
          issues: [expect.objectContaining({ path: `processing_phase.progress_by_file.${ARTISTS}.batches_sent` })],
        },
      }),
    );
  });

  test('of a later 1.x is parsed; a later major version is an error of its own', () => {
    expect(parseMarker(replaced('"1.0"', '"1.7"')).metadata_version).toBe('1.7');
    for (const version of ['2.0', '2', '10.1', '2.0-beta']) {
      expect(() => parseMarker(replaced('"1.0"', `"${version}"`))).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_METADATA_VERSION', facts: { metadataVersion: version } }),
      );
    }
  });
});
