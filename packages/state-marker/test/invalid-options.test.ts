import { describe, expect, test } from 'vitest';
import {
  createFileMarkerStore,
  createMarker,
  createMarkerSession,
  createMarkerStore,
  createMemoryMarkerStore,
  decide,
  type StateMarker,
  waitForVersion,
} from '../src/index.js';

const refused = expect.objectContaining({ name: 'StateMarkerError', code: 'INVALID_OPTIONS' });

/** Calls a function as JavaScript without types does. */
const untyped = (call: unknown) => call as (...args: unknown[]) => unknown;

const marker = createMarker('20260101', new Date());
const store = createMemoryMarkerStore();

describe('invalid options and arguments are refused:', () => {
  test.each([
    undefined,
    null,
    {},
    { directory: '' },
    { directory: 1 },
    { directory: 'x', readonly: true },
    { directory: 'x', beforeSave: 1 },
  ])('createFileMarkerStore: %j', async (options) => {
    await expect(untyped(createFileMarkerStore)(options)).rejects.toEqual(refused);
  });

  test.each([undefined, {}, { store }, { marker }, { store, marker: {} }, { store, marker, interval: 1 }])(
    'createMarkerSession: %#',
    (options) => {
      expect(() => untyped(createMarkerSession)(options)).toThrow(refused);
    },
  );

  test('createMarkerStore: a backend that lacks a method', () => {
    const backend = { read: true, replace: () => undefined, setAside: () => undefined, list: () => undefined };
    for (const options of [
      undefined,
      {},
      { backend: 1 },
      { backend },
      { backend: store, readOnly: 1 },
      { backends: 1 },
    ]) {
      expect(() => untyped(createMarkerStore)(options)).toThrow(refused);
    }
  });

  const version = '20260101';
  test.each([
    ...[undefined, { version }, { version, directory: '' }, { version, directory: 'x', store }, { version, store: {} }],
    ...[[], ['artist'], 'artists', null].map((types) => ({ version, store, types })),
    ...[0, -1, Number.NaN, '1', 2 ** 31].map((pollIntervalMs) => ({ version, store, pollIntervalMs })),
    { version, store, maxUnreadableMs: -1 },
    { version, store, signal: {} },
    { version, store, onMarker: 'log' },
    { version, store, timeoutMs: 1 },
  ])('waitForVersion: %#', async (options) => {
    await expect(untyped(waitForVersion)(options)).rejects.toEqual(refused);
  });

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
