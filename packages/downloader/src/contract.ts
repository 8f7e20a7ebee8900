import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DumpFile, DumpSource, DumpStream } from './dump-source.js';
import type { DownloaderError, DownloaderErrorCode } from './errors.js';
import { checksumFileName, DATA_TYPES, dataFileName } from './names.js';

/** A source under test, and control over what it offers. */
export interface DumpSourceHarness {
  /** The source. It reaches the given files and no others. */
  readonly source: DumpSource;
  /** Deletes one of the files from the place that the source reads. */
  remove(name: string): Promise<void>;
}

/** One rule that a source has to follow. */
export interface DumpSourceCase {
  readonly name: string;
  /**
   * Rejects if the source breaks the rule.
   *
   * @param createHarness - creates a source that offers these files, by name
   */
  run(createHarness: CreateDumpSourceHarness): Promise<void>;
}

/** Creates a source that offers these files, by name. Called once per case. */
export type CreateDumpSourceHarness = (files: ReadonlyMap<string, Buffer>) => Promise<DumpSourceHarness>;

const NEW = '20260201';
const OLD = '20260101';
/** Looks like a dump file, but is none. */
const OTHER_NAME = `discogs_${NEW}_users.xml.gz`;

/** Large enough that a body does not fit into the buffers between a server and the consumer. */
const LARGE_BYTES = 8 * 1024 * 1024;

const repeatable = (bytes: number): Buffer => {
  const block = createHash('sha512').update(String(bytes)).digest();
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / block.length) }, () => block)).subarray(0, bytes);
};

const gzipOf = (bytes: number): Buffer => gzipSync(repeatable(bytes), { level: 0 });

/** Files of a version, its CHECKSUM file last. */
const versionOf = (version: string, dataBytes = 3000): Map<string, Buffer> => {
  const files = new Map(DATA_TYPES.map((type, index) => [dataFileName(version, type), gzipOf(dataBytes + index)]));
  const lines = [...files].map(([name, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`);
  return files.set(checksumFileName(version), Buffer.from(lines.join('')));
};

const read = async (stream: DumpStream): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of stream.body) chunks.push(Buffer.from(chunk));
  } finally {
    await stream.close();
  }
  return Buffer.concat(chunks);
};

const artistsOf = async (source: DumpSource): Promise<DumpFile> => {
  const file = (await source.list()).versions[0]?.data.artists;
  assert.ok(file, 'the newest version has a file of artists');
  return file;
};

const rejection = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('it resolved'),
    (error: unknown) => error,
  );

const rejects = async (promise: Promise<unknown>, code: DownloaderErrorCode): Promise<DownloaderError> => {
  const error = await rejection(promise);
  // By name and not by class, because an implementation may have its own copy of this package.
  assert.ok(error instanceof Error && error.name === 'DownloaderError', `expected a DownloaderError, got ${error}`);
  assert.equal((error as DownloaderError).code, code);
  return error as DownloaderError;
};

const rule = (
  name: string,
  files: ReadonlyMap<string, Buffer>,
  check: (harness: DumpSourceHarness) => Promise<void>,
): DumpSourceCase => ({
  name,
  run: async (createHarness) => {
    const harness = await createHarness(files);
    try {
      await check(harness);
    } finally {
      await harness.source.close();
    }
  },
});

const COMPLETE = versionOf(NEW);
const ARTISTS = dataFileName(NEW, 'artists');
const LARGE = versionOf(NEW, LARGE_BYTES);

/**
 * What every {@link DumpSource} must do, for any test runner:
 *
 * ```ts
 * for (const { name, run } of dumpSourceContract) test(name, () => run(createHarness));
 * ```
 */
export const dumpSourceContract: readonly DumpSourceCase[] = [
  rule('lists no versions if there are no files', new Map(), async ({ source }) => {
    assert.deepEqual((await source.list()).versions, []);
  }),

  rule('has a name, and says whether it is remote', COMPLETE, async ({ source }) => {
    assert.match(source.name, /^\S/);
    assert.equal(typeof source.remote, 'boolean');
  }),

  rule('lists complete versions, newest first', new Map([...versionOf(OLD), ...COMPLETE]), async ({ source }) => {
    const { versions } = await source.list();
    assert.deepEqual(
      versions.map(({ version }) => version),
      [NEW, OLD],
    );
    for (const { version, data, checksum } of versions) {
      for (const type of DATA_TYPES) {
        const { name, version: ofFile, kind } = data[type] ?? assert.fail(`${version} has a file of ${type}`);
        assert.deepEqual({ name, ofFile, kind }, { name: dataFileName(version, type), ofFile: version, kind: type });
      }
      assert.equal(checksum?.name, checksumFileName(version));
      assert.equal(checksum.kind, 'checksum');
    }
  }),

  rule(
    'lists an incomplete version with the files that it has',
    new Map([...COMPLETE].filter(([name]) => name === ARTISTS)),
    async ({ source }) => {
      const { versions } = await source.list();
      assert.equal(versions.length, 1);
      assert.deepEqual(Object.keys(versions[0]!.data), ['artists']);
      assert.equal(versions[0]!.checksum, undefined);
    },
  ),

  rule('lists a requested version', new Map([...versionOf('20150301'), ...COMPLETE]), async ({ source }) => {
    const { versions } = await source.list({ version: '20150301' });
    assert.ok(versions.some(({ version }) => version === '20150301'));
  }),

  rule('lists exact sizes or none, and estimates near the size', LARGE, async ({ source }) => {
    const { size, sizeEstimate } = await artistsOf(source);
    const actual = LARGE.get(ARTISTS)!.length;
    if (size !== undefined) assert.equal(size, actual);
    if (sizeEstimate !== undefined) assert.ok(Math.abs(sizeEstimate / actual - 1) < 0.1);
  }),

  rule(
    'ignores names that are not names of dump files',
    new Map([...COMPLETE, [OTHER_NAME, gzipOf(10)]]),
    async ({ source }) => {
      const { versions, ignored } = await source.list();
      assert.deepEqual(
        versions.map(({ data }) => Object.keys(data).sort()),
        [[...DATA_TYPES].sort()],
      );
      assert.ok(ignored.some((name) => name.endsWith(OTHER_NAME)));
    },
  ),

  rule('opens every listed file', COMPLETE, async ({ source }) => {
    const { data, checksum } = (await source.list()).versions[0]!;
    for (const file of [...Object.values(data), checksum!]) {
      const expected = COMPLETE.get(file.name)!;
      const stream = await source.open(file);
      assert.equal(stream.offset, 0);
      if (stream.size !== undefined) assert.equal(stream.size, expected.length);
      assert.ok((await read(stream)).equals(expected), `the bytes of ${file.name} are right`);
    }
  }),

  rule('opens a file at a position, or else at its start', LARGE, async ({ source }) => {
    const file = await artistsOf(source);
    const expected = LARGE.get(ARTISTS)!;
    for (const from of [1, 1_234_567, expected.length - 1]) {
      const stream = await source.open(file, { from });
      assert.ok(stream.offset === from || stream.offset === 0, `it starts at ${from} or 0`);
      if (stream.size !== undefined) assert.equal(stream.size, expected.length, 'the size is that of the whole file');
      assert.ok((await read(stream)).equals(expected.subarray(stream.offset)), `the bytes from ${from} on are right`);
    }
  }),

  rule('has nothing after the end of a file', COMPLETE, async ({ source }) => {
    const file = await artistsOf(source);
    const expected = COMPLETE.get(ARTISTS)!;
    const opened = source.open(file, { from: expected.length });
    const stream = await opened.catch(() => undefined);
    if (stream === undefined) await rejects(opened, 'RANGE_REJECTED');
    else assert.ok((await read(stream)).equals(expected.subarray(stream.offset)));
  }),

  rule('serves several streams at the same time', LARGE, async ({ source }) => {
    const file = await artistsOf(source);
    const streams = await Promise.all([source.open(file), source.open(file), source.open(file)]);
    for (const bytes of await Promise.all(streams.map(read))) assert.ok(bytes.equals(LARGE.get(ARTISTS)!));
  }),

  rule('lets a consumer leave a stream early, or never read it', LARGE, async ({ source }) => {
    const file = await artistsOf(source);
    const unread = await source.open(file);
    await unread.close();
    await unread.close();
    const left = await source.open(file);
    for await (const _ of left.body) break;
    await left.close();
    assert.ok((await read(await source.open(file))).equals(LARGE.get(ARTISTS)!));
  }),

  rule('rejects with NOT_FOUND for a file that has disappeared', COMPLETE, async ({ source, remove }) => {
    const file = await artistsOf(source);
    await remove(ARTISTS);
    const { facts } = await rejects(source.open(file), 'NOT_FOUND');
    assert.match(facts.source ?? '', /^\S/);
    assert.ok(facts.location?.includes(ARTISTS));
    assert.equal(facts.retryable, false);
  }),

  rule('rejects with the reason of a signal that has aborted', COMPLETE, async ({ source }) => {
    const file = await artistsOf(source);
    const reason = new Error('stop');
    const signal = AbortSignal.abort(reason);
    assert.equal(await rejection(source.list({ signal })), reason);
    assert.equal(await rejection(source.open(file, { signal })), reason);
  }),

  rule('ends a stream with the reason of a signal that aborts', LARGE, async ({ source }) => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const stream = await source.open(await artistsOf(source), { signal: controller.signal });
    const reading = async (): Promise<void> => {
      for await (const _ of stream.body) controller.abort(reason);
    };
    assert.equal(await rejection(reading()), reason);
    await stream.close();
  }),

  rule('leaves no listener on a signal', COMPLETE, async ({ source }) => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1;
      removeEventListener.apply(signal, args);
    };
    await source.list({ signal });
    const file = await artistsOf(source);
    await read(await source.open(file, { signal }));
    await (await source.open(file, { signal })).close();
    assert.ok(listeners <= 0, `${listeners} listeners are left`);
  }),

  rule('knows the right local path, if it knows one', COMPLETE, async ({ source }) => {
    const file = await artistsOf(source);
    const path = source.localPath?.(file);
    if (path === undefined) return;
    assert.ok(isAbsolute(path));
    assert.ok((await readFile(path)).equals(COMPLETE.get(ARTISTS)!));
  }),

  rule('ends its streams when it is closed, and rejects calls afterwards', LARGE, async ({ source }) => {
    const file = await artistsOf(source);
    const stream = await source.open(file);
    const reading = async (): Promise<void> => {
      for await (const _ of stream.body) await source.close();
    };
    await rejects(reading(), 'CLOSED');
    await Promise.all([source.close(), source[Symbol.asyncDispose]()]);
    await rejects(source.list(), 'CLOSED');
    await rejects(source.open(file), 'CLOSED');
  }),
];
