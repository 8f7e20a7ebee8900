import { BackedStore } from './backed-store.js';
import type { MarkerStore } from './store.js';

export interface MemoryMarkerStoreOptions {
  /**
   * Where the texts are kept: by version, and unreadable ones by `VERSION.corrupt-N`. Stores that share a map share
   * their markers.
   *
   * @default a new map
   */
  readonly contents?: Map<string, string>;
}

/** Keeps markers in memory, as text, under the same rules as any other store. For tests and runs without a trace. */
export function createMemoryMarkerStore(options: MemoryMarkerStoreOptions = {}): MarkerStore {
  const contents = options.contents ?? new Map<string, string>();
  return new BackedStore(
    {
      read: async (version) => contents.get(version),
      replace: async (version, text) => {
        contents.set(version, text);
      },
      setAside: async (version) => {
        const count = [...contents.keys()].filter((key) => key.startsWith(`${version}.corrupt-`)).length;
        const key = `${version}.corrupt-${count + 1}`;
        contents.set(key, contents.get(version) ?? '');
        contents.delete(version);
        return key;
      },
      list: async () => [...contents.keys()].filter((key) => /^[0-9]{8}$/.test(key)),
    },
    false,
  );
}
