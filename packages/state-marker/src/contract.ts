import assert from 'node:assert/strict';
import type { StateMarkerError, StateMarkerErrorCode } from './errors.js';
import type { FileProgress, StateMarker } from './marker.js';
import { serializeMarker } from './schema.js';
import type { LoadResult, MarkerStore } from './store.js';
import { startDownload } from './transitions/download.js';
import { advanceFile, startFile, startProcessing } from './transitions/processing.js';
import { createMarker } from './transitions/run.js';

/** A store under test, and what the cases need beside it. */
export interface MarkerStoreHarness {
  /** The store, with nothing in it. */
  readonly store: MarkerStore;
  /** Another store over the same place, as a restarted program makes it. */
  reopen(): Promise<MarkerStore>;
  /** Puts a text where a version's marker belongs, behind the store's back, as a damaged disk would. */
  plant(version: string, text: string): Promise<void>;
  /** The text that stands there now; `undefined` where there is none. */
  peek(version: string): Promise<string | undefined>;
}

/** One rule that a store has to keep. */
export interface MarkerStoreCase {
  readonly name: string;
  /**
   * Rejects where the store breaks the rule.
   *
   * @param createHarness gives a new, empty place each time
   */
  run(createHarness: () => Promise<MarkerStoreHarness>): Promise<void>;
}

const VERSION = '20260101';
const FILE = 'discogs_20260101_artists.xml.gz';
const NOW = new Date('2026-01-31T12:34:56.789Z');

/** A marker in the midst of a run, with so many records confirmed. */
const markerAt = (records: number, version = VERSION): StateMarker => {
  const begun = startProcessing(createMarker(version, NOW), [FILE], NOW);
  const started = startFile(begun, FILE, { checksum: 'aa' }, NOW);
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
    // By name and not by class: an implementation may have its own copy of this package.
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
 * What any {@link MarkerStore} must do, for any test runner:
 *
 * ```ts
 * for (const { name, run } of markerStoreContract) test(name, () => run(createHarness));
 * ```
 */
export const markerStoreContract: readonly MarkerStoreCase[] = [
  rule('has no marker and no version at first', async ({ store }) => {
    assert.deepEqual(await store.load(VERSION), { status: 'absent' });
    assert.deepEqual(await store.versions(), []);
  }),

  rule('gives back what was saved', async ({ store }) => {
    const marker = markerAt(7);
    await store.save(marker);
    assert.deepEqual(found(await store.load(VERSION)), marker);
  }),

  rule('keeps unknown fields, where they stand, at every level', async ({ store }) => {
    const marker = markerAt(7);
    const strange = {
      zeroth: [1, { two: null }],
      ...marker,
      summary: { note: 'first', ...marker.summary, last: true },
      processing_phase: {
        ...marker.processing_phase,
        progress_by_file: { [FILE]: { speed: 1.5, ...fileOf(marker), x: {} } },
      },
    };
    await store.save(strange);
    assert.equal(JSON.stringify(found(await store.load(VERSION))), JSON.stringify(strange));
  }),

  rule('shows a saved marker to another store over the same place', async ({ store, reopen }) => {
    await store.save(markerAt(7));
    const other = await reopen();
    try {
      assert.equal(recordsOf(found(await other.load(VERSION))), 7);
      assert.deepEqual(await other.versions(), [VERSION]);
    } finally {
      await other.close();
    }
  }),

  rule('keeps versions apart and lists them oldest first', async ({ store }) => {
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

  rule('does not reorder saves that are asked for at once', async ({ store, reopen }) => {
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

  rule('reads what it was told to save before', async ({ store }) => {
    await store.save(markerAt(1));
    const saved = store.save(markerAt(2));
    assert.equal(recordsOf(found(await store.load(VERSION))), 2);
    await saved;
  }),

  rule('saves the marker as it was at the call', async ({ store }) => {
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

  rule('refuses to save what is no marker, and keeps the old one', async ({ store }) => {
    await store.save(markerAt(7));
    const { summary, ...rest } = markerAt(8);
    await rejects(store.save(rest as StateMarker), 'INVALID_MARKER');
    await rejects(store.save({ ...rest, summary: { ...summary, total_duration_seconds: -1 } }), 'INVALID_MARKER');
    assert.equal(recordsOf(found(await store.load(VERSION))), 7);
  }),

  rule('moves what is no marker aside, tells so, and goes on', async ({ store, plant, peek }) => {
    const whole = serializeMarker(markerAt(7));
    for (const text of ['', '\0'.repeat(whole.length), 'null', '[]', '{}', whole.slice(0, -1), `${whole}}`]) {
      await plant(VERSION, text);
      const result = await store.load(VERSION);
      assert.equal(result.status, 'corrupt', JSON.stringify(text.slice(0, 20)));
      assert.equal((result as Extract<LoadResult, { status: 'corrupt' }>).error.code, 'INVALID_MARKER');
      assert.equal(await peek(VERSION), undefined, 'moved away');
      assert.deepEqual(await store.load(VERSION), { status: 'absent' });
      assert.deepEqual(await store.versions(), []);
    }
    await store.save(markerAt(8));
    assert.equal(recordsOf(found(await store.load(VERSION))), 8);
  }),

  rule('does not take the marker of another version', async ({ store, plant }) => {
    await plant(VERSION, serializeMarker(markerAt(7, '20251201')));
    assert.equal((await store.load(VERSION)).status, 'corrupt');
  }),

  rule('neither reads nor overwrites the marker of a newer program', async ({ store, plant, peek }) => {
    const text = '{"metadata_version":"2.0","all":"else","is":"different"}';
    await plant(VERSION, text);
    await rejects(store.save(markerAt(7)), 'UNSUPPORTED_METADATA_VERSION');
    await rejects(store.load(VERSION), 'UNSUPPORTED_METADATA_VERSION');
    await rejects(store.save(markerAt(7)), 'UNSUPPORTED_METADATA_VERSION');
    assert.equal(await peek(VERSION), text);
  }),

  rule('reads markers of earlier extractors, which lack some fields', async ({ store, plant }) => {
    const marker = startDownload(markerAt(7), [FILE], NOW);
    const { downloads_by_file: _, ...download_phase } = marker.download_phase;
    const { batches_sent: __, source_checksum: ___, ...file } = fileOf(marker);
    const processing_phase = { ...marker.processing_phase, progress_by_file: { [FILE]: file } };
    await plant(VERSION, JSON.stringify({ ...marker, download_phase, processing_phase }));
    const loaded = found(await store.load(VERSION));
    assert.deepEqual(loaded.download_phase.downloads_by_file, {});
    assert.equal(fileOf(loaded).batches_sent, 0);
    assert.equal(fileOf(loaded).source_checksum, null);
  }),

  rule('finishes its saves when it is closed, and does nothing afterwards', async ({ store, reopen }) => {
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
