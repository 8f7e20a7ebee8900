import { type FSWatcher, watch } from 'node:fs';
import { sleep, withLinkedAbort } from '@discogs-extractor/internal/abort';

const WOKEN = Symbol('woken');

/**
 * Waits between polls, and less if the system reports a change of a file. Its reports are only hints, which may never
 * come: network file systems have none, the folder may be missing or replaced by another, a system has a limited number
 * of watches. So nothing depends on them but the delay.
 */
export class FolderWatch {
  readonly #directory: string;
  readonly #name: string;
  #watcher: FSWatcher | undefined;
  #isChanged = false;
  #wake: () => void = () => undefined;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
  }

  /** Call it before each read, so that a change after the read is noticed. */
  open(): void {
    this.#isChanged = false;
    if (this.#watcher !== undefined) return;
    try {
      const watcher = watch(this.#directory, { persistent: false });
      this.#watcher = watcher;
      watcher.on('error', () => this.close());
      watcher.on('change', (_, name) => {
        if (name !== this.#name) return;
        this.#isChanged = true;
        this.#wake();
      });
    } catch {
      // No folder, no support, or no watch left: the next poll tries again.
    }
  }

  /** Resolves after this time or at a change after {@link open}; rejects with the signal's reason if that aborts. */
  async wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#isChanged) return;
    await withLinkedAbort([signal], async (controller) => {
      this.#wake = () => controller.abort(WOKEN);
      try {
        await sleep(ms, controller.signal);
        // A folder that was replaced meanwhile needs a new watch.
        this.close();
      } catch (error) {
        if (error !== WOKEN) throw error;
      } finally {
        this.#wake = () => undefined;
      }
    });
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
