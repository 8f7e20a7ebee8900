import type { DumpSource } from '../options.js';
import type { ReadStats } from '../reports.js';
import type { ByteSource, GzipStream } from './byte-source.js';
import { GunzipSource } from './gunzip-source.js';
import { openSource } from './open-source.js';
import type { WorkerSetup } from './start-worker.js';
import { ZlibSource } from './zlib-source.js';

/**
 * Opens a dump and gives its XML, gunzipped where its first bytes say so: with the inflater of the fast engine, or with zlib. Keeps the
 * byte counters of `stats`.
 */
export const openXml = async (
  source: DumpSource,
  engine: 'fast' | 'strict',
  stats: ReadStats,
  { signal, shared }: { signal: AbortSignal | undefined; shared: WorkerSetup | undefined },
): Promise<ByteSource> => {
  const raw = await openSource(source, signal);
  try {
    const counted = counting(raw, (bytes) => {
      stats.sourceBytes += bytes;
    });
    const head = await readHead(counted);
    stats.gzipped = isGzip(head);
    const whole = prefixed(head, counted);
    const gunzip = (): ByteSource =>
      engine === 'fast' ? new GunzipSource(whole, signal, shared?.nice) : new ZlibSource(whole, signal);
    return counting(stats.gzipped ? gunzip() : whole, (bytes) => {
      stats.xmlBytes += bytes;
    });
  } catch (error) {
    await raw.close();
    throw error;
  }
};

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

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
    read: async () => {
      const bytes = first ?? (await source.read());
      first = undefined;
      return bytes;
    },
    close: () => source.close(),
    ...recycling(source),
  };
};

const counting = (source: ByteSource, count: (bytes: number) => void): ByteSource => ({
  read: async () => {
    const bytes = await source.read();
    if (bytes !== undefined) count(bytes.length);
    return bytes;
  },
  close: () => source.close(),
  ...recycling(source),
  ...(source.leaveGzip === undefined ? {} : { leaveGzip: () => countingOn(source.leaveGzip!(), count) }),
});

const countingOn = (stream: GzipStream | undefined, count: (bytes: number) => void): GzipStream | undefined => {
  if (stream === undefined) return undefined;
  count(stream.xml.length);
  return { ...stream, onXml: count };
};

const recycling = (source: ByteSource): Pick<ByteSource, 'recycle'> =>
  source.recycle === undefined ? {} : { recycle: (memory) => source.recycle!(memory) };
