import { DownloaderError, SourceError } from './errors.js';
import { assertKnownOptions } from './options.js';
import type { DumpListing, DumpSource } from './source.js';

/** What `createFallbackSource` takes. */
export interface FallbackSourceOptions {
  /** The sources in the order in which they are tried. They become the fallback source's own: closing it closes them. */
  sources: readonly DumpSource[];
  /** Called when a source is given up for the next one; `error` is `null` where it answered and had nothing. */
  onFallback?: ((fallback: { from: string; to: string; error: SourceError | null }) => void) | undefined;
}

/** What a file that one source does not give may be had from the next one for. */
const TRY_ELSEWHERE = new Set(['ACCESS_DENIED', 'NOT_FOUND']);

/**
 * Several sources as one, for `auto`: S3, and the web where S3 refuses. The first that lists a version is the one that
 * files come from; a file that it refuses is asked of the next.
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createFallbackSource = async (options: FallbackSourceOptions): Promise<DumpSource> => {
  assertKnownOptions(options, { sources: true, onFallback: true });
  const { sources, onFallback = () => undefined } = options;
  if (!Array.isArray(sources) || sources.length === 0 || sources.some((one) => typeof one?.list !== 'function')) {
    throw new DownloaderError('INVALID_OPTIONS', 'sources must be an array of one or more DumpSources');
  }
  let current = 0;

  /** Tries the sources from one on, as long as the failure is one for which the next may help. */
  const tryFrom = async <T>(
    first: number,
    attempt: (source: DumpSource, last: boolean) => Promise<T | null>,
    mayHelp: (error: SourceError) => boolean,
  ): Promise<{ result: T; index: number }> => {
    for (let index = first; ; index += 1) {
      const source = sources[index]!;
      const next = sources[index + 1];
      let failure: SourceError | null = null;
      try {
        const result = await attempt(source, next === undefined);
        if (result !== null) return { result, index };
      } catch (error) {
        if (!(error instanceof SourceError) || next === undefined || !mayHelp(error)) throw error;
        failure = error;
      }
      onFallback({ from: source.name, to: next!.name, error: failure });
    }
  };

  const close = async (): Promise<void> => {
    await Promise.all(sources.map((source) => source.close()));
  };

  return {
    name: sources.map(({ name }) => name).join(', else '),
    remote: sources.some(({ remote }) => remote),

    async list(listOptions) {
      const attempt = async (source: DumpSource, last: boolean): Promise<DumpListing | null> => {
        const listing = await source.list(listOptions);
        return listing.versions.length > 0 || last ? listing : null;
      };
      const { result, index } = await tryFrom(0, attempt, () => true);
      current = index;
      return result;
    },

    async open(file, openOptions) {
      const attempt = (source: DumpSource) => source.open(file, openOptions);
      return (await tryFrom(current, attempt, (error) => TRY_ELSEWHERE.has(error.code))).result;
    },

    localPath: (file) => sources[current]!.localPath?.(file) ?? null,
    close,
    [Symbol.asyncDispose]: close,
  };
};
