import { describe, expect, test } from 'vitest';
import {
  advanceFile,
  createMarkerKeeper,
  createMemoryMarkerStore,
  type MarkerStore,
  type StateMarker,
  StateMarkerError,
  startFile,
} from '../src/index.js';
import { ARTISTS, at, begun, checksumOf, fresh, LABELS, processing, progress, T0, VERSION } from './build.js';

/** A real store that counts its saves and can be made to refuse or hold them. */
const watched = () => {
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
  [ARTISTS, LABELS].reduce((all, file) => startFile(all, file, { checksum: checksumOf(file) }, now), marker);

const advanceTo = (file: string, records: number) => (marker: StateMarker, now: Date) =>
  advanceFile(marker, file, progress(records), now);

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

describe('the keeper', () => {
  test('applies transitions at its clock and keeps the marker when one throws', () => {
    const { store } = watched();
    const keeper = createMarkerKeeper({ store, marker: processing(), now: () => at(5) });
    expect(keeper.update(start).last_updated).toBe(at(5).toISOString());
    const before = keeper.marker;
    expect(() => keeper.update(() => advanceFile(before, ARTISTS, progress(1, 2), T0))).toThrow(StateMarkerError);
    expect(keeper.marker).toBe(before);
  });

  test('saves in the background each time so many records are confirmed, over all files', async () => {
    const { store, state } = watched();
    const keeper = createMarkerKeeper({ store, marker: processing(), saveInterval: 100 });
    keeper.update(start);
    for (let records = 1; records <= 150; records += 1) {
      keeper.update(advanceTo(ARTISTS, records));
      keeper.update(advanceTo(LABELS, records));
      await turns();
    }
    expect(state.saves).toBe(3);
    expect((await stored(store)).publishing_phase.messages_published).toBe(300);
  });

  test('has one save in the background at most', async () => {
    const { store, state } = watched();
    let release = () => {};
    state.gate = new Promise((resolve) => {
      release = resolve;
    });
    const keeper = createMarkerKeeper({ store, marker: processing(), saveInterval: 1 });
    keeper.update(start);
    for (let records = 1; records <= 50; records += 1) keeper.update(advanceTo(ARTISTS, records));
    expect(state.saves).toBe(1);
    release();
    await turns();
    keeper.update(advanceTo(ARTISTS, 51));
    await turns();
    expect(state.saves).toBe(2);
    expect((await stored(store)).publishing_phase.messages_published).toBe(51);
  });

  test('never saves by itself with interval 0', async () => {
    const { store, state } = watched();
    const keeper = createMarkerKeeper({ store, marker: processing(), saveInterval: 0 });
    keeper.update(start);
    keeper.update(advanceTo(ARTISTS, 1_000_000));
    await turns();
    expect(state.saves).toBe(0);
  });

  test('tells of a save that failed in the background, and tries again at the next interval', async () => {
    const { store, state } = watched();
    const told: unknown[] = [];
    const keeper = createMarkerKeeper({
      store,
      marker: processing(),
      saveInterval: 10,
      onSaveError: (error) => told.push(error),
    });
    keeper.update(start);
    state.error = new Error('the disk is full');
    keeper.update(advanceTo(ARTISTS, 10));
    await turns();
    expect(told).toEqual([state.error]);
    expect(keeper.saveError).toBe(state.error);
    await expect(keeper.save()).rejects.toBe(state.error);
    state.error = undefined;
    keeper.update(advanceTo(ARTISTS, 20));
    await turns();
    expect(keeper.saveError).toBeUndefined();
    expect((await stored(store)).publishing_phase.messages_published).toBe(20);
  });

  test('counts anew after a file starts again', async () => {
    const { store, state } = watched();
    const keeper = createMarkerKeeper({ store, marker: begun(processing(), ARTISTS, 1000), saveInterval: 100 });
    keeper.update(() => begun(processing(), ARTISTS, 0));
    keeper.update(advanceTo(ARTISTS, 99));
    await turns();
    expect(state.saves).toBe(0);
    keeper.update(advanceTo(ARTISTS, 100));
    await turns();
    expect(state.saves).toBe(1);
  });

  test('saves what is left when it is closed, then takes no updates; the store stays open', async () => {
    const { store, state } = watched();
    {
      await using keeper = createMarkerKeeper({ store, marker: processing() });
      keeper.update(start);
      await keeper.save();
      await keeper.save();
      expect(state.saves).toBe(1);
      keeper.update(advanceTo(ARTISTS, 3));
      await keeper.close();
      await keeper.close();
      expect(() => keeper.update(advanceTo(ARTISTS, 4))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }));
    }
    expect(state.saves).toBe(2);
    expect((await stored(store)).publishing_phase.messages_published).toBe(3);
  });

  test('refuses an interval that is no whole number', () => {
    for (const saveInterval of [-1, 0.5, Number.NaN]) {
      expect(() => createMarkerKeeper({ store: createMemoryMarkerStore(), marker: fresh(), saveInterval })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });
});
