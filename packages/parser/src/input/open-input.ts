import { isGzip } from '@discogs-extractor/internal/gzip-magic';
import type { DumpInput } from '../options.js';
import type { ByteSource } from './byte-source.js';
import { GunzipSource } from './gunzip-source.js';
import { openBytes } from './open-bytes.js';

/** A dump that was opened. Closing `xml` releases everything. */
export interface OpenInput {
  readonly xml: ByteSource;
  /** If the input is a gzip stream: what gunzips it for `xml`, and can hand it over to other threads. */
  readonly gunzip: GunzipSource | undefined;
  /** Size of the input in bytes; `undefined` if that is not known. */
  readonly sourceSize: number | undefined;
}

/** Receives the number of bytes that were read. */
export interface InputCounters {
  /** Of the input as it is. */
  readonly onBytes: (bytes: number) => void;
  /** Of XML. */
  readonly onXml: (bytes: number) => void;
}

/**
 * Opens a dump, which may be gzipped: its first bytes decide.
 *
 * @throws ParserError `SOURCE_UNREADABLE`; `ENGINE_UNAVAILABLE` if this runtime cannot gunzip
 */
export const openInput = async (
  input: DumpInput,
  signal: AbortSignal | undefined,
  { onBytes, onXml }: InputCounters,
): Promise<OpenInput> => {
  const raw = await openBytes(input, signal);
  try {
    const counted = counting(raw, onBytes);
    const head = await readHead(counted);
    const bytes = prefixed(head, counted);
    const sourceSize = raw.size;
    if (!isGzip(head)) return { xml: counting(bytes, onXml), gunzip: undefined, sourceSize };
    const gunzip = new GunzipSource(bytes, signal, onXml);
    return { xml: gunzip, gunzip, sourceSize };
  } catch (error) {
    await raw.close();
    throw error;
  }
};

/** The first chunk, or as many as it takes to have two bytes. */
const readHead = async (source: ByteSource): Promise<Uint8Array> => {
  const first = await source.read();
  if (first === undefined || first.length > 1) return first ?? new Uint8Array(0);
  const second = await source.read();
  return second === undefined ? first : Buffer.concat([first, second]);
};

const prefixed = (head: Uint8Array, source: ByteSource): ByteSource => {
  let first: Uint8Array | undefined = head.length > 0 ? head : undefined;
  return {
    ...source,
    read: async () => {
      const bytes = first ?? (await source.read());
      first = undefined;
      return bytes;
    },
  };
};

const counting = (source: ByteSource, count: (bytes: number) => void): ByteSource => ({
  read: async () => {
    const bytes = await source.read();
    if (bytes !== undefined) count(bytes.length);
    return bytes;
  },
  close: () => source.close(),
  ...(source.recycle === undefined ? {} : { recycle: (memory: ArrayBuffer) => source.recycle!(memory) }),
});
