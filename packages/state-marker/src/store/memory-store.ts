import { checks } from '../option-checks.js';
import { BackedStore } from './backed-store.js';
import type { MarkerStore } from './marker-store.js';

export interface MemoryMarkerStoreOptions {
  /**
   * The map that holds the texts: by version, and unreadable ones by `VERSION.corrupt-N`. Stores that share a map share
   * their markers.
   *
   * @default a new map
   */
  readonly contents?: Map<string, string> | undefined;
}

const KNOWN: Readonly<Record<keyof MemoryMarkerStoreOptions, true>> = { contents: true };

/**
 * Keeps markers in memory, as text, under the same rules as any other store. For tests and runs that leave no files.
 *
 * @throws {@link StateMarkerError} `INVALID_OPTIONS`
 */
export const createMemoryMarkerStore = (options: MemoryMarkerStoreOptions = {}): MarkerStore => {
  const { contents = new Map<string, string>() } = checks.object('', options, KNOWN);
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
};
