import type { DumpListing, DumpSource } from '../dump-source.js';
import { type DownloaderError, isSourceError } from '../errors.js';
import type { SourceFallback } from '../events.js';
import { checks, isDumpSource } from '../option-checks.js';

/** What `createFallbackSource` takes. */
export interface FallbackSourceOptions {
  /** The sources in the order in which to try them. The fallback source owns them: closing it closes them. */
  sources: readonly DumpSource[];
  /** Called when a source is given up and the next one is tried. It must not throw. */
  onEvent?: ((event: SourceFallback) => void) | undefined;
}

const KNOWN: Readonly<Record<keyof FallbackSourceOptions, true>> = { sources: true, onEvent: true };

/** Errors of a file that the next source may not have. */
const FILE_FALLBACK_CODES: ReadonlySet<string> = new Set(['ACCESS_DENIED', 'NOT_FOUND']);

/**
 * Combines several sources into one. Files come from the first source that lists a version; a file that this source
 * refuses or lacks is requested from the next one.
 *
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createFallbackSource = (options: FallbackSourceOptions): DumpSource => {
  checks.object('', options, KNOWN);
  const { sources } = options;
  if (!Array.isArray(sources) || sources.length === 0 || !sources.every(isDumpSource)) {
    checks.fail('sources', 'an array of one or more DumpSources', sources);
  }
  const onEvent = checks.optionalFunction('onEvent', options.onEvent);
  let current = 0;

  /**
   * Tries the sources from `first` on, until one has a result or fails with an error that no other source can help
   * with.
   */
  const tryFrom = async <T>(
    first: number,
    attempt: (source: DumpSource, isLast: boolean) => Promise<T | undefined>,
    mayTryNext: (error: DownloaderError) => boolean,
  ): Promise<{ result: T; index: number }> => {
    for (let index = first; ; index += 1) {
      const source = sources[index]!;
      const next = sources[index + 1];
      let failure: DownloaderError | undefined;
      try {
        const result = await attempt(source, next === undefined);
        if (result !== undefined) return { result, index };
      } catch (error) {
        if (!isSourceError(error) || next === undefined || !mayTryNext(error)) throw error;
        failure = error;
      }
      onEvent?.({ type: 'source-fallback', from: source.name, to: next!.name, error: failure });
    }
  };

  const close = async (): Promise<void> => {
    await Promise.all(sources.map((source) => source.close()));
  };

  return {
    name: sources.map(({ name }) => name).join(', else '),
    remote: sources.some(({ remote }) => remote),

    async list(listOptions) {
      const attempt = async (source: DumpSource, isLast: boolean): Promise<DumpListing | undefined> => {
        const listing = await source.list(listOptions);
        return listing.versions.length > 0 || isLast ? listing : undefined;
      };
      const { result, index } = await tryFrom(0, attempt, () => true);
      current = index;
      return result;
    },

    async open(file, openOptions) {
      const attempt = (source: DumpSource) => source.open(file, openOptions);
      return (await tryFrom(current, attempt, (error) => FILE_FALLBACK_CODES.has(error.code))).result;
    },

    localPath: (file) => sources[current]!.localPath?.(file),
    close,
    [Symbol.asyncDispose]: close,
  };
};
