import { describe, expect, test } from 'vitest';
import {
  createFileMarkerStore,
  createMarker,
  createMarkerSession,
  createMemoryMarkerStore,
  decide,
  type StateMarker,
} from '../src/index.js';

const refused = expect.objectContaining({ name: 'StateMarkerError', code: 'INVALID_OPTIONS' });

/** Calls a function as JavaScript without types does. */
const untyped = (call: unknown) => call as (...args: unknown[]) => unknown;

const marker = createMarker('20260101', new Date());
const store = createMemoryMarkerStore();

describe('invalid options and arguments are refused:', () => {
  test.each([undefined, null, {}, { directory: '' }, { directory: 1 }, { directory: 'x', readonly: true }])(
    'createFileMarkerStore: %j',
    async (options) => {
      await expect(untyped(createFileMarkerStore)(options)).rejects.toEqual(refused);
    },
  );

  test.each([undefined, {}, { store }, { marker }, { store, marker: {} }, { store, marker, interval: 1 }])(
    'createMarkerSession: %#',
    (options) => {
      expect(() => untyped(createMarkerSession)(options)).toThrow(refused);
    },
  );

  test('decide: anything but the result of load', () => {
    for (const found of [undefined, null, marker]) expect(() => untyped(decide)(found)).toThrow(refused);
    expect(() => untyped(decide)({ status: 'absent' }, { force: true })).toThrow(refused);
  });

  test('createMarker: an invalid date', () => {
    for (const now of [undefined, 'today', new Date('never')]) {
      expect(() => untyped(createMarker)('20260101', now)).toThrow(refused);
    }
  });

  test('update: a transition that returns nothing, and the marker stays as it was', () => {
    const session = createMarkerSession({ store, marker });
    expect(() => session.update((() => undefined) as unknown as () => StateMarker)).toThrow(refused);
    expect(session.marker).toBe(marker);
  });
});
