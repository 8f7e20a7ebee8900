/**
 * Where a store keeps its texts: what differs from store to store. `createMarkerStore` adds what all stores have in
 * common: validation, the order of saves, and the protection of what is stored already. It never overlaps calls for one
 * version, and calls only with versions of eight digits.
 *
 * Reject with any error; the store's caller gets it as the `cause` of a `StateMarkerError`.
 */
export interface MarkerBackend {
  /** Reads a version's text; `undefined` if there is none. */
  read(version: string): Promise<string | undefined>;

  /**
   * Replaces a version's text, as a whole or not at all: no reader ever sees a part of it. Resolves when the new text
   * is durable.
   */
  replace(version: string, text: string): Promise<void>;

  /**
   * Moves a version's text, which is not a marker, to another place, so that `read` does not find it any more and no
   * later save destroys it. Returns the place, for people.
   */
  setAside(version: string): Promise<string>;

  /** The versions that have a text, in any order. Leave out what `setAside` has moved. */
  list(): Promise<readonly string[]>;
}
