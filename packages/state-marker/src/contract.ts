import assert from 'node:assert/strict';
import type { StateMarkerError, StateMarkerErrorCode } from './errors.js';
import type { FileProgress, StateMarker } from './marker.js';
import type { LoadResult, MarkerStore } from './store/marker-store.js';
import { serializeMarker } from './store/marker-text.js';
import { startDownload } from './transitions/download.js';
import { advanceFile, startFile, startProcessing } from './transitions/processing.js';
import { createMarker } from './transitions/run.js';

/** A store under test, and access to its storage. */
export interface MarkerStoreHarness {
  /** An empty store. */
  readonly store: MarkerStore;
  /** Opens another store over the same storage, as a restarted program does. */
  reopen(): Promise<MarkerStore>;
  /** Writes a text in place of a version's marker, bypassing the store, as a damaged disk would. */
  writeText(version: string, text: string): Promise<void>;
  /** Reads the text that is stored for a version; `undefined` if there is none. */
  readText(version: string): Promise<string | undefined>;
}

/** One rule that every store must keep. */
export interface MarkerStoreCase {
  readonly name: string;
  /**
   * Rejects if the store breaks the rule.
   *
   * @param createHarness - creates a new, empty storage each time
   */
  run(createHarness: () => Promise<MarkerStoreHarness>): Promise<void>;
}

const VERSION = '20260101';
const FILE = 'discogs_20260101_artists.xml.gz';
const NOW = new Date('2026-01-31T12:34:56.789Z');

/** The marker of a running extraction with `records` confirmed. */
const markerAt = (records: number, version = VERSION): StateMarker => {
  const processing = startProcessing(createMarker(version, NOW), [FILE], NOW);
  const started = startFile(processing, FILE, { checksum: 'aa' }, NOW);
  const progress = { recordsExtracted: records, messagesPublished: records, batchesSent: 0 };
  return advanceFile(started, FILE, progress, NOW);
};

const fileOf = (marker: StateMarker): FileProgress => {
  const file = marker.processing_phase.progress_by_file[FILE];
  assert.ok(file);
  return file;
};

const found = (result: LoadResult): StateMarker => {
  assert.equal(result.status, 'found');
  return (result as Extract<LoadResult, { status: 'found' }>).marker;
};

const recordsOf = (marker: StateMarker): number => marker.publishing_phase.messages_published;

const rejects = async (promise: Promise<unknown>, code: StateMarkerErrorCode): Promise<void> => {
  await assert.rejects(promise, (error: unknown) => {
    // By code and not by class: an implementation may have its own copy of this package.
    assert.ok(error instanceof Error, 'what is thrown is an Error');
    assert.equal((error as StateMarkerError).code, code);
    return true;
  });
};

const rule = (name: string, check: (harness: MarkerStoreHarness) => Promise<void>): MarkerStoreCase => ({
  name,
  run: async (createHarness) => {
    const harness = await createHarness();
    try {
      await check(harness);
    } finally {
      await harness.store.close();
    }
  },
});

/**
 * What every {@link MarkerStore} must do, as cases for any test runner:
 *
 * ```ts
 * for (const { name, run } of markerStoreContract) test(name, () => run(createHarness));
 * ```
 */
export const markerStoreContract: readonly MarkerStoreCase[] = [
  rule('has no marker and no version when it is new', async ({ store }) => {
    assert.deepEqual(await store.load(VERSION), { status: 'absent' });
    assert.deepEqual(await store.versions(), []);
  }),

  rule('returns the marker that was saved', async ({ store }) => {
    const marker = markerAt(7);
    await store.save(marker);
    assert.deepEqual(found(await store.load(VERSION)), marker);
  }),

  rule('keeps unknown fields in place at every level', async ({ store }) => {
    const marker = markerAt(7);
    const extended = {
      zeroth: [1, { two: null }],
      ...marker,
      summary: { note: 'first', ...marker.summary, last: true },
      processing_phase: {
        ...marker.processing_phase,
        progress_by_file: { [FILE]: { speed: 1.5, ...fileOf(marker), x: {} } },
      },
    };
    await store.save(extended);
    assert.equal(JSON.stringify(found(await store.load(VERSION))), JSON.stringify(extended));
  }),

  rule('shows a saved marker to another store over the same storage', async ({ store, reopen }) => {
    await store.save(markerAt(7));
    const other = await reopen();
    try {
      assert.equal(recordsOf(found(await other.load(VERSION))), 7);
      assert.deepEqual(await other.versions(), [VERSION]);
    } finally {
      await other.close();
    }
  }),

  rule('keeps versions apart and lists them, oldest first', async ({ store }) => {
    for (const [version, records] of [
      ['20260301', 3],
      ['20251201', 1],
      ['20260101', 2],
    ] as const) {
      await store.save(markerAt(records, version));
    }
    assert.deepEqual(await store.versions(), ['20251201', '20260101', '20260301']);
    assert.equal(recordsOf(found(await store.load('20251201'))), 1);
    assert.equal(recordsOf(found(await store.load('20260301'))), 3);
  }),

  rule('applies concurrent saves in the order of the calls', async ({ store, reopen }) => {
    const other = await reopen();
    try {
      const saves = Array.from({ length: 100 }, async (_, index) => {
        await store.save(markerAt(index));
        const durable = recordsOf(found(await other.load(VERSION)));
        assert.ok(durable >= index, `the save of ${index} resolved with ${durable} in the store`);
      });
      await Promise.all(saves);
      assert.equal(recordsOf(found(await other.load(VERSION))), 99);
    } finally {
      await other.close();
    }
  }),

  rule('loads the state of a save that was requested before', async ({ store }) => {
    await store.save(markerAt(1));
    const saved = store.save(markerAt(2));
    assert.equal(recordsOf(found(await store.load(VERSION))), 2);
    await saved;
  }),

  rule('saves the marker as it was when save was called', async ({ store }) => {
    const marker = structuredClone(markerAt(7)) as { last_updated: string } & StateMarker;
    const saved = store.save(marker);
    marker.last_updated = '1999-01-01T00:00:00.000Z';
    await saved;
    assert.equal(found(await store.load(VERSION)).last_updated, NOW.toISOString());
  }),

  rule('refuses versions that are not eight digits', async ({ store }) => {
    for (const version of ['', '2026', '202601011', '2026010a', '../20260', '20260101/', ' 20260101', '٢٠٢٦٠١٠١']) {
      await rejects(store.load(version), 'INVALID_VERSION');
      await rejects(store.save({ ...markerAt(1), current_version: version }), 'INVALID_MARKER');
    }
    assert.deepEqual(await store.versions(), []);
  }),

  rule('refuses to save an invalid marker, and keeps the stored one', async ({ store }) => {
    await store.save(markerAt(7));
    const { summary, ...rest } = markerAt(8);
    await rejects(store.save(rest as StateMarker), 'INVALID_MARKER');
    await rejects(store.save({ ...rest, summary: { ...summary, total_duration_seconds: -1 } }), 'INVALID_MARKER');
    assert.equal(recordsOf(found(await store.load(VERSION))), 7);
  }),

  rule('moves an invalid marker aside, reports it, and works on', async ({ store, writeText, readText }) => {
    const whole = serializeMarker(markerAt(7));
    for (const text of ['', '\0'.repeat(whole.length), 'null', '[]', '{}', whole.slice(0, -1), `${whole}}`]) {
      await writeText(VERSION, text);
      const result = await store.load(VERSION);
      assert.equal(result.status, 'corrupt', JSON.stringify(text.slice(0, 20)));
      assert.equal((result as Extract<LoadResult, { status: 'corrupt' }>).error.code, 'INVALID_MARKER');
      assert.equal(await readText(VERSION), undefined, 'moved away');
      assert.deepEqual(await store.load(VERSION), { status: 'absent' });
      assert.deepEqual(await store.versions(), []);
    }
    await store.save(markerAt(8));
    assert.equal(recordsOf(found(await store.load(VERSION))), 8);
  }),

  rule('reports a marker of another version as corrupt', async ({ store, writeText }) => {
    await writeText(VERSION, serializeMarker(markerAt(7, '20251201')));
    assert.equal((await store.load(VERSION)).status, 'corrupt');
  }),

  rule('neither loads nor overwrites the marker of a newer program', async ({ store, writeText, readText }) => {
    const text = '{"metadata_version":"2.0","all":"else","is":"different"}';
    await writeText(VERSION, text);
    await rejects(store.save(markerAt(7)), 'UNSUPPORTED_METADATA_VERSION');
    await rejects(store.load(VERSION), 'UNSUPPORTED_METADATA_VERSION');
    await rejects(store.save(markerAt(7)), 'UNSUPPORTED_METADATA_VERSION');
    assert.equal(await readText(VERSION), text);
  }),

  rule('loads markers of earlier extractors, which lack some fields', async ({ store, writeText }) => {
    const marker = startDownload(markerAt(7), [FILE], NOW);
    const { downloads_by_file: _, ...download_phase } = marker.download_phase;
    const { batches_sent: __, source_checksum: ___, ...file } = fileOf(marker);
    const processing_phase = { ...marker.processing_phase, progress_by_file: { [FILE]: file } };
    await writeText(VERSION, JSON.stringify({ ...marker, download_phase, processing_phase }));
    const loaded = found(await store.load(VERSION));
    assert.deepEqual(loaded.download_phase.downloads_by_file, {});
    assert.equal(fileOf(loaded).batches_sent, 0);
    assert.equal(fileOf(loaded).source_checksum, null);
  }),

  rule('finishes pending saves when it is closed, and refuses calls afterwards', async ({ store, reopen }) => {
    const saved = Promise.all([store.save(markerAt(1)), store.save(markerAt(2))]);
    await Promise.all([store.close(), store.close()]);
    const other = await reopen();
    try {
      assert.equal(recordsOf(found(await other.load(VERSION))), 2);
    } finally {
      await other[Symbol.asyncDispose]();
    }
    await saved;
    await store.close();
    await rejects(store.load(VERSION), 'STORE_CLOSED');
    await rejects(store.save(markerAt(3)), 'STORE_CLOSED');
    await rejects(store.versions(), 'STORE_CLOSED');
    await rejects(other.versions(), 'STORE_CLOSED');
  }),
];
