import { describe, expect, test } from 'vitest';
import {
  advanceFile,
  createMarkerSession,
  createMemoryMarkerStore,
  type MarkerStore,
  type StateMarker,
  StateMarkerError,
  startFile,
} from '../src/index.js';
import {
  ARTISTS,
  at,
  countsOf,
  LABELS,
  newMarker,
  processingMarker,
  sourceOf,
  T0,
  VERSION,
  withStartedFile,
} from './sample-markers.js';

/** A real store that counts its saves and can be made to refuse or delay them. */
const createObservedStore = () => {
  const inner = createMemoryMarkerStore();
  const state = { saves: 0, error: undefined as Error | undefined, gate: Promise.resolve() };
  const store: MarkerStore = {
    load: (version) => inner.load(version),
    versions: () => inner.versions(),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
    save: async (marker) => {
      state.saves += 1;
      await state.gate;
      if (state.error !== undefined) throw state.error;
      await inner.save(marker);
    },
  };
  return { store, state };
};

const stored = async (store: MarkerStore): Promise<StateMarker> => {
  const result = await store.load(VERSION);
  if (result.status !== 'found') throw new Error(`the marker is ${result.status}`);
  return result.marker;
};

const start = (marker: StateMarker, now: Date): StateMarker =>
  [ARTISTS, LABELS].reduce((all, file) => startFile(all, file, sourceOf(file), now), marker);

const advanceTo = (file: string, records: number) => (marker: StateMarker, now: Date) =>
  advanceFile(marker, file, countsOf(records), now);

/** Lets pending promises settle. */
const settle = async (): Promise<void> => {
  for (let tick = 0; tick < 20; tick += 1) await Promise.resolve();
};

describe('a session', () => {
  test('applies transitions at its clock, and keeps the marker if one throws', () => {
    const { store } = createObservedStore();
    const session = createMarkerSession({ store, marker: processingMarker(), now: () => at(5) });
    expect(session.update(start).last_updated).toBe(at(5).toISOString());
    const before = session.marker;
    expect(() => session.update(() => advanceFile(before, ARTISTS, countsOf(1, 2), T0))).toThrow(StateMarkerError);
    expect(session.marker).toBe(before);
  });

  test('saves in the background after every interval of confirmed records, over all files', async () => {
    const { store, state } = createObservedStore();
    const session = createMarkerSession({ store, marker: processingMarker(), saveIntervalRecords: 100 });
    session.update(start);
    for (let records = 1; records <= 150; records += 1) {
      session.update(advanceTo(ARTISTS, records));
      session.update(advanceTo(LABELS, records));
      await settle();
    }
    expect(state.saves).toBe(3);
    expect((await stored(store)).publishing_phase.messages_published).toBe(300);
  });

  test('has at most one save in the background', async () => {
    const { store, state } = createObservedStore();
    let release = () => {};
    state.gate = new Promise((resolve) => {
      release = resolve;
    });
    const session = createMarkerSession({ store, marker: processingMarker(), saveIntervalRecords: 1 });
    session.update(start);
    for (let records = 1; records <= 50; records += 1) session.update(advanceTo(ARTISTS, records));
    expect(state.saves).toBe(1);
    release();
    await settle();
    session.update(advanceTo(ARTISTS, 51));
    await settle();
    expect(state.saves).toBe(2);
    expect((await stored(store)).publishing_phase.messages_published).toBe(51);
  });

  test('does not save in the background with interval 0', async () => {
    const { store, state } = createObservedStore();
    const session = createMarkerSession({ store, marker: processingMarker(), saveIntervalRecords: 0 });
    session.update(start);
    session.update(advanceTo(ARTISTS, 1_000_000));
    await settle();
    expect(state.saves).toBe(0);
  });

  test('reports a failed save in the background, and tries again at the next interval', async () => {
    const { store, state } = createObservedStore();
    const reported: unknown[] = [];
    const session = createMarkerSession({
      store,
      marker: processingMarker(),
      saveIntervalRecords: 10,
      onSaveError: (error) => reported.push(error),
    });
    session.update(start);
    state.error = new Error('the disk is full');
    session.update(advanceTo(ARTISTS, 10));
    await settle();
    expect(reported).toEqual([state.error]);
    expect(session.saveError).toBe(state.error);
    await expect(session.save()).rejects.toBe(state.error);
    state.error = undefined;
    session.update(advanceTo(ARTISTS, 20));
    await settle();
    expect(session.saveError).toBeUndefined();
    expect((await stored(store)).publishing_phase.messages_published).toBe(20);
  });

  test('counts the interval from 0 after a file is started again', async () => {
    const { store, state } = createObservedStore();
    const session = createMarkerSession({
      store,
      marker: withStartedFile(processingMarker(), ARTISTS, 1000),
      saveIntervalRecords: 100,
    });
    session.update(() => withStartedFile(processingMarker(), ARTISTS, 0));
    session.update(advanceTo(ARTISTS, 99));
    await settle();
    expect(state.saves).toBe(0);
    session.update(advanceTo(ARTISTS, 100));
    await settle();
    expect(state.saves).toBe(1);
  });

  test('saves the rest when it is closed, then refuses updates; the store stays open', async () => {
    const { store, state } = createObservedStore();
    {
      await using session = createMarkerSession({ store, marker: processingMarker() });
      session.update(start);
      await session.save();
      await session.save();
      expect(state.saves).toBe(1);
      session.update(advanceTo(ARTISTS, 3));
      await session.close();
      await session.close();
      expect(() => session.update(advanceTo(ARTISTS, 4))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }));
    }
    expect(state.saves).toBe(2);
    expect((await stored(store)).publishing_phase.messages_published).toBe(3);
  });

  test('refuses an interval that is not a whole number', () => {
    for (const saveIntervalRecords of [-1, 0.5, Number.NaN]) {
      expect(() =>
        createMarkerSession({ store: createMemoryMarkerStore(), marker: newMarker(), saveIntervalRecords }),
      ).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    }
  });
});
