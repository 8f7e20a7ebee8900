import { getEventListeners } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createFileMarkerStore,
  createMemoryMarkerStore,
  type MarkerStore,
  type StateMarker,
  serializeMarker,
  type WaitForVersionOptions,
  waitForVersion,
} from '../src/index.js';
import { runChild } from './children/run.js';
import {
  ARTISTS,
  completedMarker,
  LABELS,
  newMarker,
  processingMarker,
  VERSION,
  withCompletedFile,
  withStartedFile,
} from './sample-markers.js';

const code = (expected: string) => expect.objectContaining({ name: 'StateMarkerError', code: expected });

/** A poll that never comes within a test: only a reported change of the folder ends the pause. */
const NEVER_MS = 600_000;

let base: string;
/** The data folder, which is missing at first. */
let directory: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'state-marker-wait-'));
  directory = join(base, 'data');
});

afterEach(() => rm(base, { recursive: true, force: true }));

const markerPath = (folder = directory): string => join(folder, `.extraction_status_${VERSION}.json`);

/** Saves a marker as a program that does not replace the file atomically. */
const writeMarker = async (text: string, folder = directory): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await writeFile(markerPath(folder), text);
};

const done = serializeMarker(completedMarker());

/** Starts to wait; `polls(n)` resolves after n more reads of a marker that is not complete. */
const startWaiting = (options: Partial<WaitForVersionOptions> = {}) => {
  const seen: StateMarker[] = [];
  let wake = (): void => undefined;
  let isOver = false;
  const result = waitForVersion({
    ...{ version: VERSION, pollIntervalMs: 5, ...(options.store === undefined && { directory }) },
    ...options,
    onMarker: (marker) => {
      seen.push(marker);
      wake();
    },
  });
  result
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
      wake();
    });
  const polls = async (count: number): Promise<void> => {
    const enough = seen.length + count;
    while (seen.length < enough && !isOver) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    expect(isOver, 'the wait goes on').toBe(false);
  };
  return { result, seen, polls };
};

describe('waitForVersion', () => {
  test('returns the marker of another process that creates the folder and delivers the version', async () => {
    const { result, seen } = startWaiting();
    expect(await runChild('deliver', [directory])).toBe('delivered');
    expect(await result).toMatchObject({
      summary: { overall_status: 'completed' },
      publishing_phase: { messages_published: 40 },
    });
    expect(seen.filter(({ summary }) => summary.overall_status === 'completed')).toEqual([]);
  });

  test('notices a replaced marker in a local folder long before the next poll', async () => {
    await using store = await createFileMarkerStore({ directory });
    await store.save(processingMarker());
    const { result, polls } = startWaiting({ pollIntervalMs: NEVER_MS });
    await polls(1);
    const again = polls(1);
    await store.save(withStartedFile(processingMarker(), ARTISTS, 5));
    await again;
    await store.save(completedMarker());
    expect(await result).toEqual(completedMarker());
  });

  test('goes on through failed runs, new starts, deleted markers and replaced folders', async () => {
    const { result, polls, seen } = startWaiting();
    const failed = {
      ...completedMarker(),
      summary: { ...completedMarker().summary, overall_status: 'failed' } as const,
    };
    for (const marker of [failed, newMarker(), withCompletedFile(processingMarker(), ARTISTS)]) {
      await writeMarker(serializeMarker(marker));
      await polls(2);
    }
    expect(seen[0]!.summary.overall_status).toBe('failed');
    await rm(markerPath());
    await rename(directory, join(base, 'old'));
    await writeMarker(done, join(base, 'new'));
    await rename(join(base, 'new'), directory);
    expect(await result).toEqual(completedMarker());
  });

  test('waits for the files of the given types only', async () => {
    await using store = createMemoryMarkerStore();
    const wait = (types: WaitForVersionOptions['types']) => startWaiting({ store, types });
    const [artists, labels, masters] = [wait(['artists']), wait(['artists', 'labels']), wait(['masters'])];
    await store.save(withStartedFile(processingMarker(), ARTISTS, 5));
    await artists.polls(1);
    const half = withStartedFile(withCompletedFile(processingMarker(), ARTISTS), LABELS, 5);
    await store.save(half);
    expect(await artists.result).toEqual(half);
    await labels.polls(2);
    await store.save(completedMarker());
    expect(await labels.result).toEqual(completedMarker());
    await masters.polls(2); // the run was not asked for them
    await store.close();
    await expect(masters.result).rejects.toEqual(code('STORE_CLOSED'));
  });

  test('reads a marker again that is unreadable for a moment, and leaves it in place', async () => {
    await writeMarker(done.slice(0, -20));
    const { result } = startWaiting();
    const store = await createFileMarkerStore({ directory, readOnly: true });
    expect((await store.load(VERSION)).status).toBe('corrupt');
    await writeMarker(done);
    expect(await result).toEqual(completedMarker());
  });

  test('fails if the marker stays unreadable, or nothing can mend it', async () => {
    const wait = (options: Partial<WaitForVersionOptions>) => startWaiting(options).result;
    await writeMarker(done.slice(0, -20));
    await expect(wait({ maxUnreadableMs: 20 })).rejects.toEqual(code('INVALID_MARKER'));
    await writeMarker('{"metadata_version":"2.0"}');
    await expect(wait({})).rejects.toEqual(code('UNSUPPORTED_METADATA_VERSION'));
    await expect(wait({ directory: markerPath() })).rejects.toEqual(code('IO_FAILED'));
    await expect(wait({ version: '2026' })).rejects.toEqual(code('INVALID_VERSION'));
    const refusal = new Error('connection lost');
    const store = { load: () => Promise.reject(refusal) } as unknown as MarkerStore;
    await expect(wait({ store, maxUnreadableMs: 20 })).rejects.toBe(refusal);
  });

  test('ends with the reason of its signal, and leaves no listener on it', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const waits = [NEVER_MS, 5].map((pollIntervalMs) => startWaiting({ signal, pollIntervalMs }).result);
    await writeMarker(done, join(base, 'other'));
    expect(await startWaiting({ signal, directory: join(base, 'other') }).result).toEqual(completedMarker());
    const reason = new Error('enough');
    controller.abort(reason);
    for (const result of waits) await expect(result).rejects.toBe(reason);
    await expect(startWaiting({ signal }).result).rejects.toBe(reason);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await expect(startWaiting({ signal: AbortSignal.timeout(10) }).result).rejects.toHaveProperty(
      'name',
      'TimeoutError',
    );
  });
});
