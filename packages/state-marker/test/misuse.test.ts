import { describe, expect, test } from 'vitest';
import {
  createFileMarkerStore,
  createMarker,
  createMarkerKeeper,
  createMemoryMarkerStore,
  decide,
  type StateMarker,
} from '../src/index.js';

const refused = expect.objectContaining({ name: 'StateMarkerError', code: 'INVALID_ARGUMENT' });

/** As those call it who write no types. */
const untyped = (call: unknown) => call as (...args: unknown[]) => unknown;

const marker = createMarker('20260101', new Date());
const store = createMemoryMarkerStore();

describe('what is no argument', () => {
  test.each([undefined, null, {}, { directory: '' }, { directory: 1 }, { directory: 'x', readonly: true }])(
    'createFileMarkerStore: %j',
    async (options) => {
      await expect(untyped(createFileMarkerStore)(options)).rejects.toEqual(refused);
    },
  );

  test.each([undefined, {}, { store }, { marker }, { store, marker: {} }, { store, marker, interval: 1 }])(
    'createMarkerKeeper: %#',
    (options) => {
      expect(() => untyped(createMarkerKeeper)(options)).toThrow(refused);
    },
  );

  test('decide takes what load gave', () => {
    for (const found of [undefined, null, marker]) expect(() => untyped(decide)(found)).toThrow(refused);
    expect(() => untyped(decide)({ status: 'absent' }, { force: true })).toThrow(refused);
  });

  test('createMarker takes a date', () => {
    for (const now of [undefined, 'today', new Date('never')]) {
      expect(() => untyped(createMarker)('20260101', now)).toThrow(refused);
    }
  });

  test('a transition that gives nothing leaves the marker as it was', () => {
    const keeper = createMarkerKeeper({ store, marker });
    expect(() => keeper.update((() => undefined) as unknown as () => StateMarker)).toThrow(refused);
    expect(keeper.marker).toBe(marker);
  });
});
